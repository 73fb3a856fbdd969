/* SPDX-License-Identifier: MIT */
/* The receiver until it has the connection: invitations, challenges, replies. */
#include "receiver_world.h"

static void set_password(const char *password, enum espota_password_form form, unsigned digits)
{
    ck_assert_int_eq(espota_password_hash(&crypto, form, password, strlen(password), hash),
                     ESPOTA_OK);
    config.password_hash = hash;
    config.nonce_digits = (uint8_t)digits;
}

START_TEST(test_update_without_password)
{
    static const enum espota_receiver_event_kind kinds[] = {
        ESPOTA_RECEIVER_INVITED,  ESPOTA_RECEIVER_START,    ESPOTA_RECEIVER_PROGRESS,
        ESPOTA_RECEIVER_PROGRESS, ESPOTA_RECEIVER_PROGRESS, ESPOTA_RECEIVER_END};

    setup();
    ck_assert_uint_eq(espota_receiver_want(&receiver), ESPOTA_WANT_DATAGRAM_IN);
    invite();
    connect_back();
    stream(0, 1460);
    ASSERT_STREAM("1460");
    ASSERT_STREAM(NULL);
    stream(1460, SIZE);
    ASSERT_STREAM("8540");
    see_success();
    ck_assert_uint_eq(seen_count, 6);
    for (size_t i = 0; i < 6; i++) {
        ck_assert_int_eq(seen[i].kind, kinds[i]);
        ck_assert_uint_eq(seen[i].command, 0);
        ck_assert_uint_eq(seen[i].size, SIZE);
    }
    ck_assert_uint_eq(seen[3].done, 1460);
    ck_assert_uint_eq(seen[4].done, SIZE);
    espota_receiver_again(&receiver);
    assert_idle();
    invite();
    ASSERT_REPLY("OK");
    teardown();
}
END_TEST

START_TEST(test_fast_leaves_out_the_waits)
{
    uint64_t at;

    setup();
    config.fast = true;
    invite();
    connect_back();
    stream(0, SIZE);
    ASSERT_STREAM("10000");
    for (int i = 0; i < 3; i++) {
        ck_assert(espota_receiver_deadline(&receiver, &at));
        ck_assert_uint_le(at, now);
        espota_receiver_tick(&receiver, now);
        if (i == 0)
            ASSERT_STREAM("OK");
    }
    ck_assert_uint_eq(espota_receiver_want(&receiver), ESPOTA_WANT_DONE);
    ck_assert_uint_eq(now, 1000000);
    teardown();
}
END_TEST

/* The host's answer to the challenge that is wanted out. */
static void answer(const char *password_hash, char out[160])
{
    char nonce[ESPOTA_NONCE_MAX + 1];
    char cnonce[ESPOTA_NONCE_MAX + 1] = {0};
    char response[ESPOTA_NONCE_MAX + 1];
    size_t length = 0;
    const uint8_t *tx = espota_receiver_tx(&receiver, &length);

    ck_assert(wants(ESPOTA_WANT_DATAGRAM_OUT));
    ck_assert_uint_eq(length, 5u + config.nonce_digits);
    ck_assert_mem_eq(tx, "AUTH ", 5);
    ck_assert(espota_hex_is((const char *)tx + 5, length - 5));
    memcpy(nonce, tx + 5, length - 5);
    nonce[length - 5] = '\0';
    espota_receiver_tx_ack(&receiver, length, now);
    memset(cnonce, 'c', config.nonce_digits);
    ck_assert_int_eq(espota_auth_response(&crypto, password_hash, nonce, cnonce, response),
                     ESPOTA_OK);
    snprintf(out, 160, "200 %s %s\n", cnonce, response);
}

START_TEST(test_password_in_each_scheme)
{
    static const struct {
        enum espota_password_form form;
        unsigned digits;
    } cases[] = {{ESPOTA_FORM_MD5, 32}, {ESPOTA_FORM_SHA256, 64}, {ESPOTA_FORM_MD5, 64}};

    for (size_t i = 0; i < 3; i++) {
        char text[160];

        setup();
        set_password("secret", cases[i].form, cases[i].digits);
        invite();
        ck_assert_int_eq(receiver.phase, ESPOTA_RECEIVER_WAITAUTH);
        answer(hash, text);
        ASSERT_REPLY(NULL);
        rx(text, &host);
        assert_last(ESPOTA_RECEIVER_START);
        ck_assert_int_eq(seen[seen_count - 2].kind, ESPOTA_RECEIVER_AUTH);
        connect_back();
        stream(0, SIZE);
        ASSERT_STREAM("10000");
        see_success();
        teardown();
    }
}
END_TEST

START_TEST(test_wrong_password)
{
    char text[160];
    char other[ESPOTA_NONCE_MAX + 1];

    setup();
    set_password("secret", ESPOTA_FORM_MD5, 32);
    ck_assert_int_eq(espota_password_hash(&crypto, ESPOTA_FORM_MD5, "Secret", 6, other), ESPOTA_OK);
    invite();
    answer(other, text);
    rx(text, &host);
    assert_last_error(ESPOTA_FAILURE_AUTH, ESPOTA_UPDATE_OK, "Authentication Failed");
    assert_idle();
    ASSERT_REPLY("Authentication Failed");
    rx(text, &host); /* no second guess at the same challenge */
    ASSERT_REPLY(NULL);
    assert_idle();
    ck_assert_uint_eq(chip.changes, 0);
    teardown();
}
END_TEST

START_TEST(test_every_digit_of_the_response_counts)
{
    char text[160];

    setup();
    set_password("secret", ESPOTA_FORM_SHA256, 64);
    for (size_t i = 0; i < 64; i += 7) {
        invite();
        answer(hash, text);
        text[4 + 64 + 1 + i] ^= 1;
        rx(text, &host);
        ASSERT_REPLY("Authentication Failed");
    }
    invite(); /* upper case is another text */
    answer(hash, text);
    for (size_t i = 0; text[i] != '\0'; i++)
        if (text[i] >= 'a' && text[i] <= 'f')
            text[i] = (char)(text[i] - 'a' + 'A');
    rx(text, &host);
    ASSERT_REPLY("Authentication Failed");
    teardown();
}
END_TEST

START_TEST(test_second_invitation_only_resets)
{
    char text[160];

    setup();
    set_password("secret", ESPOTA_FORM_MD5, 32);
    invite();
    answer(hash, text);
    invite();
    assert_idle();
    ASSERT_REPLY(NULL);
    rx(text, &host);
    assert_idle();
    ASSERT_REPLY(NULL);
    invite(); /* the third is challenged again, with another nonce */
    rx(text, &host);
    ASSERT_REPLY("Authentication Failed");
    teardown();
}
END_TEST

START_TEST(test_malformed_answers_reset)
{
    static const char *const answers[] = {
        "200 short short\n",
        "200\n",
        "",
        "100 1 2 3\n",
        "200 cccccccccccccccccccccccccccccccc 0123456789abcdef0123456789abcdef0\n",
        "200 ccccccccccccccccccccccccccccccccc 0123456789abcdef0123456789abcde\n"};

    setup();
    set_password("secret", ESPOTA_FORM_MD5, 32);
    for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
        invite();
        ck_assert_int_eq(receiver.phase, ESPOTA_RECEIVER_WAITAUTH);
        espota_receiver_tx_ack(&receiver, 37, now);
        rx(answers[i], &host);
        assert_idle();
        ASSERT_REPLY(NULL);
    }
    teardown();
}
END_TEST

START_TEST(test_challenge_expires)
{
    char text[160];

    setup();
    set_password("secret", ESPOTA_FORM_MD5, 32);
    invite();
    answer(hash, text);
    now += ESPOTA_RECEIVER_CHALLENGE_MS; /* without a tick in between */
    rx(text, &host);
    assert_idle();
    ASSERT_REPLY(NULL);
    invite();
    pass_time(ESPOTA_RECEIVER_CHALLENGE_MS);
    assert_idle();
    teardown();
}
END_TEST

START_TEST(test_strangers_are_not_heard)
{
    char text[160];

    setup();
    set_password("secret", ESPOTA_FORM_MD5, 32);
    invite();
    answer(hash, text);
    rx("0 1 2 0123456789abcdef0123456789abcdef\n", &stranger);
    rx("nonsense", &stranger);
    rx(text, &stranger); /* even a right answer */
    ck_assert_int_eq(receiver.phase, ESPOTA_RECEIVER_WAITAUTH);
    rx(text, &host);
    ASSERT_REPLY("OK");
    ck_assert_mem_eq(receiver.peer.address, host.address, 20);
    teardown();
}
END_TEST

START_TEST(test_where_replies_go)
{
    const struct espota_peer other_port = {{192, 168, 1, 2}, 40001};
    char text[160];

    setup(); /* an ESP8266 replies to the invitation's source */
    set_password("secret", ESPOTA_FORM_MD5, 32);
    invite();
    answer(hash, text);
    rx(text, &other_port);
    ck_assert_uint_eq(receiver.peer.port, 40000);
    ASSERT_REPLY("OK");
    teardown();
    setup(); /* an ESP32 to the answer's */
    set_password("secret", ESPOTA_FORM_SHA256, 64);
    invite();
    answer(hash, text);
    rx(text, &other_port);
    ck_assert_uint_eq(receiver.peer.port, 40001);
    ASSERT_REPLY("OK");
    teardown();
}
END_TEST

static enum espota_status no_random(void *context, void *out, size_t length)
{
    (void)context;
    memset(out, 0, length);
    return ESPOTA_E_FAILED;
}

START_TEST(test_nonces_are_random_or_there_are_none)
{
    char first[64];
    size_t length;

    setup();
    set_password("secret", ESPOTA_FORM_MD5, 32);
    invite();
    memcpy(first, espota_receiver_tx(&receiver, &length), 37);
    rx("", &host);
    invite(); /* at the same time */
    ck_assert_mem_ne(first, espota_receiver_tx(&receiver, &length), 37);
    rx("", &host);
    for (int i = 0; i < 2; i++) {
        espota_receiver_tx_ack(&receiver, 37, now);
        crypto.random = i == 0 ? no_random : NULL;
        invite();
        assert_idle();
        ASSERT_REPLY(NULL);
        assert_last(ESPOTA_RECEIVER_ERROR);
    }
    teardown();
}
END_TEST

START_TEST(test_no_pbkdf2_is_no_way_in)
{
    char text[160];

    setup();
    set_password("secret", ESPOTA_FORM_SHA256, 64);
    invite();
    answer(hash, text);
    crypto.pbkdf2_sha256 = NULL;
    rx(text, &host);
    ASSERT_REPLY("Authentication Failed");
    teardown();
}
END_TEST

START_TEST(test_quirks_of_the_original)
{
    char text[160];
    uint64_t at;

    setup();
    set_password("secret", ESPOTA_FORM_MD5, 32);
    config.quirks = true;
    crypto.random = no_random; /* nobody asks for it */
    now = 4294968;             /* micros() has just wrapped around */
    invite();
    md5_of("704", 3);
    answer(hash, text);
    ck_assert_str_eq(receiver.nonce, md5);
    md5_of(image, sizeof(image));
    ck_assert(!espota_receiver_deadline(&receiver, &at)); /* the challenge waits for ever */
    now += 1000000000;
    rx(text, &stranger); /* and anyone may answer it; replies go to the inviter all the same */
    ck_assert_mem_eq(receiver.peer.address, host.address, 20);
    connect_back();
    ck_assert(!espota_receiver_deadline(&receiver, &at)); /* so does a stream */
    chip.fail_write = 1;
    stream(0, 5000);
    ASSERT_STREAM("ERROR[1]: Flash Write Failed\n");
    assert_idle(); /* which closes at once */
    teardown();
}
END_TEST

START_TEST(test_invitations_that_are_none)
{
    static const char *const texts[] = {
        "",
        "\n",
        "0",
        "1 8888 100 0123456789abcdef0123456789abcdef\n",
        "200 cccccccccccccccccccccccccccccccc 0123456789abcdef0123456789abcdef\n",
        "0 8888 100 0123456789abcdef\n",
        "0 8888 100 0123456789abcdef0123456789abcdef0\n"};

    setup();
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        rx(texts[i], &host);
    assert_idle();
    ASSERT_REPLY(NULL);
    ck_assert_uint_eq(seen_count, 0);
    teardown();
}
END_TEST

START_TEST(test_begin_errors_by_datagram)
{
    setup();
    invite_with(0, 0, md5);
    assert_last_error(ESPOTA_FAILURE_BEGIN, ESPOTA_UPDATE_SIZE, "ERROR[5]: Bad Size Given\n");
    assert_idle();
    ASSERT_REPLY("ERR: ERROR[5]: Bad Size Given\n");
    invite_with(100, 0x40001, md5);
    ASSERT_REPLY("ERR: ERROR[4]: Not Enough Space\n");
    update.bootstrap = true;
    invite();
    ASSERT_REPLY("ERR: ERROR[11]: Invalid bootstrapping state, reset ESP8266 before updating\n");
    update.bootstrap = false;
    update.configured_size = UINT32_MAX;
    invite();
    ASSERT_REPLY("ERR: ERROR[8]: Flash config wrong: real: 1048576, SDK: 4294967295\n");
    teardown();
}
END_TEST

START_TEST(test_the_application_may_refuse)
{
    static const char long_words[] =
        "because the pump is running and the door stands open and somebody is on the ladder and "
        "the kettle boils and there is no end to the reasons that an application may find when it "
        "is asked politely";
    char expected[ESPOTA_RECEIVER_TX_MAX + 1] = "ERR: ";

    setup();
    refusal = "pump is running";
    invite();
    assert_last_error(ESPOTA_FAILURE_BEGIN, ESPOTA_UPDATE_OK, "pump is running");
    assert_idle();
    ASSERT_REPLY("ERR: pump is running");
    ck_assert_uint_eq(chip.changes, 0);
    refusal = long_words;
    invite();
    memcpy(expected + 5, long_words, sizeof(expected) - 6);
    ASSERT_REPLY(expected);
    refusal = NULL;
    invite();
    ASSERT_REPLY("OK");
    teardown();
}
END_TEST

START_TEST(test_nobody_to_connect_to)
{
    setup();
    invite();
    ASSERT_REPLY("OK");
    pass_time(100);
    espota_receiver_connect_failed(&receiver, now);
    assert_last_error(ESPOTA_FAILURE_CONNECT, ESPOTA_UPDATE_OK, "(none)");
    assert_idle();
    invite();
    ASSERT_REPLY("OK");
    pass_time(100);
    pass_time(ESPOTA_RECEIVER_CONNECT_MS);
    assert_idle();
    invite();
    ASSERT_REPLY("OK");
    pass_time(100);
    espota_receiver_rx_end(&receiver, now);
    assert_idle();
    teardown();
}
END_TEST

/* An OK that cannot leave is as good as one that was lost: the device connects all the same. */
START_TEST(test_reply_that_cannot_leave)
{
    setup();
    invite();
    ck_assert(wants(ESPOTA_WANT_DATAGRAM_OUT));
    pass_time(ESPOTA_RECEIVER_CONNECT_MS);
    ck_assert(wants(ESPOTA_WANT_CONNECT));
    ck_assert(!wants(ESPOTA_WANT_DATAGRAM_OUT));
    teardown();
}
END_TEST

UNIT_MAIN("firmware-stub/receiver", test_update_without_password, test_fast_leaves_out_the_waits,
          test_password_in_each_scheme, test_wrong_password,
          test_every_digit_of_the_response_counts, test_second_invitation_only_resets,
          test_malformed_answers_reset, test_challenge_expires, test_strangers_are_not_heard,
          test_where_replies_go, test_nonces_are_random_or_there_are_none,
          test_no_pbkdf2_is_no_way_in, test_quirks_of_the_original, test_invitations_that_are_none,
          test_begin_errors_by_datagram, test_the_application_may_refuse, test_nobody_to_connect_to,
          test_reply_that_cannot_leave)
