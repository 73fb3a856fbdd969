/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "text/text.h"

START_TEST(test_glob)
{
    static const struct {
        const char *pattern, *text;
        bool match;
    } rows[] = {
        {"*", "", true},
        {"", "", true},
        {"", "a", false},
        {"?", "", false},
        {"18:fe:AA:*", "18:FE:aa:00:00:01", true},
        {"18:FE:AB:*", "18:FE:AA:00:00:01", false},
        {"/update*", "/update", true},
        {"/update*", "/updates/x.bin", true},
        {"*-door-?", "esp8266-front-door-7", true},
        {"*-door-?", "esp8266-front-door-77", false},
        {"a*b*c", "axxbyybzzc", true},
        {"a*b*c", "axxbyybzz", false},
        {"**a**", "bab", true},
        {"*a", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(espota_glob_match(rows[i].pattern, rows[i].text) == rows[i].match, "%s ~ %s",
                      rows[i].pattern, rows[i].text);
}
END_TEST

static int order(const char *a, const char *b)
{
    int result = espota_version_compare(a, strlen(a), b, strlen(b));

    return (result > 0) - (result < 0);
}

START_TEST(test_versions_in_rising_order)
{
    static const char *const rising[] = {
        "0.9",        "1",       "1.0.1", "1.2",   "1.10",      "2.0-beta2",
        "2.0-beta10", "2.0-rc1", "2.0",   "2.0.1", "2024.11.1", "99999999999999999999999",
    };
    size_t count = sizeof(rising) / sizeof(rising[0]);

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            ck_assert_msg(order(rising[i], rising[j]) == (i > j) - (i < j), "%s and %s", rising[i],
                          rising[j]);
}
END_TEST

START_TEST(test_versions_that_are_equal)
{
    ck_assert_int_eq(order("2.1", "2.1.0"), 0);
    ck_assert_int_eq(order("v2.1.0", "2.1"), 0);
    ck_assert_int_eq(order("1.02.003", "1.2.3"), 0);
    ck_assert_int_eq(order("1.0-RC1", "1.0rc.1"), 0);
    ck_assert_int_eq(order("", "0.0"), 0);
    ck_assert_int_eq(order("...", ""), 0);
}
END_TEST

UNIT_MAIN("text/glob", test_glob, test_versions_in_rising_order, test_versions_that_are_equal)
