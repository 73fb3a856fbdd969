/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/pacer.h"

/* What leaves in `ms` if everything that may leave does so at the times the pacer names. */
static uint64_t run(uint64_t rate, uint64_t ms, size_t *largest)
{
    struct espota_pacer pacer;
    uint64_t now = 1000, sent = 0, turns = 0;

    *largest = 0;
    espota_pacer_init(&pacer, rate, now);
    for (uint64_t until = now + ms; now <= until; turns++) {
        size_t allowed = espota_pacer_allowance(&pacer, now);
        uint64_t next;

        if (allowed > *largest)
            *largest = allowed;
        espota_pacer_spend(&pacer, allowed);
        sent += allowed;
        next = espota_pacer_next(&pacer, now);
        ck_assert_uint_gt(next, now); /* nothing is left, so there is something to wait for */
        now = next;
    }
    ck_assert_uint_le(turns, ms + 2);
    return sent;
}

START_TEST(test_rates)
{
    static const uint64_t rates[] = {1, 10, 1000, 1460, 20000, 1000000, 125000000, UINT64_MAX};

    for (size_t i = 0; i < sizeof(rates) / sizeof(rates[0]); i++) {
        uint64_t rate = rates[i] < ((uint64_t)1 << 40) ? rates[i] : (uint64_t)1 << 40;
        size_t largest;
        uint64_t sent = run(rates[i], 60000, &largest);

        ck_assert_uint_le(sent, 60 * rate + rate / 10 + 1460);
        ck_assert_uint_ge(sent, 59 * rate - rate / 10);
        ck_assert_uint_le(largest, rate / 10 > 1460 ? rate / 10 : 1460);
    }
}
END_TEST

START_TEST(test_no_limit)
{
    struct espota_pacer pacer;

    espota_pacer_init(&pacer, 0, 5);
    ck_assert_uint_eq(espota_pacer_allowance(&pacer, 5), SIZE_MAX);
    espota_pacer_spend(&pacer, 1 << 20);
    ck_assert_uint_eq(espota_pacer_next(&pacer, 5), 5);
}
END_TEST

START_TEST(test_a_long_pause_saves_nothing_up)
{
    struct espota_pacer pacer;

    espota_pacer_init(&pacer, 100000, 0);
    ck_assert_uint_eq(espota_pacer_allowance(&pacer, 0), 0);
    ck_assert_uint_eq(espota_pacer_allowance(&pacer, UINT64_MAX / 2), 10000);
    ck_assert_uint_eq(espota_pacer_next(&pacer, UINT64_MAX / 2), UINT64_MAX / 2);
}
END_TEST

UNIT_MAIN("send/pacer", test_rates, test_no_limit, test_a_long_pause_saves_nothing_up)
