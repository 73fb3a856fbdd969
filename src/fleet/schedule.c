/* SPDX-License-Identifier: MIT */
/*
 * The order of targets as a table of turns, without clock and I/O, so that a run of a thousand
 * devices with canaries, retries and failures is played in a test in no time.
 */
#include "fleet/schedule.h"

static void end_turn(struct espota_schedule *schedule, struct espota_turn *turn,
                     enum espota_status status, bool counts)
{
    turn->state = ESPOTA_TURN_OVER;
    turn->status = status;
    schedule->failures += counts && status != ESPOTA_OK;
}

void espota_schedule_settle(struct espota_schedule *schedule, size_t index,
                            enum espota_status status, bool counts)
{
    end_turn(schedule, &schedule->turns[index], status, counts);
}

/*
 * So many of the targets have been reached: the canaries are the first, and the others wait until
 * each of them has succeeded. `new_too`: those that were never tried may be started as well; those
 * begun are tried to their end.
 */
static size_t reached(const struct espota_schedule *schedule, bool *new_too)
{
    size_t canaries = schedule->canary < schedule->count ? schedule->canary : schedule->count;
    size_t count = schedule->count;

    *new_too = schedule->max_failures == 0 || schedule->failures < schedule->max_failures;
    for (size_t i = 0; i < canaries; i++) {
        const struct espota_turn *turn = &schedule->turns[i];
        bool over = turn->state == ESPOTA_TURN_OVER;

        if (!over || turn->status != ESPOTA_OK)
            count = canaries;
        if (over && turn->status != ESPOTA_OK)
            *new_too = false;
    }
    return count;
}

/* The target that may be started soonest, and when; the first of those that may be now. */
static bool find_soonest(const struct espota_schedule *schedule, uint64_t now, size_t *index,
                         uint64_t *at)
{
    bool new_too, found = false;
    size_t count = reached(schedule, &new_too);

    if (schedule->stopped || schedule->running >= schedule->jobs)
        return false;
    for (size_t i = schedule->first; i < count && !(found && *at == now); i++) {
        const struct espota_turn *turn = &schedule->turns[i];
        uint64_t when = turn->not_before > now ? turn->not_before : now;

        if (turn->state != ESPOTA_TURN_WAITING || (turn->attempts == 0 && !new_too) ||
            turn->lane->busy)
            continue;
        if (turn->lane->not_before > when)
            when = turn->lane->not_before;
        if (found && when >= *at)
            continue;
        found = true;
        *index = i;
        *at = when;
    }
    return found;
}

bool espota_schedule_next(struct espota_schedule *schedule, uint64_t now, size_t *index)
{
    struct espota_turn *turn;
    uint64_t at;

    while (schedule->first < schedule->count &&
           schedule->turns[schedule->first].state == ESPOTA_TURN_OVER)
        schedule->first++;
    if (!find_soonest(schedule, now, index, &at) || at > now)
        return false;
    turn = &schedule->turns[*index];
    turn->state = ESPOTA_TURN_RUNNING;
    turn->attempts++;
    turn->lane->busy = true;
    schedule->running++;
    return true;
}

bool espota_schedule_wake(const struct espota_schedule *schedule, uint64_t now, uint64_t *at)
{
    size_t index;

    return find_soonest(schedule, now, &index, at);
}

static struct espota_turn *leave_lane(struct espota_schedule *schedule, size_t index)
{
    struct espota_turn *turn = &schedule->turns[index];

    turn->lane->busy = false;
    schedule->running--; /* it was RUNNING: next counted it */
    return turn;
}

static uint64_t pause_after(unsigned attempts)
{
    uint64_t pause = ESPOTA_FIRST_PAUSE_MS;

    for (unsigned i = 1; i < attempts && pause < ESPOTA_LAST_PAUSE_MS; i++)
        pause *= 2;
    return pause < ESPOTA_LAST_PAUSE_MS ? pause : ESPOTA_LAST_PAUSE_MS;
}

bool espota_schedule_tries_again(const struct espota_schedule *schedule, size_t index)
{
    return !schedule->stopped && schedule->turns[index].attempts <= schedule->retries;
}

bool espota_schedule_end(struct espota_schedule *schedule, size_t index, enum espota_status status,
                         bool again, uint64_t now)
{
    struct espota_turn *turn = leave_lane(schedule, index);

    if (status == ESPOTA_OK || !again || !espota_schedule_tries_again(schedule, index)) {
        end_turn(schedule, turn, status, true);
        return false;
    }
    turn->status = status;
    turn->state = ESPOTA_TURN_WAITING;
    turn->not_before = now + pause_after(turn->attempts);
    return true;
}

void espota_schedule_put_off(struct espota_schedule *schedule, size_t index, uint64_t at)
{
    struct espota_turn *turn = leave_lane(schedule, index);

    turn->state = ESPOTA_TURN_WAITING;
    turn->attempts--; /* next counted it */
    turn->lane->not_before = at;
}

bool espota_schedule_over(const struct espota_schedule *schedule)
{
    bool new_too;
    size_t count = reached(schedule, &new_too);

    if (schedule->running > 0)
        return false;
    for (size_t i = schedule->first; i < count && !schedule->stopped; i++) {
        const struct espota_turn *turn = &schedule->turns[i];

        if ((turn->state == ESPOTA_TURN_WAITING && turn->attempts > 0) ||
            (turn->state != ESPOTA_TURN_OVER && new_too))
            return false;
    }
    return true;
}
