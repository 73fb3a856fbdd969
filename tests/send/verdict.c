/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/espota/sender.h"

struct verdict_case {
    const char *stream;
    enum espota_verdict_state state;
    const char *words;
    const char *ignored; /* the end of the stream that must not have been looked at */
};

static const struct verdict_case cases[] = {
    {"", ESPOTA_VERDICT_NONE, "", ""},
    {"1460", ESPOTA_VERDICT_NONE, "", ""},
    {"1460536924", ESPOTA_VERDICT_NONE, "", ""},
    {"O", ESPOTA_VERDICT_NONE, "", ""},
    {"1460O", ESPOTA_VERDICT_NONE, "", ""},
    {" \t\r\n\v\f0123456789", ESPOTA_VERDICT_NONE, "", ""},
    {"OK", ESPOTA_VERDICT_OK, "", ""},
    {"1460OK", ESPOTA_VERDICT_OK, "", ""},
    {"1460 OK\r\n", ESPOTA_VERDICT_OK, "", "\r\n"},
    {"OK1460", ESPOTA_VERDICT_OK, "", "1460"},
    {"OKAY", ESPOTA_VERDICT_OK, "", "AY"},
    {"OKERROR[4]: late\n", ESPOTA_VERDICT_OK, "", "ERROR[4]: late\n"},
    {"ok", ESPOTA_VERDICT_WORDS, "ok", ""},
    {"K", ESPOTA_VERDICT_WORDS, "K", ""},
    {"OOK", ESPOTA_VERDICT_WORDS, "OOK", ""},
    {"O1K", ESPOTA_VERDICT_WORDS, "O1K", ""},
    {"O K", ESPOTA_VERDICT_WORDS, "O K", ""},
    {"O\n", ESPOTA_VERDICT_SAID, "O\n", ""},
    {"Only", ESPOTA_VERDICT_WORDS, "Only", ""},
    {"1460ERROR[4]: Not Enough Space\n", ESPOTA_VERDICT_SAID, "ERROR[4]: Not Enough Space\n", ""},
    {"ERROR[4]: Not Enough Space\nOK", ESPOTA_VERDICT_SAID, "ERROR[4]: Not Enough Space\n", "OK"},
    {"MD5 Check Failed\r\n", ESPOTA_VERDICT_SAID, "MD5 Check Failed\r\n", ""},
    {"all is OK", ESPOTA_VERDICT_WORDS, "all is OK", ""},
    {"-1", ESPOTA_VERDICT_WORDS, "-1", ""},
    {"\x80\xff", ESPOTA_VERDICT_WORDS, "\x80\xff", ""},
};

START_TEST(test_cases)
{
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const struct verdict_case *c = &cases[i];
        size_t length = strlen(c->stream);
        struct espota_verdict verdict = {0};

        for (size_t at = 0; at < length; at++) {
            enum espota_verdict_state state = espota_verdict_take(&verdict, (uint8_t)c->stream[at]);
            bool final = state == ESPOTA_VERDICT_OK || state == ESPOTA_VERDICT_SAID;

            ck_assert_int_eq(state, verdict.state);
            ck_assert_msg(final ==
                              (at + 1 >= length - strlen(c->ignored) &&
                               (c->state == ESPOTA_VERDICT_OK || c->state == ESPOTA_VERDICT_SAID)),
                          "%s at %zu", c->stream, at);
        }
        ck_assert_msg(verdict.state == c->state, "%s", c->stream);
        ck_assert_uint_eq(verdict.length, strlen(c->words));
        ck_assert_mem_eq(verdict.words, c->words, verdict.length);
    }
}
END_TEST

START_TEST(test_nul_begins_words)
{
    struct espota_verdict verdict = {0};

    ck_assert_int_eq(espota_verdict_take(&verdict, '\0'), ESPOTA_VERDICT_WORDS);
    ck_assert_uint_eq(verdict.length, 1);
}
END_TEST

START_TEST(test_words_are_bounded)
{
    for (size_t wanted = ESPOTA_WORDS_MAX - 1; wanted <= ESPOTA_WORDS_MAX + 1; wanted++) {
        struct espota_verdict verdict = {0};

        for (size_t i = 0; i < wanted; i++)
            espota_verdict_take(&verdict, 'x');
        ck_assert_int_eq(verdict.state,
                         wanted < ESPOTA_WORDS_MAX ? ESPOTA_VERDICT_WORDS : ESPOTA_VERDICT_SAID);
        ck_assert_uint_eq(verdict.length, wanted < ESPOTA_WORDS_MAX ? wanted : ESPOTA_WORDS_MAX);
    }
}
END_TEST

START_TEST(test_say_is_bounded)
{
    struct espota_verdict verdict = {0};
    char long_text[ESPOTA_WORDS_MAX + 10];

    memset(long_text, 'y', sizeof(long_text));
    espota_verdict_say(&verdict, "xx", 2);
    espota_verdict_say(&verdict, NULL, 0);
    espota_verdict_say(&verdict, long_text, sizeof(long_text));
    espota_verdict_say(&verdict, "z", 1);
    ck_assert_uint_eq(verdict.length, ESPOTA_WORDS_MAX);
    ck_assert_mem_eq(verdict.words, "xxy", 3);
    ck_assert_uint_eq(verdict.words[ESPOTA_WORDS_MAX - 1], 'y');
    ck_assert_int_eq(verdict.state, ESPOTA_VERDICT_NONE);
}
END_TEST

UNIT_MAIN("send/verdict", test_cases, test_nul_begins_words, test_words_are_bounded,
          test_say_is_bounded)
