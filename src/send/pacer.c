/* SPDX-License-Identifier: MIT */
#include "send/pacer.h"

enum {
    SCALE = 1000,    /* credit in thousandths: rate times milliseconds */
    SEGMENT = 1460,  /* less than that is not worth a packet */
    BURST_PART = 10, /* a tenth of a second may leave at once */
};

/* Beyond any network, and small enough that no product overflows. */
#define RATE_MAX ((uint64_t)1 << 40)

static uint64_t burst_of(const struct espota_pacer *pacer)
{
    uint64_t burst = pacer->rate / BURST_PART;

    return (burst > SEGMENT ? burst : SEGMENT) * SCALE;
}

void espota_pacer_init(struct espota_pacer *pacer, uint64_t rate, uint64_t now)
{
    pacer->rate = rate < RATE_MAX ? rate : RATE_MAX;
    pacer->credit = 0;
    pacer->at = now;
}

size_t espota_pacer_allowance(struct espota_pacer *pacer, uint64_t now)
{
    uint64_t burst = burst_of(pacer);
    uint64_t passed = now - pacer->at; /* time does not go back */

    if (pacer->rate == 0)
        return SIZE_MAX;
    if (passed > SCALE * (uint64_t)SEGMENT) /* even a byte a second has filled the bucket */
        pacer->credit = burst;
    else
        pacer->credit += pacer->rate * passed;
    if (pacer->credit > burst)
        pacer->credit = burst;
    pacer->at = now;
    return (size_t)(pacer->credit / SCALE);
}

void espota_pacer_spend(struct espota_pacer *pacer, size_t length)
{
    if (pacer->rate != 0)
        pacer->credit -= (uint64_t)length * SCALE; /* at most the allowance, so not below zero */
}

uint64_t espota_pacer_next(const struct espota_pacer *pacer, uint64_t now)
{
    uint64_t wanted = (pacer->rate < SEGMENT ? pacer->rate : SEGMENT) * (uint64_t)SCALE;
    uint64_t at;

    if (pacer->rate == 0 || pacer->credit >= wanted)
        return now;
    at = pacer->at + (wanted - pacer->credit + pacer->rate - 1) / pacer->rate;
    return at > now ? at : now;
}
