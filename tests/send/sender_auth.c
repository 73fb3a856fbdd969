/* SPDX-License-Identifier: MIT */
/* The sender and a device that asks for a password. */
#include "sender_attempt.h"

/* Challenges. */

START_TEST(test_challenge_is_answered)
{
    static const struct {
        enum espota_upload_auth method;
        const char *nonce;
        enum espota_password_form form;
    } cases[] = {
        {ESPOTA_UPLOAD_AUTH_AUTO, N32, ESPOTA_FORM_MD5},
        {ESPOTA_UPLOAD_AUTH_AUTO, N64, ESPOTA_FORM_SHA256},
        {ESPOTA_UPLOAD_AUTH_MD5, N32, ESPOTA_FORM_MD5},
        {ESPOTA_UPLOAD_AUTH_SHA256, N64, ESPOTA_FORM_SHA256},
        {ESPOTA_UPLOAD_AUTH_MD5_FIRST, N32, ESPOTA_FORM_MD5},
        {ESPOTA_UPLOAD_AUTH_MD5_FIRST, N64, ESPOTA_FORM_MD5},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt a;
        char challenge[80];

        snprintf(challenge, sizeof(challenge), "AUTH %s", cases[i].nonce);
        attempt_init(&a, "secret", cases[i].method);
        expect_invitation(&a);
        at(&a, 20);
        hear(&a, challenge);
        ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_ANSWERING);
        ck_assert_uint_eq(a.s.challenge, strlen(cases[i].nonce));
        ck_assert_int_eq(espota_sender_form(&a.s), cases[i].form);
        expect_answer(&a, cases[i].nonce, cases[i].form, "secret");
        ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_DATAGRAM_IN | ESPOTA_WANT_ACCEPT);
        hear(&a, "OK");
        ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_CALLBACK);
        attempt_deinit(&a);
    }
}
END_TEST

START_TEST(test_method_refuses_the_other_challenge)
{
    static const struct {
        enum espota_upload_auth method;
        const char *challenge;
        size_t digits;
    } cases[] = {
        {ESPOTA_UPLOAD_AUTH_MD5, "AUTH " N64, 64},
        {ESPOTA_UPLOAD_AUTH_SHA256, "AUTH " N32, 32},
    };

    for (size_t i = 0; i < 4; i++) {
        struct attempt a;

        attempt_init(&a, i < 2 ? "secret" : NULL, cases[i % 2].method);
        expect_invitation(&a);
        hear(&a, cases[i % 2].challenge);
        expect_end(&a, ESPOTA_E_AUTH, "");
        ck_assert_uint_eq(a.s.challenge, cases[i % 2].digits);
        attempt_deinit(&a);
    }
}
END_TEST

START_TEST(test_empty_password_is_a_password)
{
    struct attempt a;

    attempt_init(&a, "", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_answer(&a, N64, ESPOTA_FORM_SHA256, "secret");
    at(&a, 8500);
    expect_invitation(&a);
    hear(&a, "AUTH " M32);
    expect_answer(&a, M32, ESPOTA_FORM_MD5, "secret");
    ck_assert_uint_eq(a.s.challenge, 32);
    attempt_deinit(&a);
}
END_TEST

/* Each answer has the time-out; what nobody asked for does not move it. */
START_TEST(test_answering_has_one_deadline)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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
    ck_assert_uint_eq(a.s.challenge, 32);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_silence_after_every_answer)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_ANSWERING);
    at(&a, 9000 + 17000 + 10500);
    expect_end(&a, ESPOTA_E_NO_ANSWER, "");
    ck_assert_uint_eq(a.s.challenge, 64);
    attempt_deinit(&a);
}
END_TEST

/* Refusals. */

START_TEST(test_clean_refusal_is_final)
{
    static const struct {
        enum espota_upload_auth method;
        const char *challenge;
    } cases[] = {
        {ESPOTA_UPLOAD_AUTH_AUTO, "AUTH " N32},      {ESPOTA_UPLOAD_AUTH_MD5, "AUTH " N32},
        {ESPOTA_UPLOAD_AUTH_SHA256, "AUTH " N64},    {ESPOTA_UPLOAD_AUTH_MD5_FIRST, "AUTH " N32},
        {ESPOTA_UPLOAD_AUTH_MD5_FIRST, "AUTH " N64},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct attempt a;

        attempt_init(&a, "secret", cases[i].method);
        expect_invitation(&a);
        hear(&a, cases[i].challenge);
        hear(&a, "Authentication Failed"); /* before our answer: not about it */
        ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_ANSWERING);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_ANSWERING);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_CALLBACK);
    attempt_deinit(&a);
}
END_TEST

/* A second challenge: the refusal may be of an answer to the one that was gone. */
START_TEST(test_crossed_refusal_proves_nothing)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_ANSWERING);
    attempt_deinit(&a);
}
END_TEST

/* However the exchanges cross, the answers are few. */
START_TEST(test_refusals_are_bounded)
{
    struct attempt a;
    int answers = 0;

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
    for (; a.s.phase != ESPOTA_PHASE_OVER && answers < 100; answers++) {
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_ANSWERING);
    at(&a, 8500 + TIMEOUT);
    expect_end(&a, ESPOTA_E_NO_ANSWER, ""); /* a crossed refusal is no reason to accuse */
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_error_after_an_answer)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "secret");
    at(&a, 200);
    espota_sender_connected(&a.s, a.now);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_STREAMING);
    attempt_deinit(&a);
}
END_TEST

/* A password that somebody has to type. */

START_TEST(test_password_is_asked_for)
{
    struct attempt a;
    uint64_t next;

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_ANSWERING);
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
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_CALLBACK);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_no_password_fails)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    espota_sender_password(&a.s, NULL, 0, a.now);
    expect_end(&a, ESPOTA_E_AUTH, "");
    ck_assert_uint_eq(a.s.challenge, 64);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_error_while_waiting_for_a_password)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
    a.crypto.table.random = no_random;
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    expect_end(&a, ESPOTA_E_LOCAL, "");
    attempt_deinit(&a);

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    hear(&a, "AUTH " N64);
    espota_sender_deinit(&a.s);
    ck_assert_mem_eq(&a.s, &zeros, sizeof(zeros));
    espota_crypto_openssl_deinit(&a.crypto);
}
END_TEST

UNIT_MAIN("send/sender_auth", test_challenge_is_answered, test_method_refuses_the_other_challenge,
          test_empty_password_is_a_password, test_challenge_holds_invitations_back,
          test_newest_challenge_is_answered, test_unasked_challenges_are_not_answered,
          test_doubled_challenge_is_answered_once, test_shorter_challenge_after_a_longer_one,
          test_answering_has_one_deadline, test_silence_after_every_answer,
          test_clean_refusal_is_final, test_auto_goes_on_with_the_md5_form, test_md5_form_accepted,
          test_crossed_refusal_proves_nothing, test_two_answers_make_it_crossed,
          test_an_invitation_behind_the_answer_is_awaited, test_many_invitations_stay_crossed,
          test_refusals_are_bounded, test_deadline_after_a_refusal, test_error_after_an_answer,
          test_connection_instead_of_ok_after_an_answer, test_password_is_asked_for,
          test_no_password_fails, test_error_while_waiting_for_a_password, test_crypto_that_fails,
          test_deinit_leaves_nothing)
