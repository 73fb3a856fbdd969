/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "fleet/schedule.h"

enum { MOST = 16 };

struct plan {
    struct espota_turn turns[MOST];
    struct espota_lane lanes[MOST];
    struct espota_schedule schedule;
};

/* `lanes` names the lane of each target by a letter. */
static void plan_init(struct plan *plan, const char *lanes, unsigned jobs, unsigned retries)
{
    memset(plan, 0, sizeof(*plan));
    plan->schedule = (struct espota_schedule){
        .turns = plan->turns, .count = strlen(lanes), .jobs = jobs, .retries = retries};
    for (size_t i = 0; i < plan->schedule.count; i++)
        plan->turns[i].lane = &plan->lanes[lanes[i] - 'a'];
}

static void expect_next(struct plan *plan, uint64_t now, size_t expected)
{
    size_t index;

    ck_assert(espota_schedule_next(&plan->schedule, now, &index));
    ck_assert_uint_eq(index, expected);
    ck_assert(!espota_schedule_over(&plan->schedule));
}

static void expect_none(struct plan *plan, uint64_t now)
{
    size_t index;

    ck_assert(!espota_schedule_next(&plan->schedule, now, &index));
}

static bool end(struct plan *plan, size_t index, enum espota_status status, uint64_t now)
{
    bool again = espota_schedule_end(&plan->schedule, index, status, status != ESPOTA_E_AUTH, now);

    if (again)
        ck_assert_uint_gt(plan->turns[index].not_before, now);
    return again;
}

START_TEST(test_jobs_bound_and_order)
{
    struct plan plan;

    plan_init(&plan, "abcd", 2, 0);
    expect_next(&plan, 0, 0);
    expect_next(&plan, 0, 1);
    expect_none(&plan, 0);
    ck_assert(!end(&plan, 1, ESPOTA_OK, 5));
    expect_next(&plan, 5, 2);
    expect_none(&plan, 5);
    end(&plan, 0, ESPOTA_OK, 6);
    expect_next(&plan, 6, 3);
    end(&plan, 2, ESPOTA_OK, 7);
    ck_assert(!espota_schedule_over(&plan.schedule));
    end(&plan, 3, ESPOTA_E_AUTH, 7);
    expect_none(&plan, 8);
    ck_assert(espota_schedule_over(&plan.schedule));
    ck_assert_uint_eq(plan.schedule.failures, 1);
}
END_TEST

START_TEST(test_one_address_one_at_a_time)
{
    struct plan plan;
    uint64_t at;

    plan_init(&plan, "aab", 3, 0);
    expect_next(&plan, 0, 0);
    expect_next(&plan, 0, 2);
    expect_none(&plan, 0);
    ck_assert(!espota_schedule_wake(&plan.schedule, 0, &at)); /* only an end can help */
    end(&plan, 2, ESPOTA_OK, 1);
    expect_none(&plan, 1);
    end(&plan, 0, ESPOTA_OK, 2);
    expect_next(&plan, 2, 1);
}
END_TEST

START_TEST(test_retries_first_last_and_exhausted)
{
    for (unsigned retries = 0; retries < 8; retries++) {
        struct plan plan;
        uint64_t now = 100, gap_before = 0;

        plan_init(&plan, "a", 1, retries);
        for (unsigned attempt = 1; attempt <= retries + 1; attempt++) {
            uint64_t at;

            expect_next(&plan, now, 0);
            ck_assert_uint_eq(plan.turns[0].attempts, attempt);
            if (attempt == retries + 1)
                break;
            ck_assert(end(&plan, 0, ESPOTA_E_NO_ANSWER, now));
            ck_assert(espota_schedule_wake(&plan.schedule, now, &at));
            ck_assert_uint_ge(at - now, gap_before); /* the pauses grow … */
            ck_assert_uint_le(at - now, ESPOTA_LAST_PAUSE_MS);
            if (attempt == 1)
                ck_assert_uint_eq(at - now, ESPOTA_FIRST_PAUSE_MS);
            gap_before = at - now;
            expect_none(&plan, at - 1); /* … and are kept */
            now = at;
        }
        ck_assert(!end(&plan, 0, ESPOTA_E_NO_ANSWER, now));
        ck_assert(espota_schedule_over(&plan.schedule));
        ck_assert_uint_eq(plan.schedule.failures, 1);
    }
}
END_TEST

START_TEST(test_success_in_the_last_try)
{
    struct plan plan;
    uint64_t at;

    plan_init(&plan, "a", 1, 1);
    expect_next(&plan, 0, 0);
    ck_assert(end(&plan, 0, ESPOTA_E_BROKEN, 0));
    ck_assert(espota_schedule_wake(&plan.schedule, 0, &at));
    expect_next(&plan, at, 0);
    ck_assert(!end(&plan, 0, ESPOTA_OK, at));
    ck_assert_uint_eq(plan.schedule.failures, 0);
    ck_assert_int_eq(plan.turns[0].status, ESPOTA_OK);
}
END_TEST

START_TEST(test_what_cannot_help_is_not_repeated)
{
    struct plan plan;

    plan_init(&plan, "a", 1, 5);
    expect_next(&plan, 0, 0);
    ck_assert(!end(&plan, 0, ESPOTA_E_AUTH, 0));
    ck_assert(espota_schedule_over(&plan.schedule));
}
END_TEST

START_TEST(test_others_go_on_during_a_pause)
{
    struct plan plan;

    plan_init(&plan, "abb", 1, 1);
    expect_next(&plan, 0, 0);
    ck_assert(end(&plan, 0, ESPOTA_E_NO_ANSWER, 0));
    expect_next(&plan, 0, 1);
    end(&plan, 1, ESPOTA_OK, ESPOTA_FIRST_PAUSE_MS);
    expect_next(&plan, ESPOTA_FIRST_PAUSE_MS, 0); /* its turn comes before the later one's */
    end(&plan, 0, ESPOTA_OK, ESPOTA_FIRST_PAUSE_MS);
    expect_next(&plan, ESPOTA_FIRST_PAUSE_MS, 2);
}
END_TEST

START_TEST(test_canaries_first_and_alone)
{
    struct plan plan;

    plan_init(&plan, "abcd", 4, 1);
    plan.schedule.canary = 2;
    expect_next(&plan, 0, 0);
    expect_next(&plan, 0, 1);
    expect_none(&plan, 0);
    end(&plan, 0, ESPOTA_OK, 1);
    expect_none(&plan, 1);
    ck_assert(end(&plan, 1, ESPOTA_E_BROKEN, 1)); /* a canary may try again */
    expect_none(&plan, 1);
    expect_next(&plan, 1 + ESPOTA_FIRST_PAUSE_MS, 1);
    end(&plan, 1, ESPOTA_OK, 5000);
    expect_next(&plan, 5000, 2);
    expect_next(&plan, 5000, 3);
}
END_TEST

START_TEST(test_failed_canary_keeps_the_others_back)
{
    struct plan plan;

    plan_init(&plan, "abc", 4, 0);
    plan.schedule.canary = 2;
    expect_next(&plan, 0, 0);
    expect_next(&plan, 0, 1);
    end(&plan, 0, ESPOTA_E_REFUSED, 1);
    expect_none(&plan, 1);
    ck_assert(!espota_schedule_over(&plan.schedule)); /* the other canary still runs */
    end(&plan, 1, ESPOTA_OK, 2);
    expect_none(&plan, 2);
    ck_assert(espota_schedule_over(&plan.schedule));
    ck_assert_int_eq(plan.turns[2].state, ESPOTA_TURN_WAITING);
}
END_TEST

START_TEST(test_more_canaries_than_targets)
{
    struct plan plan;

    plan_init(&plan, "ab", 1, 0);
    plan.schedule.canary = 9;
    expect_next(&plan, 0, 0);
    end(&plan, 0, ESPOTA_OK, 0);
    expect_next(&plan, 0, 1);
    end(&plan, 1, ESPOTA_OK, 0);
    ck_assert(espota_schedule_over(&plan.schedule));
}
END_TEST

START_TEST(test_max_failures)
{
    struct plan plan;

    plan_init(&plan, "abcde", 3, 1);
    plan.schedule.max_failures = 2;
    expect_next(&plan, 0, 0);
    expect_next(&plan, 0, 1);
    expect_next(&plan, 0, 2);
    ck_assert(end(&plan, 2, ESPOTA_E_BROKEN, 0)); /* begun: it is tried to its end */
    ck_assert(!end(&plan, 0, ESPOTA_E_AUTH, 0));
    expect_next(&plan, 0, 3);
    ck_assert(!end(&plan, 1, ESPOTA_E_AUTH, 0));
    expect_none(&plan, 0);
    expect_next(&plan, ESPOTA_FIRST_PAUSE_MS, 2);
    end(&plan, 2, ESPOTA_OK, 2000);
    end(&plan, 3, ESPOTA_OK, 2000);
    expect_none(&plan, 2000);
    ck_assert(espota_schedule_over(&plan.schedule));
    ck_assert_int_eq(plan.turns[4].state, ESPOTA_TURN_WAITING);
}
END_TEST

START_TEST(test_settled_before_the_run)
{
    struct plan plan;

    plan_init(&plan, "abc", 3, 0);
    plan.schedule.max_failures = 1;
    plan.schedule.canary = 1;
    espota_schedule_settle(&plan.schedule, 0, ESPOTA_OK, false);
    espota_schedule_settle(&plan.schedule, 1, ESPOTA_E_UNKNOWN, false);
    expect_next(&plan, 0, 2);
    end(&plan, 2, ESPOTA_OK, 0);
    ck_assert(espota_schedule_over(&plan.schedule));

    plan_init(&plan, "ab", 3, 0);
    plan.schedule.max_failures = 1;
    espota_schedule_settle(&plan.schedule, 0, ESPOTA_E_NO_ANSWER, true);
    expect_none(&plan, 0);
    ck_assert(espota_schedule_over(&plan.schedule));
}
END_TEST

START_TEST(test_put_off_and_released)
{
    struct plan plan;
    uint64_t at;

    plan_init(&plan, "ab", 2, 0);
    expect_next(&plan, 0, 0);
    espota_schedule_put_off(&plan.schedule, 0, 500);
    expect_next(&plan, 0, 1);
    expect_none(&plan, 499);
    ck_assert(espota_schedule_wake(&plan.schedule, 100, &at));
    ck_assert_uint_eq(at, 500);
    plan.lanes[0].not_before = 0;
    expect_next(&plan, 100, 0);
    ck_assert_uint_eq(plan.turns[0].attempts, 1);
}
END_TEST

START_TEST(test_stop)
{
    struct plan plan;
    uint64_t at;

    plan_init(&plan, "abc", 2, 3);
    expect_next(&plan, 0, 0);
    expect_next(&plan, 0, 1);
    ck_assert(end(&plan, 1, ESPOTA_E_BROKEN, 0));
    plan.schedule.stopped = true;
    expect_none(&plan, 99999);
    ck_assert(!espota_schedule_wake(&plan.schedule, 0, &at));
    ck_assert(!espota_schedule_over(&plan.schedule));
    ck_assert(!end(&plan, 0, ESPOTA_E_BROKEN, 1));
    ck_assert(espota_schedule_over(&plan.schedule));
}
END_TEST

/* A target whose address is not known yet keeps nobody waiting but those that follow a canary. */
START_TEST(test_held_until_admitted_or_settled)
{
    struct plan plan;
    uint64_t at;

    plan_init(&plan, "aab", 2, 0);
    plan.turns[0].state = ESPOTA_TURN_HELD;
    plan.turns[1].state = ESPOTA_TURN_HELD;
    expect_next(&plan, 0, 2);
    expect_none(&plan, 0);
    end(&plan, 2, ESPOTA_OK, 5);
    ck_assert(!espota_schedule_wake(&plan.schedule, 5, &at));
    ck_assert(!espota_schedule_over(&plan.schedule));
    espota_schedule_settle(&plan.schedule, 0, ESPOTA_E_NO_ANSWER, true);
    ck_assert_uint_eq(plan.schedule.failures, 1);
    ck_assert(!espota_schedule_over(&plan.schedule));
    plan.turns[1].state = ESPOTA_TURN_WAITING;
    expect_next(&plan, 6, 1);
    end(&plan, 1, ESPOTA_OK, 7);
    ck_assert(espota_schedule_over(&plan.schedule));

    plan_init(&plan, "ab", 2, 0);
    plan.schedule.canary = 1;
    plan.turns[0].state = ESPOTA_TURN_HELD;
    expect_none(&plan, 0);
    ck_assert(!espota_schedule_over(&plan.schedule));
    plan.schedule.stopped = true;
    ck_assert(espota_schedule_over(&plan.schedule));
}
END_TEST

UNIT_MAIN("fleet/schedule", test_held_until_admitted_or_settled, test_jobs_bound_and_order,
          test_one_address_one_at_a_time, test_retries_first_last_and_exhausted,
          test_success_in_the_last_try, test_what_cannot_help_is_not_repeated,
          test_others_go_on_during_a_pause, test_canaries_first_and_alone,
          test_failed_canary_keeps_the_others_back, test_more_canaries_than_targets,
          test_max_failures, test_settled_before_the_run, test_put_off_and_released, test_stop)
