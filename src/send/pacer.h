/* SPDX-License-Identifier: MIT */
/* A token bucket: how many bytes of one stream may leave now. Pure; time is an argument. */
#ifndef ESPOTA_SEND_PACER_H
#define ESPOTA_SEND_PACER_H

#include <stddef.h>
#include <stdint.h>

struct espota_pacer {
    uint64_t rate;   /* bytes a second; 0: no limit */
    uint64_t credit; /* thousandths of a byte */
    uint64_t at;     /* when the credit was that */
};

void espota_pacer_init(struct espota_pacer *pacer, uint64_t rate, uint64_t now);
/* Bytes that may leave now; SIZE_MAX without a limit. */
size_t espota_pacer_allowance(struct espota_pacer *pacer, uint64_t now);
/* They left: at most the allowance. */
void espota_pacer_spend(struct espota_pacer *pacer, size_t length);
/* When it is worth asking again (a segment's worth, or a second's). */
uint64_t espota_pacer_next(const struct espota_pacer *pacer, uint64_t now);

#endif
