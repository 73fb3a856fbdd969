/* SPDX-License-Identifier: MIT */
/* Meshtastic's OTA loader as its uploader meets it, without a socket. */
#include "unit.h"

#include "send/meshtastic/session.h"

static const char SHA256[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

static struct espota_meshtastic_session session;

static void begin(void)
{
    struct espota_meshtastic_config config = {.size = 1000, .answer_ms = 10000, .work_ms = 60000};
    size_t length;
    const char *line;

    memcpy(config.sha256, SHA256, sizeof(SHA256));
    espota_meshtastic_session_init(&session, &config, 0);
    line = espota_meshtastic_session_tx(&session, &length);
    ck_assert_uint_eq(length, 4 + 4 + 1 + 64 + 1);
    ck_assert_int_eq(memcmp(line, "OTA 1000 e3b0c4", 15), 0);
    ck_assert_int_eq(line[length - 1], '\n');
    espota_meshtastic_session_sent(&session, length - 1, 0);
    ck_assert(espota_meshtastic_session_want(&session) & ESPOTA_WANT_STREAM_OUT);
    espota_meshtastic_session_sent(&session, 1, 0);
    ck_assert_uint_eq(espota_meshtastic_session_want(&session), ESPOTA_WANT_STREAM_IN);
}

/* In pieces of so many bytes, from memory that ends there. */
static void says(const char *text, size_t step)
{
    size_t length = strlen(text);
    struct guarded g = guarded_copy(text, length);

    for (size_t at = 0; at < length; at += step)
        espota_meshtastic_session_rx(&session, g.bytes + at,
                                     length - at < step ? length - at : step, 1);
    guarded_free(&g);
}

static bool wants_image(void)
{
    return (espota_meshtastic_session_want(&session) & ESPOTA_WANT_IMAGE_OUT) != 0;
}

static void assert_over(enum espota_status status, const char *line)
{
    ck_assert_int_eq(session.phase, ESPOTA_MESHTASTIC_OVER);
    ck_assert_int_eq(session.status, status);
    ck_assert_str_eq(session.line, line);
    ck_assert_uint_eq(session.length, strlen(line));
}

START_TEST(test_to_the_end)
{
    static const char *const beginnings[] = {"ERASINGOK\n", "ERASING\nOK\n", "OK\n",
                                             "hello\r\nERASING\r\nOK\r\n"};

    for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
        for (size_t step = 1; step < 20; step += 6) {
            begin();
            says(beginnings[i], step);
            ck_assert(wants_image());
            espota_meshtastic_session_sent(&session, 999, 2);
            ck_assert(wants_image());
            espota_meshtastic_session_sent(&session, 1, 3);
            ck_assert(!wants_image());
            says("OK\n", step);
            assert_over(ESPOTA_OK, "OK");
            ck_assert_uint_eq(espota_meshtastic_session_want(&session), ESPOTA_WANT_DONE);
        }
    }
}
END_TEST

START_TEST(test_refusals)
{
    static const char *const lines[] = {"ERR Hash Rejected (NVS Mismatch)", "ERR Invalid Format",
                                        "ERR", "ERASINGERR OTA Begin Failed"};

    for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
        begin();
        says(lines[i], 3);
        ck_assert_int_ne(session.phase, ESPOTA_MESHTASTIC_OVER);
        says("\n", 1);
        assert_over(ESPOTA_E_REFUSED, lines[i]);
        says("OK\n", 1);
        assert_over(ESPOTA_E_REFUSED, lines[i]);
    }
    begin();
    says("OK\n", 1);
    espota_meshtastic_session_sent(&session, 500, 2);
    says("ERR Flash Write\n", 1);
    assert_over(ESPOTA_E_REFUSED, "ERR Flash Write");
    begin();
    says("OK\n", 1);
    espota_meshtastic_session_sent(&session, 1000, 2);
    says("ERR Hash Mismatch\n", 1);
    assert_over(ESPOTA_E_REFUSED, "ERR Hash Mismatch");
    ck_assert_int_eq(session.ended_in, ESPOTA_MESHTASTIC_CHECKING);
}
END_TEST

/* A loader that says OK before it has all, or before it was asked, is none. */
START_TEST(test_ok_at_the_wrong_time)
{
    struct espota_meshtastic_config config = {.size = 10};

    begin();
    says("OK\nOK\n", 1);
    assert_over(ESPOTA_E_BROKEN, "OK");
    espota_meshtastic_session_init(&session, &config, 0);
    says("OK\n", 1);
    assert_over(ESPOTA_E_REFUSED, "OK");
}
END_TEST

START_TEST(test_lines_that_are_none)
{
    char line[1000];

    memset(line, 'x', sizeof(line));
    begin();
    espota_meshtastic_session_rx(&session, line, sizeof(line), 1);
    ck_assert_int_eq(session.status, ESPOTA_E_REFUSED);
    ck_assert_uint_eq(session.length, sizeof(session.line) - 1);
    begin();
    says("OK\n", 1);
    espota_meshtastic_session_sent(&session, 1000, 2);
    espota_meshtastic_session_rx(&session, line, sizeof(line), 3);
    ck_assert_int_eq(session.status, ESPOTA_E_UNKNOWN);
    begin();
    espota_meshtastic_session_rx(&session, "E\0R\n\x80\xff\n", 7, 1);
    ck_assert_int_eq(session.phase, ESPOTA_MESHTASTIC_ASKING);
}
END_TEST

START_TEST(test_silence_and_ends)
{
    begin();
    espota_meshtastic_session_tick(&session, true, 9999);
    ck_assert_int_eq(session.phase, ESPOTA_MESHTASTIC_ASKING);
    espota_meshtastic_session_tick(&session, true, 10000);
    ck_assert_int_eq(session.status, ESPOTA_E_NO_ANSWER);
    /* erasing takes its time, and is known by the word alone */
    begin();
    says("ERASING", 2);
    espota_meshtastic_session_tick(&session, true, 60000);
    ck_assert_int_eq(session.phase, ESPOTA_MESHTASTIC_ERASING);
    espota_meshtastic_session_tick(&session, true, 60001);
    ck_assert_int_eq(session.status, ESPOTA_E_BROKEN);
    begin();
    says("OK\n", 1);
    espota_meshtastic_session_sent(&session, 500, 2);
    espota_meshtastic_session_acked(&session, 50000);
    espota_meshtastic_session_tick(&session, true, 100000);
    ck_assert_int_eq(session.phase, ESPOTA_MESHTASTIC_STREAMING);
    espota_meshtastic_session_end(&session, true);
    ck_assert_int_eq(session.status, ESPOTA_E_BROKEN);
    /* what has not left this machine cannot have been taken */
    for (int all_left = 0; all_left <= 1; all_left++) {
        begin();
        says("OK\n", 1);
        espota_meshtastic_session_sent(&session, 1000, 2);
        espota_meshtastic_session_end(&session, all_left);
        ck_assert_int_eq(session.status, all_left ? ESPOTA_E_UNKNOWN : ESPOTA_E_BROKEN);
    }
}
END_TEST

UNIT_MAIN("send/meshtastic", test_to_the_end, test_refusals, test_ok_at_the_wrong_time,
          test_lines_that_are_none, test_silence_and_ends)
