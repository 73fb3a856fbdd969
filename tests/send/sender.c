/* SPDX-License-Identifier: MIT */
/* The sender until it is heard: invitations, and words by datagram. */
#include "sender_attempt.h"

/* Invitations. */

START_TEST(test_first_invitation_at_once)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_INVITING);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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
    ck_assert_uint_eq(a.s.challenge, 0);
    attempt_deinit(&a);
}
END_TEST

/* With a password a second one leaves only when the first cannot be unread any more. */
START_TEST(test_patience_with_a_password)
{
    struct attempt a;

    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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
        attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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
    attempt_init(&a, "secret", ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, "wrong", ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    ck_assert_uint_eq(a.s.kept, 1);
    espota_sender_unreachable(&a.s, a.now);
    ck_assert_uint_eq(a.s.kept, 0);
    expect_next(&a, 1000);
    at(&a, 1000);
    expect_invitation(&a);
    ck_assert_uint_eq(a.s.kept, 1);
    expect_next(&a, 9500); /* this one may wait as long as any */
    hear(&a, "AUTH " N32);
    expect_answer(&a, N32, ESPOTA_FORM_MD5, "wrong");
    hear(&a, "Authentication Failed");
    expect_end(&a, ESPOTA_E_AUTH, ""); /* nothing can have crossed it */
    attempt_deinit(&a);

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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

        attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
        for (size_t i = 0; i <= last; i++) {
            at(&a, times[i]);
            expect_invitation(&a);
        }
        hear(&a, "OK");
        ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_CALLBACK);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    at(&a, TIMEOUT - 1);
    hear(&a, "OK");
    at(&a, TIMEOUT);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_CALLBACK);
    at(&a, TIMEOUT - 1 + TIMEOUT - 1);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_CALLBACK);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    espota_sender_connected(&a.s, a.now); /* before any invitation: not ours */
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_INVITING);
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

        attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
        expect_invitation(&a);
        hear(&a, cases[i][0]);
        expect_end(&a, ESPOTA_E_REFUSED, cases[i][1]);
        attempt_deinit(&a);

        attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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
    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    hear(&a, "@[`{");
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_INVITING);
    attempt_deinit(&a);
    for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++) {
        attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
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

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    at(&a, 200);
    for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++)
        hear(&a, strays[i]);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_INVITING);
    expect_next(&a, 2250);
    hear(&a, "OK");
    for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++)
        hear(&a, strays[i]);
    hear(&a, "OK");
    hear(&a, "AUTH " N32);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_CALLBACK);
    expect_next(&a, 200 + TIMEOUT);
    attempt_deinit(&a);
}
END_TEST

UNIT_MAIN("send/sender", test_first_invitation_at_once, test_invitations_until_the_timeout,
          test_patience_with_a_password, test_unreachable_is_not_waited_for,
          test_one_that_came_back_is_sent_again_soon, test_gaps_stop_growing,
          test_late_ticks_do_not_burst, test_ok_at_each_invitation, test_ok_just_before_the_timeout,
          test_a_queued_invitation_is_dropped_when_ok_comes, test_connection_without_ok,
          test_refusals_by_datagram, test_long_words_are_cut, test_what_a_letter_is,
          test_strays_are_ignored)
