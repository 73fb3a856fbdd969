/* SPDX-License-Identifier: MIT */
/*
 * The order of targets as a table of turns, without clock and I/O, so that a run of a thousand
 * devices with canaries, retries and failures is played in a test in no time.
 */
#include "fleet/schedule.h"

#include <string.h>

void espota_schedule_init(struct espota_schedule *schedule,
                          const struct espota_schedule_config *config)
{
    memset(schedule, 0, sizeof(*schedule));
    schedule->config = *config;
}

static void count_failure(struct espota_schedule *schedule, enum espota_status status)
{
    if (status != ESPOTA_OK)
        schedule->failures++;
}

void espota_schedule_settle(struct espota_schedule *schedule, size_t index,
                            enum espota_status status, bool counts)
{
    struct espota_turn *turn = &schedule->config.turns[index];

    turn->state = ESPOTA_TURN_OVER;
    turn->status = status;
    if (counts)
        count_failure(schedule, status);
}

void espota_schedule_hold(struct espota_schedule *schedule, size_t index)
{
    schedule->config.turns[index].state = ESPOTA_TURN_HELD;
}

void espota_schedule_admit(struct espota_schedule *schedule, size_t index)
{
    schedule->config.turns[index].state = ESPOTA_TURN_WAITING;
}

/* The canaries are the first targets; the others wait until each of them has succeeded. */
static size_t open_count(const struct espota_schedule *schedule)
{
    const struct espota_schedule_config *config = &schedule->config;
    size_t canaries = config->canary < config->count ? config->canary : config->count;

    for (size_t i = 0; i < canaries; i++) {
        const struct espota_turn *turn = &config->turns[i];

        if (turn->state != ESPOTA_TURN_OVER || turn->status != ESPOTA_OK)
            return canaries;
    }
    return config->count;
}

static bool canary_failed(const struct espota_schedule *schedule)
{
    const struct espota_schedule_config *config = &schedule->config;

    for (size_t i = 0; i < config->canary && i < config->count; i++) {
        const struct espota_turn *turn = &config->turns[i];

        if (turn->state == ESPOTA_TURN_OVER && turn->status != ESPOTA_OK)
            return true;
    }
    return false;
}

/* Whether a target that was never tried may still be started; those begun are tried to their end.
 */
static bool takes_new(const struct espota_schedule *schedule)
{
    unsigned bound = schedule->config.max_failures;

    return (bound == 0 || schedule->failures < bound) && !canary_failed(schedule);
}

static bool is_candidate(const struct espota_schedule *schedule, const struct espota_turn *turn,
                         bool new_too)
{
    return turn->state == ESPOTA_TURN_WAITING && (turn->attempts > 0 || new_too) &&
           !schedule->config.lanes[turn->lane].busy;
}

static uint64_t startable_at(const struct espota_schedule *schedule, const struct espota_turn *turn)
{
    uint64_t lane = schedule->config.lanes[turn->lane].not_before;

    return turn->not_before > lane ? turn->not_before : lane;
}

bool espota_schedule_next(struct espota_schedule *schedule, uint64_t now, size_t *index)
{
    struct espota_turn *turns = schedule->config.turns;
    bool new_too = takes_new(schedule);
    size_t count = open_count(schedule);

    if (schedule->stopped || schedule->running >= schedule->config.jobs)
        return false;
    while (schedule->first < count && turns[schedule->first].state == ESPOTA_TURN_OVER)
        schedule->first++;
    for (size_t i = schedule->first; i < count; i++) {
        if (!is_candidate(schedule, &turns[i], new_too) || startable_at(schedule, &turns[i]) > now)
            continue;
        turns[i].state = ESPOTA_TURN_RUNNING;
        turns[i].attempts++;
        schedule->config.lanes[turns[i].lane].busy = true;
        schedule->running++;
        *index = i;
        return true;
    }
    return false;
}

bool espota_schedule_wake(const struct espota_schedule *schedule, uint64_t now, uint64_t *at)
{
    bool new_too = takes_new(schedule);
    size_t count = open_count(schedule);
    bool found = false;

    if (schedule->stopped || schedule->running >= schedule->config.jobs)
        return false;
    for (size_t i = schedule->first; i < count; i++) {
        const struct espota_turn *turn = &schedule->config.turns[i];
        uint64_t when;

        if (!is_candidate(schedule, turn, new_too))
            continue;
        when = startable_at(schedule, turn);
        if (when < now)
            when = now;
        if (!found || when < *at)
            *at = when;
        found = true;
    }
    return found;
}

static struct espota_turn *leave_lane(struct espota_schedule *schedule, size_t index)
{
    struct espota_turn *turn = &schedule->config.turns[index];

    schedule->config.lanes[turn->lane].busy = false;
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
    return !schedule->stopped && schedule->config.turns[index].attempts <= schedule->config.retries;
}

bool espota_schedule_end(struct espota_schedule *schedule, size_t index, enum espota_status status,
                         bool again, uint64_t now, uint64_t *at)
{
    struct espota_turn *turn = leave_lane(schedule, index);

    turn->status = status;
    if (status != ESPOTA_OK && again && espota_schedule_tries_again(schedule, index)) {
        turn->state = ESPOTA_TURN_WAITING;
        turn->not_before = now + pause_after(turn->attempts);
        *at = turn->not_before;
        return true;
    }
    turn->state = ESPOTA_TURN_OVER;
    count_failure(schedule, status);
    return false;
}

void espota_schedule_put_off(struct espota_schedule *schedule, size_t index, uint64_t at)
{
    struct espota_turn *turn = leave_lane(schedule, index);

    turn->state = ESPOTA_TURN_WAITING;
    turn->attempts--; /* next counted it */
    espota_schedule_release(schedule, turn->lane, at);
}

void espota_schedule_release(struct espota_schedule *schedule, size_t lane, uint64_t at)
{
    schedule->config.lanes[lane].not_before = at;
}

void espota_schedule_stop(struct espota_schedule *schedule)
{
    schedule->stopped = true;
}

bool espota_schedule_over(const struct espota_schedule *schedule)
{
    bool new_too = takes_new(schedule);
    size_t count = open_count(schedule);

    if (schedule->running > 0)
        return false;
    if (schedule->stopped)
        return true;
    for (size_t i = schedule->first; i < count; i++) {
        const struct espota_turn *turn = &schedule->config.turns[i];

        if ((turn->state == ESPOTA_TURN_WAITING && turn->attempts > 0) ||
            (turn->state != ESPOTA_TURN_OVER && new_too))
            return false;
    }
    return true;
}
