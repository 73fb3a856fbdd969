/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/espota/sender.h"

#include <stdbool.h>
#include <stdio.h>

#include "crypto/crypto.h"

#define MD5 "f4b259b7e1866cfb6af2377bd86ae213"
#define N32 "25d55ad283aa400af464c76d713c07ad"
#define M32 "00000000000000000000000000000001"
#define N64 N32 N32
#define M64 M32 M32
#define INVITATION "0 43210 1000 " MD5 "\n"

enum { TIMEOUT = 10000, VERDICT = 60000, SIZE = 1000 };

/* One attempt with a clock of its own. It starts late, so that a zero somewhere is found. */
struct attempt {
    struct espota_sender s;
    struct espota_crypto_openssl crypto;
    uint64_t start;
    uint64_t now;
};

static void attempt_init(struct attempt *a, const char *password, enum espota_auth_method method)
{
    struct espota_sender_config config = {
        .invitation = {ESPOTA_COMMAND_FLASH, 43210, SIZE, MD5},
        .method = method,
        .password = password,
        .password_length = password != NULL ? strlen(password) : 0,
        .timeout_ms = TIMEOUT,
        .verdict_ms = VERDICT,
    };

    espota_crypto_openssl_init(&a->crypto);
    config.crypto = &a->crypto.table;
    a->start = a->now = 1000000007;
    memset(&a->s, 0xee, sizeof(a->s));
    espota_sender_init(&a->s, &config, a->now);
}

static void attempt_deinit(struct attempt *a)
{
    espota_sender_deinit(&a->s);
    espota_crypto_openssl_deinit(&a->crypto);
}

static bool wants(const struct attempt *a, unsigned flag)
{
    return (espota_sender_want(&a->s) & flag) == flag;
}

static void at(struct attempt *a, uint64_t ms)
{
    a->now = a->start + ms;
    espota_sender_tick(&a->s, a->now);
}

static void expect_next(const struct attempt *a, uint64_t ms)
{
    uint64_t next = 0;

    ck_assert(espota_sender_deadline(&a->s, &next));
    ck_assert_uint_eq(next - a->start, ms);
}

static void expect_end(const struct attempt *a, enum espota_status status, const char *words)
{
    uint64_t next;
    size_t length;
    const uint8_t *said = espota_sender_words(&a->s, &length);

    ck_assert_int_eq(espota_sender_phase(&a->s), ESPOTA_PHASE_OVER);
    ck_assert_int_eq(espota_sender_status(&a->s), status);
    ck_assert_uint_eq(espota_sender_want(&a->s),
                      status == ESPOTA_OK ? ESPOTA_WANT_DONE : ESPOTA_WANT_FAILED);
    ck_assert(!espota_sender_deadline(&a->s, &next));
    ck_assert_ptr_null(espota_sender_tx(&a->s, &(size_t){0}));
    ck_assert_uint_eq(length, strlen(words));
    ck_assert_mem_eq(said, words, length);
}

static void hear(struct attempt *a, const char *text)
{
    struct guarded g = guarded_copy(text, strlen(text));

    espota_sender_rx_datagram(&a->s, g.bytes, strlen(text), a->now);
    guarded_free(&g);
}

static void expect_invitation(struct attempt *a)
{
    size_t length;
    const uint8_t *datagram;

    ck_assert(wants(a, ESPOTA_WANT_DATAGRAM_OUT));
    datagram = espota_sender_tx(&a->s, &length);
    ck_assert_uint_eq(length, strlen(INVITATION));
    ck_assert_mem_eq(datagram, INVITATION, length);
    espota_sender_tx_ack(&a->s, a->now);
    ck_assert(!wants(a, ESPOTA_WANT_DATAGRAM_OUT));
}

/* The answer that is wanted out fits this nonce and this form of this password. */
static void expect_answer(struct attempt *a, const char *nonce, enum espota_password_form form,
                          const char *password)
{
    size_t length;
    const uint8_t *datagram = espota_sender_tx(&a->s, &length);
    struct espota_answer answer;
    char hash[ESPOTA_NONCE_MAX + 1];
    char response[ESPOTA_NONCE_MAX + 1];

    ck_assert_ptr_nonnull(datagram);
    ck_assert_int_eq(espota_answer_parse(datagram, length, strlen(nonce), &answer), ESPOTA_OK);
    ck_assert_int_eq(espota_password_hash(&a->crypto.table, form, password, strlen(password), hash),
                     ESPOTA_OK);
    ck_assert_int_eq(espota_auth_response(&a->crypto.table, hash, nonce, answer.cnonce, response),
                     ESPOTA_OK);
    ck_assert_str_eq(answer.response, response);
    espota_sender_tx_ack(&a->s, a->now);
    ck_assert(!wants(a, ESPOTA_WANT_DATAGRAM_OUT));
}

static void expect_silence(const struct attempt *a)
{
    ck_assert(!wants(a, ESPOTA_WANT_DATAGRAM_OUT));
    ck_assert_ptr_null(espota_sender_tx(&a->s, &(size_t){0}));
}

/* Invitations. */

START_TEST(test_first_invitation_at_once)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_INVITING);
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_DATAGRAM_OUT | ESPOTA_WANT_DATAGRAM_IN);
    expect_next(&a, TIMEOUT); /* nothing is resent before the first has left */
    expect_invitation(&a);
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_DATAGRAM_IN | ESPOTA_WANT_ACCEPT);
    expect_next(&a, ESPOTA_FIRST_GAP_MS);
    espota_sender_tx_ack(&a.s, a.now); /* one too many changes nothing */
    expect_next(&a, ESPOTA_FIRST_GAP_MS);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_invitations_until_the_timeout)
{
    static const uint64_t times[] = {2250, 6250};
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
        expect_next(&a, times[i]);
        at(&a, times[i] - 1);
        expect_silence(&a);
        at(&a, times[i]);
        expect_invitation(&a);
    }
    /* the second one can wait to be read for as long as any other */
    at(&a, 10250);
    expect_invitation(&a);
    expect_next(&a, 2250 + 9000);
    at(&a, 2250 + 8999);
    expect_silence(&a);
    at(&a, 2250 + 9000);
    expect_end(&a, ESPOTA_E_NO_ANSWER, "");
    ck_assert_uint_eq(espota_sender_challenge(&a.s), 0);
    attempt_deinit(&a);
}
END_TEST

/* With a password a second one leaves only when the first cannot be unread any more. */
START_TEST(test_patience_with_a_password)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    expect_next(&a, 8500);
    at(&a, 8500);
    expect_invitation(&a);
    expect_next(&a, 17000);
    at(&a, 17000);
    expect_invitation(&a); /* the challenge may have been lost, and the second have ended it */
    expect_next(&a, 19000);
    at(&a, 19000);
    expect_end(&a, ESPOTA_E_NO_ANSWER, "");
    attempt_deinit(&a);
}
END_TEST

/* Somebody says that nobody is there: the time-out is the time-out. */
START_TEST(test_unreachable_is_not_waited_for)
{
    struct attempt a;

    for (int late = 0; late < 2; late++) {
        attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
        expect_invitation(&a);
        if (!late) {
            at(&a, 7500);
            espota_sender_unreachable(&a.s, a.now);
        }
        at(&a, 8500);
        expect_invitation(&a);
        expect_next(&a, late ? 17000 : TIMEOUT);
        if (late)
            espota_sender_unreachable(&a.s, a.now);
        at(&a, TIMEOUT);
        expect_end(&a, ESPOTA_E_NO_ANSWER, "");
        attempt_deinit(&a);
    }
    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    espota_sender_unreachable(&a.s, a.now); /* it has just spoken: that was about an earlier one */
    expect_next(&a, 8500);
    attempt_deinit(&a);
}
END_TEST

/* What was turned back waits in no queue, so the next one cannot end a challenge. */
START_TEST(test_one_that_came_back_is_sent_again_soon)
{
    struct attempt a;

    attempt_init(&a, "wrong", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    espota_sender_unreachable(&a.s, a.now);
    expect_next(&a, 1000);
    at(&a, 1000);
    expect_invitation(&a);
    expect_next(&a, 9500); /* this one may wait as long as any */
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "wrong");
    hear(&a, "Authentication Failed");
    expect_end(&a, ESPOTA_E_AUTH, ""); /* nothing can have crossed it */
    attempt_deinit(&a);

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    at(&a, 2250);
    expect_invitation(&a);
    espota_sender_unreachable(&a.s, a.now); /* it is not said which of the two */
    expect_next(&a, 2250 + 4000);
    attempt_deinit(&a);
}
END_TEST

/* A long timeout is for a device that sleeps: it must not fall between two invitations. */
START_TEST(test_gaps_stop_growing)
{
    struct attempt a;
    uint64_t due = 0;
    uint64_t last = 0;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    a.s.deadline = a.start + 3600000;
    expect_invitation(&a);
    for (int i = 0; i < 500; i++) {
        ck_assert(espota_sender_deadline(&a.s, &due));
        ck_assert_uint_le(due - a.now, ESPOTA_LAST_GAP_MS);
        ck_assert_uint_ge(due - a.now, last);
        last = due - a.now;
        at(&a, due - a.start);
        expect_invitation(&a);
    }
    ck_assert_uint_eq(last, ESPOTA_LAST_GAP_MS);
    attempt_deinit(&a);
}
END_TEST

/* The loop may be late, or the socket full: the gap counts from when the datagram left. */
START_TEST(test_late_ticks_do_not_burst)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    at(&a, 400);
    expect_invitation(&a);
    expect_next(&a, 400 + 2250);
    at(&a, 5000);
    expect_invitation(&a);
    expect_next(&a, 9000);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_ok_at_each_invitation)
{
    static const uint64_t times[] = {0, 2250, 6250, 10250};

    for (size_t last = 0; last < sizeof(times) / sizeof(times[0]); last++) {
        struct attempt a;

        attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
        for (size_t i = 0; i <= last; i++) {
            at(&a, times[i]);
            expect_invitation(&a);
        }
        hear(&a, "OK");
        ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_CALLBACK);
        ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_DATAGRAM_IN | ESPOTA_WANT_ACCEPT);
        expect_next(&a, times[last] + TIMEOUT);
        attempt_deinit(&a);
    }
}
END_TEST

/* The last moment counts: an OK together with the deadline is an OK if it is read first. */
START_TEST(test_ok_just_before_the_timeout)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    at(&a, TIMEOUT - 1);
    hear(&a, "OK");
    at(&a, TIMEOUT);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_CALLBACK);
    at(&a, TIMEOUT - 1 + TIMEOUT - 1);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_CALLBACK);
    at(&a, TIMEOUT - 1 + TIMEOUT);
    expect_end(&a, ESPOTA_E_NO_CALLBACK, "");
    hear(&a, "OK");
    expect_end(&a, ESPOTA_E_NO_CALLBACK, "");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_a_queued_invitation_is_dropped_when_ok_comes)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    at(&a, 2250);
    ck_assert(wants(&a, ESPOTA_WANT_DATAGRAM_OUT));
    hear(&a, "OK");
    expect_silence(&a);
    at(&a, 9000);
    expect_silence(&a);
    attempt_deinit(&a);
}
END_TEST

/* The OK was lost: the connection says the same. */
START_TEST(test_connection_without_ok)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    espota_sender_connected(&a.s, a.now); /* before any invitation: not ours */
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_INVITING);
    expect_invitation(&a);
    at(&a, 250);
    espota_sender_connected(&a.s, a.now);
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_IMAGE_OUT);
    expect_silence(&a);
    expect_next(&a, 250 + TIMEOUT);
    attempt_deinit(&a);
}
END_TEST

/* Words by datagram. */

START_TEST(test_refusals_by_datagram)
{
    static const char *const cases[][2] = {
        {"ERR: ERROR[4]: Not Enough Space\n", "ERROR[4]: Not Enough Space\n"},
        {"ERR: No Filesystem", "No Filesystem"},
        {"ERR: ", ""},
        {"go away", "go away"},
        {"AUTH 1234", "AUTH 1234"}, /* a challenge that nobody can answer */
        {"AUTH ", "AUTH "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt a;

        attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
        expect_invitation(&a);
        hear(&a, cases[i][0]);
        expect_end(&a, ESPOTA_E_REFUSED, cases[i][1]);
        attempt_deinit(&a);

        attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
        expect_invitation(&a);
        hear(&a, "OK");
        if (strncmp(cases[i][0], "AUTH", 4) != 0) {
            hear(&a, cases[i][0]);
            expect_end(&a, ESPOTA_E_REFUSED, cases[i][1]);
        }
        attempt_deinit(&a);
    }
}
END_TEST

START_TEST(test_long_words_are_cut)
{
    struct attempt a;
    char text[2 * ESPOTA_WORDS_MAX + 1];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, text);
    text[ESPOTA_WORDS_MAX] = '\0';
    expect_end(&a, ESPOTA_E_REFUSED, text);
    attempt_deinit(&a);
}
END_TEST

/* One letter makes a text; its neighbours in the table of characters do not. */
START_TEST(test_what_a_letter_is)
{
    static const char *const letters[] = {"A", "Z", "a", "z", "1x2"};
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "@[`{");
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_INVITING);
    attempt_deinit(&a);
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
        expect_invitation(&a);
        hear(&a, letters[i]);
        expect_end(&a, ESPOTA_E_REFUSED, letters[i]);
        attempt_deinit(&a);
    }
}
END_TEST

/* What says nothing moves nothing: not the phase, not the gaps, not the deadline. */
START_TEST(test_strays_are_ignored)
{
    static const char *const strays[] = {
        "", "1460", "0 1 2\n", "\x01\x80\xff", "!?", "Authentication Failed"};
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    at(&a, 200);
    for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++)
        hear(&a, strays[i]);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_INVITING);
    expect_next(&a, 2250);
    hear(&a, "OK");
    for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++)
        hear(&a, strays[i]);
    hear(&a, "OK");
    hear(&a, "AUTH " N32);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_CALLBACK);
    expect_next(&a, 200 + TIMEOUT);
    attempt_deinit(&a);
}
END_TEST

/* Challenges. */

START_TEST(test_challenge_is_answered)
{
    static const struct {
        enum espota_auth_method method;
        const char *nonce;
        enum espota_password_form form;
    } cases[] = {
        {ESPOTA_METHOD_AUTO, N32, ESPOTA_FORM_MD5},
        {ESPOTA_METHOD_AUTO, N64, ESPOTA_FORM_SHA256},
        {ESPOTA_METHOD_MD5, N32, ESPOTA_FORM_MD5},
        {ESPOTA_METHOD_SHA256, N64, ESPOTA_FORM_SHA256},
        {ESPOTA_METHOD_MD5_FIRST, N32, ESPOTA_FORM_MD5},
        {ESPOTA_METHOD_MD5_FIRST, N64, ESPOTA_FORM_MD5},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt a;
        char challenge[80];

        snprintf(challenge, sizeof(challenge), "AUTH %s", cases[i].nonce);
        attempt_init(&a, "secret", cases[i].method);
        expect_invitation(&a);
        at(&a, 20);
        hear(&a, challenge);
        ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_ANSWERING);
        ck_assert_uint_eq(espota_sender_challenge(&a.s), strlen(cases[i].nonce));
        ck_assert_int_eq(espota_sender_form(&a.s), cases[i].form);
        expect_answer(&a, cases[i].nonce, cases[i].form, "secret");
        ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_DATAGRAM_IN | ESPOTA_WANT_ACCEPT);
        hear(&a, "OK");
        ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_CALLBACK);
        attempt_deinit(&a);
    }
}
END_TEST

START_TEST(test_method_refuses_the_other_challenge)
{
    static const struct {
        enum espota_auth_method method;
        const char *challenge;
        size_t digits;
    } cases[] = {
        {ESPOTA_METHOD_MD5, "AUTH " N64, 64},
        {ESPOTA_METHOD_SHA256, "AUTH " N32, 32},
    };

    for (size_t i = 0; i < 4; i++) {
        struct attempt a;

        attempt_init(&a, i < 2 ? "secret" : NULL, cases[i % 2].method);
        expect_invitation(&a);
        hear(&a, cases[i % 2].challenge);
        expect_end(&a, ESPOTA_E_AUTH, "");
        ck_assert_uint_eq(espota_sender_challenge(&a.s), cases[i % 2].digits);
        attempt_deinit(&a);
    }
}
END_TEST

START_TEST(test_empty_password_is_a_password)
{
    struct attempt a;

    attempt_init(&a, "", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    ck_assert(!wants(&a, ESPOTA_WANT_PASSWORD));
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "");
    attempt_deinit(&a);
}
END_TEST

/* Between challenge and answer no invitation leaves, even if one was due. */
START_TEST(test_challenge_holds_invitations_back)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    at(&a, 8500);
    ck_assert(wants(&a, ESPOTA_WANT_DATAGRAM_OUT)); /* the second one is queued */
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret"); /* and gives way */
    expect_next(&a, 2 * 8500);
    at(&a, 2 * 8500 - 1);
    expect_silence(&a);
    at(&a, 2 * 8500);
    expect_invitation(&a);
    expect_next(&a, 3 * 8500);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_newest_challenge_is_answered)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    at(&a, 100);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    at(&a, 8600);
    expect_invitation(&a);
    hear(&a, "AUTH " M32);
    expect_answer(&a, M32, ESPOTA_FORM_MD5, "secret");
    expect_next(&a, 8600 + 8500);
    attempt_deinit(&a);
}
END_TEST

/* A PBKDF2 for each: no invitation of ours has brought these, so they get none. */
START_TEST(test_unasked_challenges_are_not_answered)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    hear(&a, "AUTH " N64); /* before the first invitation has left */
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_answer(&a, N64, ESPOTA_FORM_SHA256, "secret");
    for (int i = 0; i < 1000; i++) {
        char challenge[80];

        snprintf(challenge, sizeof(challenge), "AUTH %064d", i);
        hear(&a, challenge);
        expect_silence(&a);
    }
    ck_assert_uint_eq(a.s.answers, 1);
    expect_next(&a, 8500);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_doubled_challenge_is_answered_once)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    at(&a, 100);
    hear(&a, "AUTH " N32);
    expect_silence(&a);
    expect_next(&a, 8500); /* it was no word of the device */
    at(&a, 8500);
    expect_invitation(&a);
    hear(&a, "AUTH " N32); /* after an invitation it is: this device has few nonces */
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    attempt_deinit(&a);
}
END_TEST

/* The scheme may change between two challenges: a device that was updated, or another one. */
START_TEST(test_shorter_challenge_after_a_longer_one)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_answer(&a, N64, ESPOTA_FORM_SHA256, "secret");
    at(&a, 8500);
    expect_invitation(&a);
    hear(&a, "AUTH " M32);
    expect_answer(&a, M32, ESPOTA_FORM_MD5, "secret");
    ck_assert_uint_eq(espota_sender_challenge(&a.s), 32);
    attempt_deinit(&a);
}
END_TEST

/* Each answer has the time-out; what nobody asked for does not move it. */
START_TEST(test_answering_has_one_deadline)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    at(&a, 100);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    for (uint64_t ms = 100; ms < 8600; ms += 100) {
        char challenge[80];

        at(&a, ms);
        snprintf(challenge, sizeof(challenge), "AUTH %032d", (int)ms);
        hear(&a, challenge);
        expect_silence(&a);
    }
    at(&a, 8600);
    espota_sender_unreachable(&a.s, a.now);
    ck_assert_uint_eq(a.s.deadline - a.start, 10100);
    at(&a, 10100);
    expect_end(&a, ESPOTA_E_NO_ANSWER, "");
    ck_assert_uint_eq(espota_sender_challenge(&a.s), 32);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_silence_after_every_answer)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_answer(&a, N64, ESPOTA_FORM_SHA256, "secret");
    at(&a, 8500);
    expect_invitation(&a);
    at(&a, 9000);
    hear(&a, "AUTH " M64);
    expect_answer(&a, M64, ESPOTA_FORM_SHA256, "secret");
    at(&a, 9000 + 8500);
    expect_invitation(&a);
    at(&a, 9000 + 17000);
    expect_invitation(&a);
    at(&a, 9000 + 17000 + 8500);
    expect_invitation(&a);
    at(&a, 9000 + 17000 + 9000);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_ANSWERING);
    at(&a, 9000 + 17000 + 10500);
    expect_end(&a, ESPOTA_E_NO_ANSWER, "");
    ck_assert_uint_eq(espota_sender_challenge(&a.s), 64);
    attempt_deinit(&a);
}
END_TEST

/* Refusals. */

START_TEST(test_clean_refusal_is_final)
{
    static const struct {
        enum espota_auth_method method;
        const char *challenge;
    } cases[] = {
        {ESPOTA_METHOD_AUTO, "AUTH " N32},      {ESPOTA_METHOD_MD5, "AUTH " N32},
        {ESPOTA_METHOD_SHA256, "AUTH " N64},    {ESPOTA_METHOD_MD5_FIRST, "AUTH " N32},
        {ESPOTA_METHOD_MD5_FIRST, "AUTH " N64},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt a;

        attempt_init(&a, "secret", cases[i].method);
        expect_invitation(&a);
        hear(&a, cases[i].challenge);
        hear(&a, "Authentication Failed"); /* before our answer: not about it */
        ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_ANSWERING);
        ck_assert(wants(&a, ESPOTA_WANT_DATAGRAM_OUT));
        espota_sender_tx_ack(&a.s, a.now);
        hear(&a, "Authentication Failed");
        expect_end(&a, ESPOTA_E_AUTH, "");
        attempt_deinit(&a);
    }
}
END_TEST

START_TEST(test_auto_goes_on_with_the_md5_form)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_answer(&a, N64, ESPOTA_FORM_SHA256, "secret");
    at(&a, 100);
    hear(&a, "Authentication Failed");
    hear(&a, "AUTH " N64); /* the old one, doubled on the way */
    expect_invitation(&a); /* at once: the device is idle and waits */
    expect_next(&a, 100 + 8500);
    hear(&a, "Authentication Failed"); /* the same one, doubled on the way */
    expect_silence(&a);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_ANSWERING);
    at(&a, 200);
    hear(&a, "AUTH " M64);
    ck_assert_int_eq(espota_sender_form(&a.s), ESPOTA_FORM_MD5);
    expect_answer(&a, M64, ESPOTA_FORM_MD5, "secret");
    at(&a, 300);
    hear(&a, "Authentication Failed");
    expect_end(&a, ESPOTA_E_AUTH, "");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_md5_form_accepted)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_answer(&a, N64, ESPOTA_FORM_SHA256, "secret");
    hear(&a, "Authentication Failed");
    /* the fresh invitation may be lost: it is sent again like any other */
    expect_invitation(&a);
    at(&a, 8500);
    expect_invitation(&a);
    hear(&a, "AUTH " M64);
    expect_answer(&a, M64, ESPOTA_FORM_MD5, "secret");
    hear(&a, "OK");
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_CALLBACK);
    attempt_deinit(&a);
}
END_TEST

/* A second challenge: the refusal may be of an answer to the one that was gone. */
START_TEST(test_crossed_refusal_proves_nothing)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    at(&a, 100);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    at(&a, 200);
    hear(&a, "AUTH " M32); /* an invitation that the network doubled: the answer came too late */
    hear(&a, "Authentication Failed");
    expect_silence(&a);
    at(&a, 200 + 8499);
    expect_silence(&a); /* until everything must be read */
    at(&a, 200 + 8500);
    expect_invitation(&a);
    at(&a, 9000);
    hear(&a, "AUTH " M32);
    expect_answer(&a, M32, ESPOTA_FORM_MD5, "secret");
    hear(&a, "Authentication Failed"); /* this time it proves something */
    expect_end(&a, ESPOTA_E_AUTH, "");
    attempt_deinit(&a);
}
END_TEST

/* Two answers of ours are without a reply, and there is one refusal. */
START_TEST(test_two_answers_make_it_crossed)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    at(&a, 8500);
    expect_invitation(&a);
    hear(&a, "AUTH " M32);
    expect_answer(&a, M32, ESPOTA_FORM_MD5, "secret");
    hear(&a, "Authentication Failed"); /* of the first one, read late, or of the second? */
    expect_silence(&a);
    at(&a, 8500 + 17000); /* twice what its slowest word took */
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    hear(&a, "Authentication Failed");
    expect_end(&a, ESPOTA_E_AUTH, "");
    attempt_deinit(&a);
}
END_TEST

/* A device that needs ten seconds for its PBKDF2 has an invitation behind our answer. */
START_TEST(test_an_invitation_behind_the_answer_is_awaited)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_answer(&a, N64, ESPOTA_FORM_SHA256, "secret");
    at(&a, 8500);
    expect_invitation(&a);
    at(&a, 9500);
    hear(&a, "Authentication Failed"); /* it took that long to compute */
    expect_silence(&a);
    ck_assert_int_eq(espota_sender_form(&a.s), ESPOTA_FORM_MD5);
    hear(&a, "AUTH " M64); /* of the one that waited behind the answer */
    expect_answer(&a, M64, ESPOTA_FORM_MD5, "secret");
    at(&a, 19000);
    expect_invitation(&a);
    at(&a, 19500);
    hear(&a, "Authentication Failed");
    expect_end(&a, ESPOTA_E_AUTH, "");
    attempt_deinit(&a);
}
END_TEST

/* A long wait without a password: more invitations than a counter holds are too many. */
START_TEST(test_many_invitations_stay_crossed)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    a.s.deadline = a.start + 36000000;
    for (int i = 0; i < 257; i++) {
        uint64_t due;

        expect_invitation(&a);
        ck_assert(espota_sender_deadline(&a.s, &due));
        at(&a, due - a.start);
    }
    hear(&a, "AUTH " N32);
    espota_sender_password(&a.s, "secret", 6, a.now);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    hear(&a, "Authentication Failed");
    expect_silence(&a);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_ANSWERING);
    attempt_deinit(&a);
}
END_TEST

/* However the exchanges cross, the answers are few. */
START_TEST(test_refusals_are_bounded)
{
    struct attempt a;
    int answers = 0;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    for (; espota_sender_phase(&a.s) != ESPOTA_PHASE_OVER && answers < 100; answers++) {
        uint64_t due;

        expect_invitation(&a);
        hear(&a, "AUTH " N64);
        if (answers == ESPOTA_ANSWERS_MAX)
            break;
        expect_answer(&a, N64, ESPOTA_FORM_SHA256, "secret");
        hear(&a, "AUTH " M64); /* two challenges: crossed every time */
        hear(&a, "Authentication Failed");
        ck_assert(espota_sender_deadline(&a.s, &due));
        at(&a, due - a.start);
    }
    ck_assert_int_eq(answers, ESPOTA_ANSWERS_MAX);
    expect_silence(&a);
    at(&a, 600000);
    expect_end(&a, ESPOTA_E_NO_ANSWER, ""); /* which is no reason to accuse */
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_deadline_after_a_refusal)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    hear(&a, "AUTH " M32);
    hear(&a, "Authentication Failed");
    espota_sender_unreachable(&a.s, a.now);
    for (uint64_t ms = 0; ms < 8500 + TIMEOUT; ms += 50) {
        at(&a, ms);
        espota_sender_tx_ack(&a.s, a.now);
    }
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_ANSWERING);
    at(&a, 8500 + TIMEOUT);
    expect_end(&a, ESPOTA_E_NO_ANSWER, ""); /* a crossed refusal is no reason to accuse */
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_error_after_an_answer)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    hear(&a, "ERR: ERROR[4]: Not Enough Space\n");
    expect_end(&a, ESPOTA_E_REFUSED, "ERROR[4]: Not Enough Space\n");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_connection_instead_of_ok_after_an_answer)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    at(&a, 200);
    espota_sender_connected(&a.s, a.now);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_STREAMING);
    attempt_deinit(&a);
}
END_TEST

/* A password that somebody has to type. */

START_TEST(test_password_is_asked_for)
{
    struct attempt a;
    uint64_t next;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    espota_sender_password(&a.s, "early", 5, a.now); /* nobody asked */
    expect_invitation(&a);
    at(&a, 2250);
    ck_assert(wants(&a, ESPOTA_WANT_DATAGRAM_OUT)); /* an invitation is queued, and held back */
    hear(&a, "AUTH " N32);
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_DATAGRAM_IN | ESPOTA_WANT_PASSWORD);
    ck_assert(!espota_sender_deadline(&a.s, &next));
    at(&a, 3600000);
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_DATAGRAM_IN | ESPOTA_WANT_PASSWORD);
    hear(&a, "OK"); /* of some other exchange: nothing was answered */
    espota_sender_connected(&a.s, a.now);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_ANSWERING);
    hear(&a, "AUTH " M32); /* and the newest one is kept for the answer */
    ck_assert(wants(&a, ESPOTA_WANT_PASSWORD));
    espota_sender_password(&a.s, "secret", 6, a.now);
    ck_assert(!wants(&a, ESPOTA_WANT_PASSWORD));
    ck_assert(wants(&a, ESPOTA_WANT_ACCEPT));
    expect_next(&a, 3600000 + TIMEOUT); /* the wait did not count */
    expect_answer(&a, M32, ESPOTA_FORM_MD5, "secret");
    expect_next(&a, 3600000 + 8500);
    /* a challenge that has expired meanwhile is replaced like a lost answer */
    at(&a, 3608500);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    hear(&a, "OK");
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_CALLBACK);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_no_password_fails)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    espota_sender_password(&a.s, NULL, 0, a.now);
    expect_end(&a, ESPOTA_E_AUTH, "");
    ck_assert_uint_eq(espota_sender_challenge(&a.s), 64);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_error_while_waiting_for_a_password)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    hear(&a, "ERR: busy");
    expect_end(&a, ESPOTA_E_REFUSED, "busy");
    espota_sender_password(&a.s, "secret", 6, a.now);
    expect_end(&a, ESPOTA_E_REFUSED, "busy");
    attempt_deinit(&a);
}
END_TEST

static enum espota_status no_random(void *context, void *out, size_t length)
{
    (void)context;
    (void)out;
    (void)length;
    return ESPOTA_E_LOCAL;
}

START_TEST(test_crypto_that_fails)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    a.crypto.table.random = no_random;
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_end(&a, ESPOTA_E_LOCAL, "");
    attempt_deinit(&a);

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    a.crypto.table.pbkdf2_sha256 = NULL;
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_end(&a, ESPOTA_E_FAILED, "");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_deinit_leaves_nothing)
{
    struct attempt a;
    static const struct espota_sender zeros;

    attempt_init(&a, "secret", ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    espota_sender_deinit(&a.s);
    ck_assert_mem_eq(&a.s, &zeros, sizeof(zeros));
    espota_crypto_openssl_deinit(&a.crypto);
}
END_TEST

/* The stream. */

static void attempt_connect(struct attempt *a)
{
    attempt_init(a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(a);
    hear(a, "OK");
    espota_sender_connected(&a->s, a->now);
    ck_assert_int_eq(espota_sender_phase(&a->s), ESPOTA_PHASE_STREAMING);
}

static void say(struct attempt *a, const char *text)
{
    struct guarded g = guarded_copy(text, strlen(text));

    espota_sender_rx_stream(&a->s, g.bytes, strlen(text), a->now);
    guarded_free(&g);
}

START_TEST(test_image_is_wanted_whatever_is_acknowledged)
{
    struct attempt a;

    attempt_connect(&a);
    for (uint32_t sent = 0; sent < SIZE; sent += 100) {
        ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_IMAGE_OUT);
        ck_assert_uint_eq(espota_sender_sent_total(&a.s), sent);
        espota_sender_sent(&a.s, 100, a.now);
    }
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_STREAM_IN);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_STREAMING);
    ck_assert_uint_eq(espota_sender_acked_total(&a.s), 0);
    espota_sender_acked(&a.s, SIZE - 1, a.now);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_STREAMING);
    at(&a, 500);
    espota_sender_acked(&a.s, SIZE, a.now);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_VERDICT);
    ck_assert_uint_eq(espota_sender_acked_total(&a.s), SIZE);
    expect_next(&a, 500 + VERDICT);
    at(&a, 400 + VERDICT);
    say(&a, "1460"); /* a device that only counts does not buy time */
    espota_sender_acked(&a.s, SIZE, a.now);
    expect_next(&a, 500 + VERDICT);
    at(&a, 500 + VERDICT);
    expect_end(&a, ESPOTA_E_UNKNOWN, "");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_counters_stay_inside)
{
    struct attempt a;

    attempt_connect(&a);
    espota_sender_acked(&a.s, SIZE, a.now); /* nothing was sent yet */
    ck_assert_uint_eq(espota_sender_acked_total(&a.s), 0);
    espota_sender_sent(&a.s, 600, a.now);
    espota_sender_acked(&a.s, 500, a.now);
    espota_sender_acked(&a.s, 400, a.now); /* never backwards */
    ck_assert_uint_eq(espota_sender_acked_total(&a.s), 500);
    espota_sender_sent(&a.s, UINT32_MAX, a.now);
    ck_assert_uint_eq(espota_sender_sent_total(&a.s), SIZE);
    espota_sender_acked(&a.s, UINT32_MAX, a.now);
    ck_assert_uint_eq(espota_sender_acked_total(&a.s), SIZE);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_only_acknowledged_bytes_are_progress)
{
    struct attempt a;

    attempt_connect(&a);
    expect_next(&a, TIMEOUT);
    at(&a, 5000);
    espota_sender_sent(&a.s, 500, a.now);
    espota_sender_acked(&a.s, 0, a.now);
    espota_sender_rx_stream(&a.s, NULL, 0, a.now);
    expect_next(&a, TIMEOUT); /* what this machine sends proves nothing */
    say(&a, "1460");
    expect_next(&a, TIMEOUT); /* and what the device says does not, either */
    at(&a, 6000);
    espota_sender_acked(&a.s, 1, a.now);
    expect_next(&a, 6000 + TIMEOUT);
    at(&a, 7000);
    espota_sender_acked(&a.s, 1, a.now);
    say(&a, "1");
    espota_sender_sent(&a.s, 1, a.now);
    expect_next(&a, 6000 + TIMEOUT);
    at(&a, 6000 + TIMEOUT - 1);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_STREAMING);
    at(&a, 6000 + TIMEOUT);
    expect_end(&a, ESPOTA_E_BROKEN, "");
    attempt_deinit(&a);
}
END_TEST

/* Counts for every byte that it has taken, and a good deal beside them; then it is enough. */
START_TEST(test_what_a_device_may_say)
{
    static const char digits[] = "1111111111111111";
    const uint64_t allowed = ESPOTA_SAID_MAX + 4 * SIZE;

    for (int all = 0; all < 2; all++) {
        struct attempt a;
        uint64_t said = 0;

        attempt_connect(&a);
        espota_sender_sent(&a.s, all ? SIZE : SIZE / 2, a.now);
        for (; said + 16 <= allowed; said += 16)
            espota_sender_rx_stream(&a.s, (const uint8_t *)digits, 16, a.now);
        ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_STREAMING);
        espota_sender_rx_stream(&a.s, (const uint8_t *)digits, 16, a.now);
        expect_end(&a, all ? ESPOTA_E_UNKNOWN : ESPOTA_E_BROKEN, "");
        attempt_deinit(&a);
    }
}
END_TEST

/* Every byte is out and nothing is acknowledged any more: it may have arrived all the same. */
START_TEST(test_standing_still_after_the_last_byte)
{
    struct attempt a;

    attempt_connect(&a);
    espota_sender_sent(&a.s, SIZE, a.now);
    espota_sender_acked(&a.s, SIZE - 1, a.now);
    at(&a, TIMEOUT);
    expect_end(&a, ESPOTA_E_UNKNOWN, "");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_empty_image_does_not_hang)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    a.s.config.invitation.size = 0;
    espota_sender_tx_ack(&a.s, a.now);
    hear(&a, "OK");
    espota_sender_connected(&a.s, a.now);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_VERDICT);
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_STREAM_IN);
    expect_next(&a, VERDICT);
    attempt_deinit(&a);
}
END_TEST

struct stream_case {
    const char *stream;
    enum espota_status acked; /* the result when every byte was acknowledged before … */
    enum espota_status sent;  /* … or had only left … */
    enum espota_status half;  /* … or not even that; the stream then ends */
    const char *words;
};

#define AFTER_ALL(stream)                                                                          \
    {                                                                                              \
        stream, ESPOTA_E_UNKNOWN, ESPOTA_E_UNKNOWN, ESPOTA_E_BROKEN, ""                            \
    }
#define SUCCESS(stream)                                                                            \
    {                                                                                              \
        stream, ESPOTA_OK, ESPOTA_E_BROKEN, ESPOTA_E_BROKEN, "OK"                                  \
    }
#define COMPLAINT(stream, words)                                                                   \
    {                                                                                              \
        stream, ESPOTA_E_REFUSED, ESPOTA_E_REFUSED, ESPOTA_E_REFUSED, words                        \
    }

static const struct stream_case stream_cases[] = {
    AFTER_ALL(""),
    AFTER_ALL("1460"),
    AFTER_ALL("14601460\r\n 536"),
    AFTER_ALL("1460O"),
    SUCCESS("OK"),
    SUCCESS("1460536OK"),
    SUCCESS("1460 OK\r\n"),
    SUCCESS("OK1460"),
    SUCCESS("OKERROR[1]: x\n"),
    COMPLAINT("ERROR[4]: Not Enough Space\n", "ERROR[4]: Not Enough Space\n"),
    COMPLAINT("1460ERROR[0]: No Error\nOK", "ERROR[0]: No Error\n"),
    COMPLAINT("536MD5 Check Failed\r\n", "MD5 Check Failed\r\n"),
    COMPLAINT("Aborted", "Aborted"),
    COMPLAINT("OOPS: OK", "OOPS: OK"),
    COMPLAINT("Of course", "Of course"),
};

/* One stream, cut into pieces of a size, in each of the three states; then it ends. */
static void run_stream(const struct stream_case *c, size_t piece, size_t first)
{
    const enum espota_status expected[] = {c->acked, c->sent, c->half};

    for (int state = 0; state < 3; state++) {
        struct attempt a;
        bool ok = expected[state] == ESPOTA_OK;

        attempt_connect(&a);
        espota_sender_sent(&a.s, state == 2 ? SIZE / 2 : SIZE, a.now);
        espota_sender_acked(&a.s, state == 0 ? SIZE : SIZE / 4, a.now);
        for (size_t done = 0, next; done < strlen(c->stream); done += next) {
            struct guarded g;

            next = done == 0 && first > 0 ? first : piece;
            if (next > strlen(c->stream) - done)
                next = strlen(c->stream) - done;
            g = guarded_copy(c->stream + done, next);
            espota_sender_rx_stream(&a.s, g.bytes, next, a.now);
            guarded_free(&g);
        }
        espota_sender_rx_end(&a.s, a.now);
        expect_end(&a, expected[state], ok ? "" : c->words);
        attempt_deinit(&a);
    }
}

START_TEST(test_streams_cut_everywhere)
{
    for (size_t i = 0; i < sizeof(stream_cases) / sizeof(stream_cases[0]); i++) {
        size_t length = strlen(stream_cases[i].stream);

        run_stream(&stream_cases[i], length + 1, 0);
        run_stream(&stream_cases[i], 1, 0);
        for (size_t first = 1; first < length; first++)
            run_stream(&stream_cases[i], length, first);
    }
}
END_TEST

START_TEST(test_words_have_a_grace)
{
    for (int all = 0; all < 2; all++) {
        struct attempt a;

        attempt_connect(&a);
        espota_sender_sent(&a.s, all ? SIZE : 10, a.now);
        espota_sender_acked(&a.s, all ? SIZE : 5, a.now);
        at(&a, 100);
        say(&a, "1460ERROR[");
        ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_STREAM_IN); /* no image any more */
        expect_next(&a, 600);
        at(&a, 400);
        say(&a, "4]: Not");
        espota_sender_sent(&a.s, 1, a.now);
        espota_sender_acked(&a.s, all ? SIZE : 11, a.now);
        expect_next(&a, 600); /* nothing prolongs it */
        at(&a, 600);
        expect_end(&a, ESPOTA_E_REFUSED, "ERROR[4]: Not");
        attempt_deinit(&a);
    }
}
END_TEST

/* The last acknowledgement may come while the device complains: the grace stays as it is. */
START_TEST(test_last_acknowledgement_among_the_words)
{
    struct attempt a;

    attempt_connect(&a);
    espota_sender_sent(&a.s, SIZE, a.now);
    say(&a, "E");
    espota_sender_acked(&a.s, SIZE, a.now);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_VERDICT);
    expect_next(&a, ESPOTA_WORDS_GRACE_MS);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_ok_cut_by_the_last_acknowledgement)
{
    struct attempt a;

    attempt_connect(&a);
    espota_sender_sent(&a.s, SIZE, a.now);
    say(&a, "1000O");
    espota_sender_acked(&a.s, SIZE, a.now);
    at(&a, 59999);
    say(&a, "K");
    expect_end(&a, ESPOTA_OK, "");
    espota_sender_rx_end(&a.s, a.now);
    say(&a, "ERROR[1]: x\n");
    hear(&a, "ERR: x");
    espota_sender_sent(&a.s, 1, a.now);
    espota_sender_connected(&a.s, a.now);
    at(&a, 600000);
    expect_end(&a, ESPOTA_OK, "");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_stream_without_a_connection)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_METHOD_AUTO);
    expect_invitation(&a);
    say(&a, "OK");
    espota_sender_sent(&a.s, SIZE, a.now);
    espota_sender_acked(&a.s, SIZE, a.now);
    espota_sender_rx_end(&a.s, a.now);
    ck_assert_int_eq(espota_sender_phase(&a.s), ESPOTA_PHASE_INVITING);
    ck_assert_uint_eq(espota_sender_sent_total(&a.s), 0);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_datagrams_while_streaming)
{
    struct attempt a;

    attempt_connect(&a);
    hear(&a, "ERR: late");
    hear(&a, "AUTH " N32);
    hear(&a, "Authentication Failed");
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_IMAGE_OUT);
    attempt_deinit(&a);
}
END_TEST

UNIT_MAIN("send/sender", test_first_invitation_at_once, test_invitations_until_the_timeout,
          test_patience_with_a_password, test_unreachable_is_not_waited_for,
          test_one_that_came_back_is_sent_again_soon, test_gaps_stop_growing,
          test_late_ticks_do_not_burst, test_ok_at_each_invitation, test_ok_just_before_the_timeout,
          test_a_queued_invitation_is_dropped_when_ok_comes, test_connection_without_ok,
          test_refusals_by_datagram, test_long_words_are_cut, test_what_a_letter_is,
          test_strays_are_ignored, test_challenge_is_answered,
          test_method_refuses_the_other_challenge, test_empty_password_is_a_password,
          test_challenge_holds_invitations_back, test_newest_challenge_is_answered,
          test_unasked_challenges_are_not_answered, test_doubled_challenge_is_answered_once,
          test_shorter_challenge_after_a_longer_one, test_answering_has_one_deadline,
          test_silence_after_every_answer, test_clean_refusal_is_final,
          test_auto_goes_on_with_the_md5_form, test_md5_form_accepted,
          test_crossed_refusal_proves_nothing, test_two_answers_make_it_crossed,
          test_an_invitation_behind_the_answer_is_awaited, test_many_invitations_stay_crossed,
          test_refusals_are_bounded, test_deadline_after_a_refusal, test_error_after_an_answer,
          test_connection_instead_of_ok_after_an_answer, test_password_is_asked_for,
          test_no_password_fails, test_error_while_waiting_for_a_password, test_crypto_that_fails,
          test_deinit_leaves_nothing, test_image_is_wanted_whatever_is_acknowledged,
          test_counters_stay_inside, test_only_acknowledged_bytes_are_progress,
          test_what_a_device_may_say, test_standing_still_after_the_last_byte,
          test_empty_image_does_not_hang, test_streams_cut_everywhere, test_words_have_a_grace,
          test_last_acknowledgement_among_the_words, test_ok_cut_by_the_last_acknowledgement,
          test_stream_without_a_connection, test_datagrams_while_streaming)
