/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "wire/wire.h"

#define MD5 "f4b259b7e1866cfb6af2377bd86ae213"
#define A32 "abababababababababababababababab"
#define C32 "cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd"

static enum espota_status parse_invitation(const char *text, size_t length,
                                           struct espota_invitation *out)
{
    struct guarded g = guarded_copy(text, length);
    enum espota_status status;

    memset(out, 0xee, sizeof(*out));
    status = espota_invitation_parse(g.bytes, length, out);
    guarded_free(&g);
    return status;
}

START_TEST(test_invitation_is_written_as_every_device_reads_it)
{
    struct espota_invitation invitation = {ESPOTA_COMMAND_FLASH, 43210, 4, MD5};
    static const char expected[] = "0 43210 4 " MD5 "\n";
    uint8_t out[ESPOTA_DATAGRAM_MAX];

    for (size_t room = 0; room < sizeof(expected) - 1; room++)
        ck_assert_uint_eq(espota_invitation_write(&invitation, out, room), 0);
    ck_assert_uint_eq(espota_invitation_write(&invitation, out, sizeof(expected) - 1),
                      sizeof(expected) - 1);
    ck_assert_mem_eq(out, expected, sizeof(expected) - 1);

    invitation = (struct espota_invitation){ESPOTA_COMMAND_FILESYSTEM, 65535, UINT32_MAX, MD5};
    ck_assert_uint_gt(espota_invitation_write(&invitation, out, sizeof(out)), 0);
    ck_assert_mem_eq(out, "100 65535 4294967295 " MD5 "\n", 54);
}
END_TEST

START_TEST(test_invitation_round_trip)
{
    static const struct espota_invitation all[] = {
        {ESPOTA_COMMAND_FLASH, 1, 1, MD5},
        {ESPOTA_COMMAND_FILESYSTEM, 65535, INT32_MAX, A32},
    };

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        uint8_t out[ESPOTA_DATAGRAM_MAX];
        size_t length = espota_invitation_write(&all[i], out, sizeof(out));
        struct espota_invitation back;

        ck_assert_int_eq(parse_invitation((const char *)out, length, &back), ESPOTA_OK);
        ck_assert_int_eq(back.command, all[i].command);
        ck_assert_uint_eq(back.port, all[i].port);
        ck_assert_uint_eq(back.size, all[i].size);
        ck_assert_str_eq(back.md5, all[i].md5);
    }
}
END_TEST

struct invitation_case {
    const char *text;
    size_t length;
    enum espota_status status;
    struct espota_invitation invitation;
};

#define GOOD(text, command, port, size, md5)                                                       \
    {                                                                                              \
        text, sizeof(text) - 1, ESPOTA_OK,                                                         \
        {                                                                                          \
            command, port, size, md5                                                               \
        }                                                                                          \
    }
#define IGNORED(text)                                                                              \
    {                                                                                              \
        text, sizeof(text) - 1, ESPOTA_BAD,                                                        \
        {                                                                                          \
            0, 0, 0, ""                                                                            \
        }                                                                                          \
    }

/* What the code of the ESP8266 does with each, worked out from its source. */
static const struct invitation_case invitation_cases[] = {
    GOOD("0 8 4 " MD5 "\n", 0, 8, 4, MD5), GOOD("0 8 4 " MD5, 0, 8, 4, MD5),
    GOOD("0 8 4 " MD5 "\r\n", 0, 8, 4, MD5), GOOD("0 8 4 " MD5 "\0rest", 0, 8, 4, MD5),
    GOOD("0 8 4 " MD5 "\nrest", 0, 8, 4, MD5), GOOD("0 8 4 " MD5 " \t\v\f\r\n", 0, 8, 4, MD5),
    GOOD("   0   8   4   " MD5 "\n", 0, 8, 4, MD5), GOOD("000 008 004 " MD5, 0, 8, 4, MD5),
    GOOD("100 8 4 " MD5, 100, 8, 4, MD5),
    /* one byte is dropped, whatever it is, a line end included */
    GOOD("0 8 4x" MD5, 0, 8, 4, MD5), GOOD("0 8 4\n" MD5 "\n", 0, 8, 4, MD5),
    /* no number counts as 0 and stays where it is */
    GOOD("x" MD5, 0, 0, 0, MD5), GOOD("-" MD5, 0, 0, 0, MD5), GOOD("\0" MD5, 0, 0, 0, MD5),
    GOOD("0 8\t" MD5, 0, 8, 0, MD5),
    /* any 32 characters are an MD5 to the parser */
    GOOD("0 8 4 gh?! \x80\xff_ABCDEFGHIJKLMNOPQRSTUVWX", 0, 8, 4,
         "gh?! \x80\xff_ABCDEFGHIJKLMNOPQRSTUVWX"),
    /* atoi stops at the largest int; 16 digits and more are no number at all */
    GOOD("0 65616 2147483648 " MD5, 0, 80, INT32_MAX, MD5),
    GOOD("0 8 999999999999999 " MD5, 0, 8, INT32_MAX, MD5),
    GOOD("0 2147483647 4 " MD5, 0, 65535, 4, MD5), GOOD("0 8 1234567890123456 " MD5, 0, 8, 0, MD5),
    GOOD("0000000000000000"
         "12 34 " MD5,
         0, 12, 34, MD5),
    IGNORED(""), IGNORED("0"), IGNORED("0 8 4"), IGNORED("0 8 4 "), IGNORED("1 8 4 " MD5),
    IGNORED("101 8 4 " MD5), IGNORED("200 8 4 " MD5), IGNORED("999999999999999 8 4 " MD5),
    IGNORED("0 8 4 " MD5 "0"), IGNORED("0 8 4 " MD5 " 0"),
    IGNORED("0 8 4 4b259b7e1866cfb6af2377bd86ae213"), IGNORED("0 8 4 \n" MD5),
    IGNORED("0 8 4 \0" MD5), IGNORED("0 8 " MD5), /* the 4 of the size is missing: f is dropped */
};

START_TEST(test_invitation_is_read_as_the_device_reads_it)
{
    for (size_t i = 0; i < sizeof(invitation_cases) / sizeof(invitation_cases[0]); i++) {
        const struct invitation_case *c = &invitation_cases[i];
        struct espota_invitation out;

        ck_assert_msg(parse_invitation(c->text, c->length, &out) == c->status, "case %zu: %s", i,
                      c->text);
        if (c->status != ESPOTA_OK)
            continue;
        ck_assert_int_eq(out.command, c->invitation.command);
        ck_assert_uint_eq(out.port, c->invitation.port);
        ck_assert_uint_eq(out.size, c->invitation.size);
        ck_assert_str_eq(out.md5, c->invitation.md5);
    }
}
END_TEST

START_TEST(test_invitation_cut_at_every_byte)
{
    static const char whole[] = "100 43210 1234 " MD5 "\n";
    struct espota_invitation out;

    for (size_t length = 0; length < sizeof(whole) - 2; length++)
        ck_assert_int_eq(parse_invitation(whole, length, &out), ESPOTA_BAD);
    ck_assert_int_eq(parse_invitation(whole, sizeof(whole) - 2, &out), ESPOTA_OK);
}
END_TEST

static enum espota_status parse_reply(const char *text, size_t length, struct guarded *g,
                                      struct espota_reply *out)
{
    *g = guarded_copy(text, length);
    return espota_reply_parse(g->bytes, length, out);
}

struct reply_case {
    const char *text;
    size_t length;
    enum espota_reply_kind kind;
    const char *rest;
};

#define REPLY(text, kind, rest)                                                                    \
    {                                                                                              \
        text, sizeof(text) - 1, kind, rest                                                         \
    }

static const struct reply_case reply_cases[] = {
    REPLY("OK", ESPOTA_REPLY_OK, ""),
    REPLY("OK\n", ESPOTA_REPLY_OK, "\n"),
    REPLY("OK\0", ESPOTA_REPLY_OK, NULL),
    REPLY("OK 1460", ESPOTA_REPLY_OK, " 1460"),
    REPLY("OKAY", ESPOTA_REPLY_ERROR, "OKAY"),
    REPLY("O", ESPOTA_REPLY_ERROR, "O"),
    REPLY("ok", ESPOTA_REPLY_ERROR, "ok"),
    REPLY("AUTH " A32, ESPOTA_REPLY_CHALLENGE, A32),
    REPLY("AUTH " A32 C32, ESPOTA_REPLY_CHALLENGE, A32 C32),
    REPLY("AUTH  " A32 "\r\n", ESPOTA_REPLY_CHALLENGE, A32),
    REPLY("AUTH " A32 "\0" A32, ESPOTA_REPLY_CHALLENGE, A32),
    REPLY("AUTH " A32 " " C32, ESPOTA_REPLY_CHALLENGE, A32),
    REPLY("AUTH ABABABABABABABABABABABABABABABAB", ESPOTA_REPLY_CHALLENGE,
          "ABABABABABABABABABABABABABABABAB"),
    REPLY("AUTH", ESPOTA_REPLY_ERROR, "AUTH"),
    REPLY("AUTH:" A32, ESPOTA_REPLY_ERROR, "AUTH:" A32),
    REPLY("Authentication Failed", ESPOTA_REPLY_AUTH_FAILED, ""),
    REPLY("Authentication Failed\n", ESPOTA_REPLY_AUTH_FAILED, "\n"),
    REPLY("Authentication", ESPOTA_REPLY_ERROR, "Authentication"),
    REPLY("ERR: ERROR[4]: Not Enough Space\n", ESPOTA_REPLY_ERROR, "ERROR[4]: Not Enough Space\n"),
    REPLY("ERR: No Filesystem", ESPOTA_REPLY_ERROR, "No Filesystem"),
    REPLY("ERR:", ESPOTA_REPLY_ERROR, ""),
    REPLY("ERR:x", ESPOTA_REPLY_ERROR, "x"),
    REPLY("ERR: ", ESPOTA_REPLY_ERROR, ""),
    REPLY("Not Enough Space\r\n", ESPOTA_REPLY_ERROR, "Not Enough Space\r\n"),
    REPLY("1460", ESPOTA_REPLY_ERROR, "1460"),
};

START_TEST(test_reply_kinds)
{
    for (size_t i = 0; i < sizeof(reply_cases) / sizeof(reply_cases[0]); i++) {
        const struct reply_case *c = &reply_cases[i];
        struct espota_reply out;
        struct guarded g;

        ck_assert_msg(parse_reply(c->text, c->length, &g, &out) == ESPOTA_OK, "%s", c->text);
        ck_assert_msg(out.kind == c->kind, "%s", c->text);
        if (c->rest != NULL) {
            ck_assert_uint_eq(out.length, strlen(c->rest));
            ck_assert_mem_eq(out.text, c->rest, out.length);
        }
        guarded_free(&g);
    }
}
END_TEST

START_TEST(test_reply_that_is_none)
{
    static const char *const bad[] = {
        "",
        "AUTH ",
        "AUTH  ",
        "AUTH abab",
        "AUTH " A32 "0",
        "AUTH " A32 C32 "0",
        "AUTH gbababababababababababababababab",
        "AUTH abababababababababababababababa",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct espota_reply out;
        struct guarded g;

        ck_assert_msg(parse_reply(bad[i], strlen(bad[i]), &g, &out) == ESPOTA_BAD, "%s", bad[i]);
        guarded_free(&g);
    }
}
END_TEST

START_TEST(test_challenge_cut_at_every_byte)
{
    static const char whole[] = "AUTH " A32 C32;

    for (size_t length = 5; length <= sizeof(whole) - 1; length++) {
        struct espota_reply out;
        struct guarded g;
        enum espota_status expected = length == 37 || length == 69 ? ESPOTA_OK : ESPOTA_BAD;

        ck_assert_int_eq(parse_reply(whole, length, &g, &out), expected);
        guarded_free(&g);
    }
}
END_TEST

static enum espota_status parse_answer(const char *text, size_t length, size_t digits,
                                       struct espota_answer *out)
{
    struct guarded g = guarded_copy(text, length);
    enum espota_status status = espota_answer_parse(g.bytes, length, digits, out);

    guarded_free(&g);
    return status;
}

START_TEST(test_answer_round_trip)
{
    static const struct espota_answer all[] = {{A32, C32}, {A32 C32, C32 A32}};
    static const size_t lengths[] = {70, 134};

    for (size_t i = 0; i < 2; i++) {
        uint8_t out[ESPOTA_DATAGRAM_MAX];
        size_t digits = strlen(all[i].cnonce);
        size_t length = espota_answer_write(&all[i], out, sizeof(out));
        struct espota_answer back;

        ck_assert_uint_eq(length, lengths[i]);
        ck_assert_uint_eq(espota_answer_write(&all[i], out, length), length);
        ck_assert_uint_eq(espota_answer_write(&all[i], out, length - 1), 0);
        length = espota_answer_write(&all[i], out, sizeof(out));
        ck_assert_int_eq(parse_answer((const char *)out, length, digits, &back), ESPOTA_OK);
        ck_assert_str_eq(back.cnonce, all[i].cnonce);
        ck_assert_str_eq(back.response, all[i].response);
        ck_assert_int_eq(parse_answer((const char *)out, length, 96 - digits, &back), ESPOTA_BAD);
        for (size_t cut = 0; cut < length - 1; cut++)
            ck_assert_int_eq(parse_answer((const char *)out, cut, digits, &back), ESPOTA_BAD);
    }
}
END_TEST

struct answer_case {
    const char *text;
    size_t length;
    enum espota_status status;
};

#define ANSWER(text, status)                                                                       \
    {                                                                                              \
        text, sizeof(text) - 1, status                                                             \
    }

static const struct answer_case answer_cases[] = {
    ANSWER("200 " A32 " " C32 "\n", ESPOTA_OK),
    ANSWER("200 " A32 " " C32, ESPOTA_OK),
    ANSWER("  0200 " A32 " " C32 "\nrest", ESPOTA_OK),
    ANSWER("200x" A32 " " C32 "\0rest", ESPOTA_OK),
    ANSWER("200 " A32 "\0" C32, ESPOTA_OK),
    ANSWER("201 " A32 " " C32 "\n", ESPOTA_BAD),
    ANSWER("0 8 4 f4b259b7e1866cfb6af2377bd86ae213\n", ESPOTA_BAD),
    ANSWER("200  " A32 " " C32 "\n", ESPOTA_BAD),  /* the second space ends an empty cnonce */
    ANSWER("200 " A32 "  " C32 "\n", ESPOTA_BAD),  /* it belongs to the response */
    ANSWER("200 " A32 " " C32 "\r\n", ESPOTA_BAD), /* and so does this CR */
    ANSWER("200 " A32 " " C32 " \n", ESPOTA_BAD),
    ANSWER("200 " A32 "0 " C32 "\n", ESPOTA_BAD),
    ANSWER("", ESPOTA_BAD),
};

START_TEST(test_answer_is_read_as_the_device_reads_it)
{
    for (size_t i = 0; i < sizeof(answer_cases) / sizeof(answer_cases[0]); i++) {
        const struct answer_case *c = &answer_cases[i];
        struct espota_answer out;

        ck_assert_msg(parse_answer(c->text, c->length, 32, &out) == c->status, "%s", c->text);
        if (c->status == ESPOTA_OK) {
            ck_assert_str_eq(out.cnonce, A32);
            ck_assert_str_eq(out.response, C32);
        }
    }
}
END_TEST

START_TEST(test_answer_longer_than_any_scheme)
{
    static const char text[] = "200 " A32 C32 "0 " A32 C32 "0\n";
    struct espota_answer out;

    ck_assert_int_eq(parse_answer(text, sizeof(text) - 1, 65, &out), ESPOTA_BAD);
}
END_TEST

UNIT_MAIN("wire/wire", test_invitation_is_written_as_every_device_reads_it,
          test_invitation_round_trip, test_invitation_is_read_as_the_device_reads_it,
          test_invitation_cut_at_every_byte, test_reply_kinds, test_reply_that_is_none,
          test_challenge_cut_at_every_byte, test_answer_round_trip,
          test_answer_is_read_as_the_device_reads_it, test_answer_longer_than_any_scheme)
