/* SPDX-License-Identifier: MIT */
/* The sender while the image goes out, and the verdict. */
#include "sender_attempt.h"

/* The stream. */

static void attempt_connect(struct attempt *a)
{
    attempt_init(a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(a);
    hear(a, "OK");
    espota_sender_connected(&a->s, a->now);
    ck_assert_int_eq(a->s.phase, ESPOTA_PHASE_STREAMING);
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
        ck_assert_uint_eq(a.s.sent, sent);
        espota_sender_sent(&a.s, 100);
    }
    ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_STREAM_IN);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_STREAMING);
    ck_assert_uint_eq(a.s.acked, 0);
    espota_sender_acked(&a.s, SIZE - 1, a.now);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_STREAMING);
    at(&a, 500);
    espota_sender_acked(&a.s, SIZE, a.now);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_VERDICT);
    ck_assert_uint_eq(a.s.acked, SIZE);
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
    ck_assert_uint_eq(a.s.acked, 0);
    espota_sender_sent(&a.s, 600);
    espota_sender_acked(&a.s, 500, a.now);
    espota_sender_acked(&a.s, 400, a.now); /* never backwards */
    ck_assert_uint_eq(a.s.acked, 500);
    espota_sender_sent(&a.s, UINT32_MAX);
    ck_assert_uint_eq(a.s.sent, SIZE);
    espota_sender_acked(&a.s, UINT32_MAX, a.now);
    ck_assert_uint_eq(a.s.acked, SIZE);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_only_acknowledged_bytes_are_progress)
{
    struct attempt a;

    attempt_connect(&a);
    expect_next(&a, TIMEOUT);
    at(&a, 5000);
    espota_sender_sent(&a.s, 500);
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
    espota_sender_sent(&a.s, 1);
    expect_next(&a, 6000 + TIMEOUT);
    at(&a, 6000 + TIMEOUT - 1);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_STREAMING);
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
        espota_sender_sent(&a.s, all ? SIZE : SIZE / 2);
        for (; said + 16 <= allowed; said += 16)
            espota_sender_rx_stream(&a.s, (const uint8_t *)digits, 16, a.now);
        ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_STREAMING);
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
    espota_sender_sent(&a.s, SIZE);
    espota_sender_acked(&a.s, SIZE - 1, a.now);
    at(&a, TIMEOUT);
    expect_end(&a, ESPOTA_E_UNKNOWN, "");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_empty_image_does_not_hang)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    a.s.config.invitation.size = 0;
    espota_sender_tx_ack(&a.s, a.now);
    hear(&a, "OK");
    espota_sender_connected(&a.s, a.now);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_VERDICT);
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
        espota_sender_sent(&a.s, state == 2 ? SIZE / 2 : SIZE);
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
        espota_sender_rx_end(&a.s);
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
        espota_sender_sent(&a.s, all ? SIZE : 10);
        espota_sender_acked(&a.s, all ? SIZE : 5, a.now);
        at(&a, 100);
        say(&a, "1460ERROR[");
        ck_assert_uint_eq(espota_sender_want(&a.s), ESPOTA_WANT_STREAM_IN); /* no image any more */
        expect_next(&a, 600);
        at(&a, 400);
        say(&a, "4]: Not");
        espota_sender_sent(&a.s, 1);
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
    espota_sender_sent(&a.s, SIZE);
    say(&a, "E");
    espota_sender_acked(&a.s, SIZE, a.now);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_VERDICT);
    expect_next(&a, ESPOTA_WORDS_GRACE_MS);
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_ok_cut_by_the_last_acknowledgement)
{
    struct attempt a;

    attempt_connect(&a);
    espota_sender_sent(&a.s, SIZE);
    say(&a, "1000O");
    espota_sender_acked(&a.s, SIZE, a.now);
    at(&a, 59999);
    say(&a, "K");
    expect_end(&a, ESPOTA_OK, "");
    espota_sender_rx_end(&a.s);
    say(&a, "ERROR[1]: x\n");
    hear(&a, "ERR: x");
    espota_sender_sent(&a.s, 1);
    espota_sender_connected(&a.s, a.now);
    at(&a, 600000);
    expect_end(&a, ESPOTA_OK, "");
    attempt_deinit(&a);
}
END_TEST

START_TEST(test_stream_without_a_connection)
{
    struct attempt a;

    attempt_init(&a, NULL, ESPOTA_UPLOAD_AUTH_AUTO);
    expect_invitation(&a);
    say(&a, "OK");
    espota_sender_sent(&a.s, SIZE);
    espota_sender_acked(&a.s, SIZE, a.now);
    espota_sender_rx_end(&a.s);
    ck_assert_int_eq(a.s.phase, ESPOTA_PHASE_INVITING);
    ck_assert_uint_eq(a.s.sent, 0);
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

UNIT_MAIN("send/sender_stream", test_image_is_wanted_whatever_is_acknowledged,
          test_counters_stay_inside, test_only_acknowledged_bytes_are_progress,
          test_what_a_device_may_say, test_standing_still_after_the_last_byte,
          test_empty_image_does_not_hang, test_streams_cut_everywhere, test_words_have_a_grace,
          test_last_acknowledgement_among_the_words, test_ok_cut_by_the_last_acknowledgement,
          test_stream_without_a_connection, test_datagrams_while_streaming)
