/* SPDX-License-Identifier: MIT */
/*
 * Who is next: the order in which targets are served, as logic without I/O and
 * clock. It knows how many may run at once, who shares an address, the canaries,
 * the bound of failures, and the pauses between the attempts at one target.
 */
#ifndef ESPOTA_FLEET_SCHEDULE_H
#define ESPOTA_FLEET_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"

enum {
    ESPOTA_FIRST_PAUSE_MS = 1000, /* between the first attempt and the second; each one doubles */
    ESPOTA_LAST_PAUSE_MS = 30000, /* … up to this */
};

enum espota_turn_state {
    ESPOTA_TURN_WAITING, /* to be started, or to be tried again */
    ESPOTA_TURN_RUNNING,
    ESPOTA_TURN_OVER,
    ESPOTA_TURN_HELD, /* set before the run: it waits for its lane, to be WAITING, or settled */
};

/* What targets at one address share; starts as zeros. */
struct espota_lane {
    bool busy;
    uint64_t not_before; /* it may be used again */
};

/* One target. Set `lane` and leave the rest zero; targets of one lane never run at once. */
struct espota_turn {
    struct espota_lane *lane;
    enum espota_turn_state state;
    enum espota_status status; /* of the last attempt */
    unsigned attempts;         /* begun */
    uint64_t not_before;
};

/* Fill in the first part and leave the rest zero. */
struct espota_schedule {
    struct espota_turn *turns; /* the caller's memory, as the lanes */
    size_t count;
    unsigned jobs;         /* at least 1 */
    unsigned canary;       /* the first so many alone, and all must succeed; 0: none */
    unsigned max_failures; /* after so many nobody new is started; 0: no bound */
    unsigned retries;
    bool stopped; /* set it, and nobody new is started, nobody is tried again */

    size_t running;
    size_t failures;
    size_t first; /* no turn before this one is WAITING or RUNNING */
};

/*
 * Before the run, or while it is held: this target needs no attempt; `status` says what is known of
 * it. `counts`: if it is a failure, it is one of this run.
 */
void espota_schedule_settle(struct espota_schedule *schedule, size_t index,
                            enum espota_status status, bool counts);

/* The next target to start, which is then RUNNING; false if none may start now. */
bool espota_schedule_next(struct espota_schedule *schedule, uint64_t now, size_t *index);

/*
 * When to ask next again although nothing has ended: the end of the nearest pause. False if only
 * the end of an attempt can change the answer.
 */
bool espota_schedule_wake(const struct espota_schedule *schedule, uint64_t now, uint64_t *at);

/* What espota_schedule_end would say of an attempt that failed and for which `again` holds. */
bool espota_schedule_tries_again(const struct espota_schedule *schedule, size_t index);

/*
 * An attempt has ended. True: it will be tried again, after a pause. Asked only for what may
 * help: `again` says that another attempt could go otherwise and does no harm.
 */
bool espota_schedule_end(struct espota_schedule *schedule, size_t index, enum espota_status status,
                         bool again, uint64_t now);

/* The attempt was not made after all (its address is to be left alone until `at`). */
void espota_schedule_put_off(struct espota_schedule *schedule, size_t index, uint64_t at);

/* Nothing runs and nothing can be started any more. */
bool espota_schedule_over(const struct espota_schedule *schedule);

#endif
