/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>

#include "cli/run_upload.h"

START_TEST(test_sizes)
{
    char out[BAR_TEXT];

    ck_assert_str_eq(bar_size(0, out), "0 B");
    ck_assert_str_eq(bar_size(1023, out), "1023 B");
    ck_assert_str_eq(bar_size(1024, out), "1.0 KiB");
    ck_assert_str_eq(bar_size(262144, out), "256.0 KiB");
    ck_assert_str_eq(bar_size(1048575, out), "1.0 MiB");
    ck_assert_str_eq(bar_size(1572864, out), "1.5 MiB");
    ck_assert_str_eq(bar_size(UINT64_MAX, out), "16777216.0 TiB");
}
END_TEST

START_TEST(test_times)
{
    char out[BAR_TEXT];

    ck_assert_str_eq(bar_time(0, out), "0:00");
    ck_assert_str_eq(bar_time(-1, out), "0:00");
    ck_assert_str_eq(bar_time(0.1, out), "0:01");
    ck_assert_str_eq(bar_time(59.5, out), "1:00");
    ck_assert_str_eq(bar_time(760, out), "12:40");
    ck_assert_str_eq(bar_time(3723, out), "1:02:03");
    ck_assert_str_eq(bar_time(1e300, out), "27777:46:40");
}
END_TEST

START_TEST(test_percent_waits_for_the_verdict)
{
    ck_assert_uint_eq(bar_percent(0, 0), 0);
    ck_assert_uint_eq(bar_percent(0, 100), 0);
    ck_assert_uint_eq(bar_percent(50, 100), 50);
    ck_assert_uint_eq(bar_percent(99, 100), 99);
    ck_assert_uint_eq(bar_percent(100, 100), 99);
    ck_assert_uint_eq(bar_percent(500, 100), 99);
}
END_TEST

START_TEST(test_rate)
{
    struct bar_rate rate = {.started = false};

    bar_rate_update(&rate, 1000, 0);
    bar_rate_update(&rate, 1499, 100);
    ck_assert(rate.per_second < 0.1);
    bar_rate_update(&rate, 2000, 1000);
    ck_assert(rate.per_second > 999 && rate.per_second < 1001);
    bar_rate_update(&rate, 3000, 1000); /* it stalls: the mean goes down, not at once to 0 */
    ck_assert(rate.per_second > 699 && rate.per_second < 701);
    bar_rate_update(&rate, 3001, 0); /* a new attempt */
    ck_assert(rate.per_second < 0.1);
}
END_TEST

static void expect_line(size_t width, const char *label, uint64_t done, double rate,
                        const char *wanted)
{
    char line[256];

    bar_line(line, sizeof(line), width, label, done, 1000, rate);
    ck_assert_str_eq(line, wanted);
    ck_assert_uint_lt(strlen(line), width);
}

START_TEST(test_line)
{
    expect_line(80, "door", 450, 0, "door [=================>                      ]  45%");
    expect_line(60, "door", 450, 100,
                "door [===========>               ]  45%  100 B/s  0:06 left");
    expect_line(60, "door", 1000, 100,
                "door [======================]  99%  waiting for the verdict");
    expect_line(36, "door", 450, 100, "door  45%  100 B/s  0:06 left");
    expect_line(20, "door", 450, 100, "door  45%");
    expect_line(80, "a-very-long-name.of-a-device.in-a-far-away.example", 0, 0,
                "a-very-long-name.of-a-device.... [                                       ]   0%");
}
END_TEST

START_TEST(test_line_never_fills_the_width)
{
    char line[256];

    for (size_t width = 45; width < 200; width++) {
        for (uint64_t done = 0; done <= 1000; done += 125) {
            bar_line(line, sizeof(line), width, "a-very-long-name.of-a-device.example", done, 1000,
                     (double)done);
            ck_assert_uint_lt(strlen(line), width);
        }
    }
}
END_TEST

UNIT_MAIN("cli/bar", test_sizes, test_times, test_percent_waits_for_the_verdict, test_rate,
          test_line, test_line_never_fills_the_width)
