/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "serve/manifest.h"

START_TEST(test_what_meets_them)
{
    ck_assert(espota_version_meets("2.0.9", "<2.1.0"));
    ck_assert(!espota_version_meets("2.1", "<2.1.0"));
    ck_assert(espota_version_meets("2.1", "<=2.1.0"));
    ck_assert(espota_version_meets("2.1", "2.1.0"));
    ck_assert(espota_version_meets("2.1", "== 2.1.0"));
    ck_assert(!espota_version_meets("2.1", "!=2.1.0"));
    ck_assert(espota_version_meets("1.5", ">=1.0 <2"));
    ck_assert(espota_version_meets("1.5", ">= 1.0 < 2"));
    ck_assert(!espota_version_meets("2.0", ">=1.0 <2"));
}
END_TEST

START_TEST(test_the_grammar)
{
    static const char *const good[] = {"2",        "v2.1.0",     "=2",
                                       "==2",      "!= 2.0-rc1", ">=1.0 <2",
                                       " <2\t>1 ", "1.0+git_7",  "DOOR-7-g14f53a19"};
    static const struct {
        const char *rule;
        size_t at; /* where it cannot be read */
        const char *why;
    } bad[] = {
        {"", 0, "condition"},          {"  ", 2, "condition"},
        {"<", 1, "version"},           {"<=>1", 2, "version"},
        {">=1.0 <", 7, "version"},     {"~2", 0, "version"},
        {"^2", 0, "version"},          {"2.*", 2, "no version"},
        {"latest", 0, "digit"},        {"2.0 || 2.1", 4, "version"},
        {"2.0,2.1", 3, "no version"},  {">=1<2", 3, "space"},
        {"=>2", 1, "version"},         {"1.0 - 2.0", 4, "version"},
        {"<2.0\x01", 4, "no version"}, {"x", 0, "digit"},
        {"\xc3\xa9", 0, "version"},
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        const char *why = NULL;

        ck_assert_msg(espota_version_rule_fault(good[i], &why) == NULL, "%s: %s", good[i], why);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        const char *why = NULL;
        const char *at = espota_version_rule_fault(bad[i].rule, &why);

        ck_assert_msg(at != NULL, "%s", bad[i].rule);
        ck_assert_msg((size_t)(at - bad[i].rule) == bad[i].at, "%s: %zu", bad[i].rule,
                      (size_t)(at - bad[i].rule));
        ck_assert_msg(strstr(why, bad[i].why) != NULL, "%s: %s", bad[i].rule, why);
    }
}
END_TEST

START_TEST(test_rules_that_nothing_meets)
{
    static const char *const some[] = {"2",           "<2",     ">2",         ">=2 <=2",
                                       ">2 <2.0.0.1", "!=2",    ">=1 <2 !=1", ">2-b <2-b.0.0.1",
                                       "<0",          ">2-b <2"};
    static const char *const none[] = {">=2 <1",      "<2 >2",     ">2 <=2.0", "2 3",
                                       ">=2 <=2 !=2", "<2-b >2-c", ">2 <2.0"};
    char version[64];

    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        ck_assert_msg(espota_version_rule_inside(some[i], version, sizeof(version)), "%s", some[i]);
        ck_assert_msg(espota_version_meets(version, some[i]), "%s: %s", some[i], version);
        ck_assert_msg(espota_version_rule_outside(some[i], version, sizeof(version)), "%s",
                      some[i]);
        ck_assert_msg(!espota_version_meets(version, some[i]), "%s: %s", some[i], version);
    }
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        ck_assert_msg(!espota_version_rule_inside(none[i], version, sizeof(version)), "%s: %s",
                      none[i], version);
}
END_TEST

START_TEST(test_rules_that_cover_others)
{
    static const struct {
        const char *wide, *narrow;
        bool covers;
    } rows[] = {
        {"<2", "<2", true},       {"<2", "<1", true},     {"<2", "<=2", false},
        {"<=2", "<2.0", true},    {"<2", ">1", false},    {"<2", ">=1 <2", true},
        {"!=2", "<2", true},      {"<2", "!=2", false},   {">=1 <3", "2", true},
        {">1", "1.0.1", true},    {">1", "1-rc1", false}, {"<2", ">=2 <1", true},
        {">2-b", ">=2", true},    {">=2", ">2-b", false}, {"!=2 !=3", "!=2", false},
        {"<2.1.0", "2.1", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(espota_version_rule_covers(rows[i].wide, rows[i].narrow) == rows[i].covers,
                      "%s and %s", rows[i].wide, rows[i].narrow);
}
END_TEST

UNIT_MAIN("serve/version_rule", test_what_meets_them, test_the_grammar,
          test_rules_that_nothing_meets, test_rules_that_cover_others)
