/* SPDX-License-Identifier: MIT */
/* The loop's deadlines: a binary heap of the callers' timers, first in first out among equals. */
#ifndef ESPOTA_SYS_TIMERS_H
#define ESPOTA_SYS_TIMERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/loop.h"

struct espota_timers_node {
    uint64_t at;
    uint64_t order; /* of arming */
    struct espota_timer *timer;
};

struct espota_timers {
    struct espota_timers_node *nodes;
    size_t count, room;
    uint64_t armed; /* the order that the next arming gets */
};

#define ESPOTA_TIMERS_INIT                                                                         \
    {                                                                                              \
        NULL, 0, 0, 0                                                                              \
    }

/*
 * Arms or moves; a deadline before `now` counts as `now`, so that it cannot overtake what is due
 * already. E_MEMORY only for a timer that was not armed.
 */
enum espota_status espota_timers_arm(struct espota_timers *timers, struct espota_timer *timer,
                                     uint64_t at, uint64_t now) ESPOTA_MUST_CHECK;
void espota_timers_disarm(struct espota_timers *timers, struct espota_timer *timer);
/* The earliest deadline; false if nothing is armed. */
bool espota_timers_first(const struct espota_timers *timers, uint64_t *at);
/* Takes out the first timer that is due at `now` and was armed before `before`; NULL: none. */
struct espota_timer *espota_timers_take(struct espota_timers *timers, uint64_t now,
                                        uint64_t before);
void espota_timers_deinit(struct espota_timers *timers);

#endif
