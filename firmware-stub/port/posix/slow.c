/* SPDX-License-Identifier: MIT */
/*
 * Datagrams are what a slow device is late for: the stream has windows, they have only the socket's
 * queue. So it is decided here when one may be read, and nothing else is slowed down.
 */
#include "port/posix/slow.h"

#include <string.h>

/* The first turn that is still to come. */
static void roll_on(struct stub_slow *slow, uint64_t now)
{
    if (slow->turn <= now)
        slow->turn += ((now - slow->turn) / slow->loop_ms + 1) * slow->loop_ms;
}

bool stub_slow_acts(struct stub_slow *slow, enum espota_receiver_phase phase, uint64_t now,
                    uint64_t *at)
{
    *at = slow->busy_until;
    if (now < slow->busy_until)
        return false;
    /* an update that runs has the processor to itself */
    if (slow->loop_ms == 0 || slow->held > 0 || phase >= ESPOTA_RECEIVER_CONNECTING) {
        slow->reads = true;
        return true;
    }
    if (!slow->waits)
        roll_on(slow, now);
    *at = slow->turn;
    slow->waits = now < slow->turn;
    if (slow->waits)
        return false;
    roll_on(slow, now);
    slow->reads = phase != ESPOTA_RECEIVER_ACCEPTED; /* the update comes before the next datagram */
    return true;
}

enum espota_status stub_slow_give(struct stub_slow *slow, void *data, size_t room, size_t *length,
                                  struct espota_peer *from, uint64_t now)
{
    if (slow->held == 0)
        return slow->reads ? ESPOTA_E_FAILED : ESPOTA_MORE;
    *length = slow->held < room ? slow->held : room;
    memcpy(data, slow->datagram, *length);
    *from = slow->from;
    slow->held = 0;
    slow->reads = slow->loop_ms == 0;
    slow->turn = now + slow->loop_ms;
    return ESPOTA_OK;
}

enum espota_status stub_slow_take(struct stub_slow *slow, const struct espota_receiver *receiver,
                                  const void *data, size_t length, const struct espota_peer *from,
                                  uint64_t now)
{
    bool answers = receiver->phase == ESPOTA_RECEIVER_WAITAUTH &&
                   receiver->config->nonce_digits == ESPOTA_NONCE_SHA256 && length > 4 &&
                   memcmp(data, "200 ", 4) == 0;

    slow->reads = slow->loop_ms == 0;
    if (slow->auth_ms == 0 || !answers || length > sizeof(slow->datagram))
        return ESPOTA_OK;
    memcpy(slow->datagram, data, length);
    slow->held = length;
    slow->from = *from;
    slow->busy_until = now + slow->auth_ms;
    slow->reads = false;
    return ESPOTA_MORE;
}
