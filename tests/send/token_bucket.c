/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/stream.h"

/* What leaves in `ms` if everything that may leave does so at the times the bucket names. */
static uint64_t run(uint64_t rate, uint64_t ms, size_t *largest)
{
    struct espota_bucket bucket;
    uint64_t now = 1000, sent = 0, turns = 0;

    *largest = 0;
    espota_bucket_init(&bucket, rate, now);
    for (uint64_t until = now + ms; now <= until; turns++) {
        size_t allowed = espota_bucket_allowance(&bucket, now);
        uint64_t next;

        if (allowed > *largest)
            *largest = allowed;
        espota_bucket_spend(&bucket, allowed);
        sent += allowed;
        next = espota_bucket_next(&bucket, now);
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
    struct espota_bucket bucket;

    espota_bucket_init(&bucket, 0, 5);
    ck_assert_uint_eq(espota_bucket_allowance(&bucket, 5), SIZE_MAX);
    espota_bucket_spend(&bucket, 1 << 20);
    ck_assert_uint_eq(espota_bucket_next(&bucket, 5), 5);
}
END_TEST

START_TEST(test_a_long_pause_saves_nothing_up)
{
    struct espota_bucket bucket;

    espota_bucket_init(&bucket, 100000, 0);
    ck_assert_uint_eq(espota_bucket_allowance(&bucket, 0), 0);
    ck_assert_uint_eq(espota_bucket_allowance(&bucket, UINT64_MAX / 2), 10000);
    ck_assert_uint_eq(espota_bucket_next(&bucket, UINT64_MAX / 2), UINT64_MAX / 2);
}
END_TEST

UNIT_MAIN("send/token_bucket", test_rates, test_no_limit, test_a_long_pause_saves_nothing_up)
