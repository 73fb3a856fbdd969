/* SPDX-License-Identifier: MIT */
/*
 * A device that is as slow as a real one: its loop comes to the update only now and then and
 * then reads one datagram, and it computes for a while when a PBKDF2 is asked of it. No I/O and
 * no clock: whoever pumps the device asks here whether it is its turn.
 */
#ifndef ESPOTA_POSIX_SLOW_H
#define ESPOTA_POSIX_SLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"

enum { STUB_SLOW_ROOM = 256 };

/* The caller's memory. Fill in the first part; the rest begins as zeros. */
struct stub_slow {
    uint32_t loop_ms; /* between two turns of the loop; 0: it comes round at once */
    uint32_t auth_ms; /* for the answer to a challenge of 64 digits; 0: no time */
    uint64_t turn;    /* when one of the turns is; the others follow from it */

    bool waits; /* for `turn` */
    bool reads; /* the turn has not read its datagram yet */
    uint64_t busy_until;
    size_t held; /* bytes of an answer that is being computed; 0: none is */
    uint8_t datagram[STUB_SLOW_ROOM];
    struct espota_peer from;
};

/* True: the device may be pumped now. False: *at is when, and until then it does nothing at all. */
bool stub_slow_acts(struct stub_slow *slow, enum espota_receiver_phase phase, uint64_t now,
                    uint64_t *at);

/*
 * What the device's next datagram is: MORE if it may read none; OK with an answer that was held
 * and is computed now; FAILED if the caller shall read one and hand it to stub_slow_take.
 */
enum espota_status stub_slow_give(struct stub_slow *slow, void *data, size_t room, size_t *length,
                                  struct espota_peer *from, uint64_t now) ESPOTA_MUST_CHECK;
/* A datagram was read. MORE: it is held until it is computed; OK: it is for the device now. */
enum espota_status stub_slow_take(struct stub_slow *slow, const struct espota_receiver *receiver,
                                  const void *data, size_t length, const struct espota_peer *from,
                                  uint64_t now) ESPOTA_MUST_CHECK;

#endif
