/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "wire/wire.h"

START_TEST(test_hex_round_trip)
{
    uint8_t bytes[256];
    uint8_t back[256];
    char text[513];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)i;
    espota_hex_encode(bytes, sizeof(bytes), text);
    ck_assert_uint_eq(strlen(text), 512);
    ck_assert(espota_hex_is(text, 512));
    ck_assert(espota_hex_decode(text, back, sizeof(back)));
    ck_assert_mem_eq(bytes, back, sizeof(bytes));
}
END_TEST

START_TEST(test_hex_refuses_what_is_none)
{
    uint8_t byte;

    ck_assert(!espota_hex_is("", 0));
    ck_assert(!espota_hex_is("0g", 2));
    ck_assert(espota_hex_is("aFxx", 2));
    ck_assert(!espota_hex_decode("g0", &byte, 1));
    ck_assert(!espota_hex_decode("0/", &byte, 1));
    ck_assert(!espota_hex_decode("0:", &byte, 1));
}
END_TEST

START_TEST(test_decimal)
{
    uint32_t value = 7;

    ck_assert(espota_decimal_parse("4294967295", 10, UINT32_MAX, &value));
    ck_assert_uint_eq(value, UINT32_MAX);
    ck_assert(!espota_decimal_parse("4294967296", 10, UINT32_MAX, &value));
    ck_assert(!espota_decimal_parse("65536", 5, 65535, &value));
    ck_assert(!espota_decimal_parse("", 0, UINT32_MAX, &value));
    ck_assert(!espota_decimal_parse("-1", 2, UINT32_MAX, &value));
    ck_assert(!espota_decimal_parse("1 ", 2, UINT32_MAX, &value));
    ck_assert(!espota_decimal_parse("99999999999999999999999", 23, UINT32_MAX, &value));
}
END_TEST

START_TEST(test_equal_secret)
{
    ck_assert(espota_equal_secret("abc", "abd", 2));
    ck_assert(!espota_equal_secret("abc", "abd", 3));
    ck_assert(!espota_equal_secret("abc", "xbc", 3));
}
END_TEST

START_TEST(test_wipe)
{
    uint8_t bytes[4] = {1, 2, 3, 4};

    espota_wipe(bytes, 3);
    ck_assert_mem_eq(bytes, "\0\0\0\x04", 4);
}
END_TEST

static void expect_shown(const char *raw, size_t length, const char *shown)
{
    char out[128];
    struct guarded g = guarded_copy(raw, length);

    ck_assert_uint_eq(espota_text_printable(g.bytes, length, out, sizeof(out)), strlen(shown));
    ck_assert_str_eq(out, shown);
    guarded_free(&g);
}

START_TEST(test_printable_keeps_words_and_disarms_the_rest)
{
    expect_shown("", 0, "");
    expect_shown("ERROR[4]: Not Enough Space\n", 27, "ERROR[4]: Not Enough Space");
    expect_shown("a\r\nb\tc\\\r\n", 9, "a\\r\\nb\\tc\\\\");
    expect_shown("\x1b[31m\x07\0", 7, "\\x1b[31m\\x07\\x00");
    expect_shown("k\xc3\xa4se \xe2\x82\xac \xf0\x9f\x98\x80", 14,
                 "k\xc3\xa4se \xe2\x82\xac \xf0\x9f\x98\x80");
    expect_shown("\xc2\x9b"
                 "31m",
                 5, "\\xc2\\x9b31m");                                     /* C1 control */
    expect_shown("\xc0\xaf\xe0\x80\xaf", 5, "\\xc0\\xaf\\xe0\\x80\\xaf"); /* overlong */
    expect_shown("\xed\xa0\x80", 3, "\\xed\\xa0\\x80");                   /* surrogate */
    expect_shown("\xe2\x80\xae", 3, "\\xe2\\x80\\xae"); /* right-to-left override */
    expect_shown("\xe2\x82", 2, "\\xe2\\x82");          /* cut short */
    expect_shown("\xf5\x80\x80\x80", 4, "\\xf5\\x80\\x80\\x80");
}
END_TEST

START_TEST(test_printable_cuts_on_a_whole_escape)
{
    char out[16];

    for (size_t room = 5; room <= sizeof(out); room++) {
        size_t length = espota_text_printable("\x01\x02\x03\x04", 4, out, room);

        ck_assert_uint_lt(length, room);
        ck_assert_uint_eq(strlen(out), length);
        ck_assert_str_eq(out + length - 3, "...");
        ck_assert_uint_eq((length - 3) % 4, 0);
    }
    ck_assert_uint_eq(espota_text_printable("12345678", 8, out, 9), 8);
    ck_assert_str_eq(out, "12345678");
    espota_text_printable("123456789", 9, out, 9);
    ck_assert_str_eq(out, "12345...");
}
END_TEST

UNIT_MAIN("wire/text", test_hex_round_trip, test_hex_refuses_what_is_none, test_decimal,
          test_equal_secret, test_wipe, test_printable_keeps_words_and_disarms_the_rest,
          test_printable_cuts_on_a_whole_escape)
