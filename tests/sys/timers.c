/* SPDX-License-Identifier: MIT */
#include "sys/loop_backend.h"

#include "unit.h"

enum { MANY = 3000 };

static unsigned chance(unsigned bound)
{
    static uint32_t state = 0x9e3779b9;

    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % bound;
}

static void arm(struct espota_timers *timers, struct espota_timer *timer, uint64_t at, uint64_t now)
{
    ck_assert_int_eq(espota_timers_arm(timers, timer, at, now), ESPOTA_OK);
}

/* What the heap should do, done slowly: `order` is that of arming, 0 is not armed. */
struct model {
    struct espota_timer timers[MANY];
    uint64_t order[MANY];
};

static size_t model_first(const struct model *model)
{
    size_t best = MANY;

    for (size_t i = 0; i < MANY; i++) {
        if (model->order[i] == 0)
            continue;
        if (best == MANY || model->timers[i].at < model->timers[best].at ||
            (model->timers[i].at == model->timers[best].at && model->order[i] < model->order[best]))
            best = i;
    }
    return best;
}

static void model_check_first(const struct model *model, struct espota_timers *timers)
{
    size_t first = model_first(model);
    uint64_t at = 0;

    ck_assert_int_eq(espota_timers_first(timers, &at), first < MANY);
    if (first < MANY)
        ck_assert_uint_eq(at, model->timers[first].at);
}

START_TEST(test_random_order_comes_out_sorted)
{
    static struct model model;
    struct espota_timers timers = ESPOTA_TIMERS_INIT;
    uint64_t order = 0;
    size_t first;

    for (size_t i = 0; i < (size_t)4 * MANY; i++) {
        size_t which = chance(MANY);

        if (i > MANY && chance(4) == 0) {
            espota_timers_disarm(&timers, &model.timers[which]);
            model.order[which] = 0;
        } else {
            arm(&timers, &model.timers[which], 1000 + chance(500), 1000);
            model.order[which] = ++order;
        }
        if (i % 64 == 0)
            model_check_first(&model, &timers);
    }
    while ((first = model_first(&model)) < MANY) {
        uint64_t at = model.timers[first].at;

        ck_assert_ptr_null(espota_timers_take(&timers, at - 1, UINT64_MAX));
        ck_assert_ptr_eq(espota_timers_take(&timers, at, UINT64_MAX), &model.timers[first]);
        ck_assert_uint_eq(model.timers[first].slot, 0);
        model.order[first] = 0;
    }
    ck_assert_uint_eq(timers.count, 0);
    ck_assert_ptr_null(espota_timers_take(&timers, UINT64_MAX, UINT64_MAX));
    espota_timers_deinit(&timers);
}
END_TEST

START_TEST(test_what_is_armed_in_the_past_waits_behind_what_is_due)
{
    struct espota_timers timers = ESPOTA_TIMERS_INIT;
    struct espota_timer due = {0}, late = {0};
    uint64_t before;

    arm(&timers, &due, 100, 50);
    before = timers.armed;
    arm(&timers, &late, 3, 100);
    ck_assert_uint_eq(late.at, 3);
    ck_assert_ptr_eq(espota_timers_take(&timers, 100, before), &due);
    ck_assert_ptr_null(espota_timers_take(&timers, 100, before));
    ck_assert_ptr_eq(espota_timers_take(&timers, 100, timers.armed), &late);
    espota_timers_deinit(&timers);
}
END_TEST

START_TEST(test_a_slot_that_lies_harms_nobody)
{
    struct espota_timers timers = ESPOTA_TIMERS_INIT;
    struct espota_timer good = {0}, bad = {0};

    arm(&timers, &good, 100, 50);
    bad.slot = good.slot;
    espota_timers_disarm(&timers, &bad);
    ck_assert_uint_eq(bad.slot, 0);
    bad.slot = SIZE_MAX;
    arm(&timers, &bad, 90, 50);
    ck_assert_ptr_eq(espota_timers_take(&timers, 100, UINT64_MAX), &bad);
    ck_assert_ptr_eq(espota_timers_take(&timers, 100, UINT64_MAX), &good);
    espota_timers_deinit(&timers);
}
END_TEST

UNIT_MAIN("sys/timers", test_random_order_comes_out_sorted,
          test_what_is_armed_in_the_past_waits_behind_what_is_due,
          test_a_slot_that_lies_harms_nobody)
