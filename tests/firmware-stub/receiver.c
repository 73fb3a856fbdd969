/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "core/receiver.h"

#include <stdio.h>

#include "chip.h"
#include "crypto/crypto.h"
#include "wire/auth.h"
#include "wire/text.h"

enum { SIZE = 10000, START = 0xbb000 - 3 * 4096 };

struct seen {
    enum espota_receiver_event_kind kind;
    enum espota_receiver_failure failure;
    enum espota_update_error error;
    uint32_t command;
    uint32_t size;
    uint32_t done;
    char text[160];
};

static struct chip chip;
static struct espota_crypto_openssl openssl;
static struct espota_crypto crypto;
static struct espota_updater_config update;
static struct espota_receiver_config config;
static struct espota_receiver receiver;
static uint8_t image[SIZE];
static char md5[ESPOTA_MD5_HEX + 1];
static char hash[ESPOTA_NONCE_MAX + 1];
static uint64_t now;
static struct seen seen[512];
static size_t seen_count;
static const char *refusal;
static const struct espota_peer host = {{192, 168, 1, 2}, 40000};
static const struct espota_peer stranger = {{192, 168, 1, 3}, 40000};

static const char *record_event(void *context, const struct espota_receiver_event *event)
{
    struct seen *s = &seen[seen_count++];

    ck_assert_ptr_eq(context, &seen_count);
    ck_assert_ptr_eq(event->peer, espota_receiver_peer(&receiver));
    ck_assert_uint_le(seen_count, sizeof(seen) / sizeof(seen[0]));
    *s = (struct seen){
        event->kind, event->failure, event->error, event->command, event->size, event->done, ""};
    snprintf(s->text, sizeof(s->text), "%s", event->text != NULL ? event->text : "(none)");
    return event->kind == ESPOTA_RECEIVER_START ? refusal : "ignored";
}

static void assert_last(enum espota_receiver_event_kind kind)
{
    ck_assert_uint_gt(seen_count, 0);
    ck_assert_int_eq(seen[seen_count - 1].kind, kind);
}

static void assert_last_error(enum espota_receiver_failure failure, enum espota_update_error error,
                              const char *text)
{
    assert_last(ESPOTA_RECEIVER_ERROR);
    ck_assert_int_eq(seen[seen_count - 1].failure, failure);
    ck_assert_int_eq(seen[seen_count - 1].error, error);
    ck_assert_str_eq(seen[seen_count - 1].text, text);
}

static const char *md5_of(const void *data, size_t length)
{
    struct espota_digest digest;
    uint8_t raw[ESPOTA_MD5_SIZE];

    ck_assert_int_eq(crypto.digest_start(crypto.context, ESPOTA_DIGEST_MD5, &digest), ESPOTA_OK);
    crypto.digest_add(crypto.context, &digest, data, length);
    ck_assert_int_eq(crypto.digest_finish(crypto.context, &digest, raw), ESPOTA_OK);
    espota_hex_encode(raw, sizeof(raw), md5);
    return md5;
}

static void setup(void)
{
    chip_init(&chip);
    espota_crypto_openssl_init(&openssl);
    crypto = openssl.table;
    chip_pattern(image, sizeof(image), 3);
    memcpy(image, "\xe9\x01\x02\x20", 4);
    md5_of(image, sizeof(image));
    update = (struct espota_updater_config){.flash = &chip.table,
                                            .crypto = &crypto,
                                            .boot = &chip.boot,
                                            .sketch_size = 0x40000,
                                            .fs_start = 0xbb000,
                                            .fs_end = 0xfb000,
                                            .chip_size = CHIP_SIZE,
                                            .configured_size = CHIP_SIZE,
                                            .flash_mode = 2};
    config = (struct espota_receiver_config){.update = &update,
                                             .crypto = &crypto,
                                             .nonce_digits = ESPOTA_NONCE_MD5,
                                             .context = &seen_count,
                                             .event = record_event};
    now = 1000000;
    seen_count = 0;
    refusal = NULL;
    espota_receiver_init(&receiver, &config);
}

static void teardown(void)
{
    ck_assert(!chip.abused);
    espota_receiver_deinit(&receiver);
    espota_crypto_openssl_deinit(&openssl);
}

static void set_password(const char *password, enum espota_password_form form, unsigned digits)
{
    ck_assert_int_eq(espota_password_hash(&crypto, form, password, strlen(password), hash),
                     ESPOTA_OK);
    config.password_hash = hash;
    config.nonce_digits = (uint8_t)digits;
}

static void rx(const char *text, const struct espota_peer *from)
{
    struct guarded g = guarded_copy(text, strlen(text));

    espota_receiver_rx_datagram(&receiver, g.bytes, strlen(text), from, now);
    guarded_free(&g);
}

static void invite_with(uint32_t command, uint32_t size, const char *sum)
{
    char text[160];

    snprintf(text, sizeof(text), "%u 8888 %u %s\n", command, size, sum);
    rx(text, &host);
}

static void invite(void)
{
    invite_with(0, SIZE, md5);
}

static bool wants(unsigned flag)
{
    return (espota_receiver_want(&receiver) & flag) != 0;
}

/* Takes what is wanted out and compares; NULL: nothing is. */
static void assert_out(unsigned flag, const char *expected)
{
    size_t length = 0;
    const uint8_t *tx;

    ck_assert_int_eq(wants(flag), expected != NULL);
    if (expected == NULL)
        return;
    tx = espota_receiver_tx(&receiver, &length);
    ck_assert_ptr_nonnull(tx);
    ck_assert_uint_eq(length, strlen(expected));
    ck_assert_mem_eq(tx, expected, length);
    espota_receiver_tx_ack(&receiver, length, now);
}

#define ASSERT_REPLY(expected) assert_out(ESPOTA_WANT_DATAGRAM_OUT, expected)
#define ASSERT_STREAM(expected) assert_out(ESPOTA_WANT_STREAM_OUT, expected)

/* Nothing happens a millisecond before `wait`; then it is due. */
static void pass_time(uint64_t wait)
{
    enum espota_receiver_phase before = espota_receiver_phase(&receiver);
    uint64_t at;

    ck_assert(espota_receiver_deadline(&receiver, &at));
    ck_assert_uint_eq(at, now + wait);
    now = at - 1;
    espota_receiver_tick(&receiver, now);
    ck_assert_int_eq(espota_receiver_phase(&receiver), before);
    now = at;
    espota_receiver_tick(&receiver, now);
    ck_assert_int_ne(espota_receiver_phase(&receiver), before);
}

static void assert_idle(void)
{
    uint64_t at;
    size_t length;

    ck_assert_int_eq(espota_receiver_phase(&receiver), ESPOTA_RECEIVER_IDLE);
    ck_assert(!espota_receiver_deadline(&receiver, &at));
    ck_assert(!wants(~(unsigned)(ESPOTA_WANT_DATAGRAM_IN | ESPOTA_WANT_DATAGRAM_OUT)));
    ck_assert(!espota_updater_running(&receiver.updater));
    for (size_t i = 0; i < sizeof(receiver.nonce); i++)
        ck_assert_int_eq(receiver.nonce[i], 0);
    if (!wants(ESPOTA_WANT_DATAGRAM_OUT))
        ck_assert_ptr_null(espota_receiver_tx(&receiver, &length));
}

static void connect_back(void)
{
    ASSERT_REPLY("OK");
    ck_assert(!wants(ESPOTA_WANT_CONNECT));
    pass_time(config.fast ? 0 : 100);
    ck_assert(wants(ESPOTA_WANT_CONNECT));
    ck_assert_uint_eq(espota_receiver_port(&receiver), 8888);
    espota_receiver_connected(&receiver, now);
    assert_last(ESPOTA_RECEIVER_PROGRESS);
    ck_assert_uint_eq(seen[seen_count - 1].done, 0);
    ck_assert(wants(ESPOTA_WANT_STREAM_IN));
}

static void stream(size_t from, size_t to)
{
    struct guarded g = guarded_copy(image + from, to - from);

    espota_receiver_rx_stream(&receiver, g.bytes, to - from, now);
    guarded_free(&g);
}

/* Everything after the last count, as a host sees it. */
static void see_success(void)
{
    pass_time(1000);
    ASSERT_STREAM("OK");
    ck_assert(wants(ESPOTA_WANT_STREAM_IN));
    ck_assert_int_ne(seen[seen_count - 1].kind, ESPOTA_RECEIVER_END);
    pass_time(1000);
    assert_last(ESPOTA_RECEIVER_END);
    ck_assert(!wants(ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT));
    pass_time(100);
    ck_assert_uint_eq(espota_receiver_want(&receiver), ESPOTA_WANT_DONE);
    ck_assert_mem_eq(chip.bytes + START, image, SIZE);
    ck_assert_uint_eq(chip.stores, 1);
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
        ck_assert_int_eq(espota_receiver_phase(&receiver), ESPOTA_RECEIVER_WAITAUTH);
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
        ck_assert_int_eq(espota_receiver_phase(&receiver), ESPOTA_RECEIVER_WAITAUTH);
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
    ck_assert_int_eq(espota_receiver_phase(&receiver), ESPOTA_RECEIVER_WAITAUTH);
    rx(text, &host);
    ASSERT_REPLY("OK");
    ck_assert_mem_eq(espota_receiver_peer(&receiver)->address, host.address, 20);
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
    ck_assert_uint_eq(espota_receiver_peer(&receiver)->port, 40000);
    ASSERT_REPLY("OK");
    teardown();
    setup(); /* an ESP32 to the answer's */
    set_password("secret", ESPOTA_FORM_SHA256, 64);
    invite();
    answer(hash, text);
    rx(text, &other_port);
    ck_assert_uint_eq(espota_receiver_peer(&receiver)->port, 40001);
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
    ck_assert_mem_eq(espota_receiver_peer(&receiver)->address, host.address, 20);
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

START_TEST(test_deaf_while_it_runs)
{
    setup();
    invite();
    rx("100 1 2 0123456789abcdef0123456789abcdef\n", &host);
    connect_back();
    rx("100 1 2 0123456789abcdef0123456789abcdef\n", &host);
    stream(0, SIZE);
    rx("100 1 2 0123456789abcdef0123456789abcdef\n", &stranger);
    ASSERT_STREAM("10000");
    see_success();
    rx("100 1 2 0123456789abcdef0123456789abcdef\n", &stranger);
    ck_assert_uint_eq(espota_receiver_want(&receiver), ESPOTA_WANT_DONE);
    teardown();
}
END_TEST

/* The count of one pass, taken a byte at a time. */
static void assert_count(size_t expected)
{
    char text[24];
    char said[24];
    size_t used = 0;
    size_t length;

    snprintf(text, sizeof(text), "%zu", expected);
    while (wants(ESPOTA_WANT_STREAM_OUT)) {
        ck_assert_uint_lt(used, sizeof(said) - 1);
        said[used++] = (char)*espota_receiver_tx(&receiver, &length);
        espota_receiver_tx_ack(&receiver, 1, now);
    }
    said[used] = '\0';
    ck_assert_str_eq(said, text);
}

START_TEST(test_stream_split_anywhere)
{
    for (size_t step = 1; step <= SIZE; step += step < 20 ? 1 : 997) {
        setup();
        invite();
        connect_back();
        for (size_t at = 0; at < SIZE;) {
            size_t part = SIZE - at < step ? SIZE - at : step;
            size_t room;

            seen_count = 0; /* one event a pass would be too many to keep */
            if (step % 2 == 0) {
                uint8_t *into = espota_receiver_room(&receiver, &room);

                part = part < room ? part : room;
                memcpy(into, image + at, part);
                espota_receiver_rx_filled(&receiver, part, now);
            } else {
                stream(at, at + part);
            }
            at += part;
            assert_last(ESPOTA_RECEIVER_PROGRESS);
            ck_assert_uint_eq(seen[0].done, at);
            assert_count(part);
        }
        see_success();
        teardown();
    }
}
END_TEST

START_TEST(test_counts_merge_while_the_host_does_not_read)
{
    size_t length;

    setup();
    invite();
    connect_back();
    stream(0, 1460);
    stream(1460, 2920);
    stream(2920, 3000);
    ck_assert_mem_eq(espota_receiver_tx(&receiver, &length), "3000", 4);
    ck_assert_uint_eq(length, 4);
    espota_receiver_tx_ack(&receiver, 3, now);
    stream(3000, 4000); /* too late for this count */
    stream(4000, 4500);
    ck_assert_mem_eq(espota_receiver_tx(&receiver, &length), "0", 1);
    ck_assert_uint_eq(length, 1);
    espota_receiver_tx_ack(&receiver, 1, now);
    ASSERT_STREAM("1500");
    ASSERT_STREAM(NULL);
    stream(4500, 5000);
    stream(5000, SIZE); /* the last byte is in, the count before it is not out */
    ck_assert_int_eq(espota_receiver_phase(&receiver), ESPOTA_RECEIVER_INSTALLED);
    ASSERT_STREAM("5500");
    see_success();
    teardown();
}
END_TEST

/* The last byte comes while half of a count has left: both counts are said, then OK. */
START_TEST(test_last_byte_within_a_count)
{
    size_t length;

    setup();
    invite();
    connect_back();
    stream(0, 5000);
    ck_assert_ptr_nonnull(espota_receiver_tx(&receiver, &length));
    espota_receiver_tx_ack(&receiver, 2, now);
    stream(5000, SIZE);
    ck_assert_int_eq(espota_receiver_phase(&receiver), ESPOTA_RECEIVER_INSTALLED);
    ASSERT_STREAM("00");
    ASSERT_STREAM("5000");
    see_success();
    teardown();
}
END_TEST

START_TEST(test_bytes_beyond_the_image_are_dropped)
{
    uint8_t more[SIZE + 5];
    size_t room;

    setup();
    memcpy(more, image, SIZE);
    memset(more + SIZE, 0x55, 5);
    invite();
    connect_back();
    espota_receiver_rx_stream(&receiver, more, sizeof(more), now);
    ASSERT_STREAM("10000");
    ck_assert_ptr_nonnull(espota_receiver_room(&receiver, &room));
    ck_assert_uint_gt(room, 0);
    espota_receiver_rx_filled(&receiver, room, now);
    espota_receiver_rx_stream(&receiver, more, sizeof(more), now);
    see_success();
    teardown();
}
END_TEST

/* The error text follows the last count; the host may take a second to see it. */
static void see_failure(const char *stream_text, enum espota_receiver_failure failure,
                        enum espota_update_error error, const char *text)
{
    assert_last_error(failure, error, text);
    ASSERT_STREAM(stream_text);
    ck_assert(wants(ESPOTA_WANT_STREAM_IN));
    pass_time(ESPOTA_RECEIVER_LINGER_MS);
    assert_idle();
    ck_assert_uint_eq(chip.stores, 0);
}

START_TEST(test_errors_by_stream)
{
    char text[200];
    char with_count[220];

    setup();
    invite_with(0, SIZE, "0123456789abcdef0123456789abcdef");
    connect_back();
    stream(0, 5000);
    ASSERT_STREAM("5000");
    stream(5000, SIZE);
    snprintf(text, sizeof(text),
             "ERROR[7]: MD5 verification failed: expected: 0123456789abcdef0123456789abcdef, "
             "calculated: %s\n",
             md5);
    snprintf(with_count, sizeof(with_count), "5000%s", text);
    see_failure(with_count, ESPOTA_FAILURE_END, ESPOTA_UPDATE_MD5, text);
    image[0] = 0x55;
    invite_with(0, SIZE, md5_of(image, SIZE));
    connect_back();
    stream(0, SIZE);
    see_failure("10000ERROR[10]: Magic byte is not 0xE9\n", ESPOTA_FAILURE_END, ESPOTA_UPDATE_MAGIC,
                "ERROR[10]: Magic byte is not 0xE9\n");
    teardown();
}
END_TEST

START_TEST(test_flash_failures_by_stream)
{
    setup();
    invite();
    connect_back();
    stream(0, 1460);
    chip.fail_erase = 1;
    stream(1460, 5000);
    /* the count of the first pass has not left yet, that of the failing one is never said */
    see_failure("1460ERROR[2]: Flash Erase Failed\n", ESPOTA_FAILURE_END, ESPOTA_UPDATE_ERASE,
                "ERROR[2]: Flash Erase Failed\n");
    chip_reset(&chip);
    invite();
    connect_back();
    chip.fail_write = 2;
    stream(0, SIZE);
    assert_last(ESPOTA_RECEIVER_ERROR);
    espota_receiver_rx_stream(&receiver, image, 100, now); /* what comes now is dropped */
    ASSERT_STREAM("ERROR[1]: Flash Write Failed\n");
    espota_receiver_rx_end(&receiver, now); /* the host has seen enough */
    assert_idle();
    teardown();
}
END_TEST

START_TEST(test_host_hangs_up)
{
    setup();
    invite();
    connect_back();
    stream(0, 5000);
    espota_receiver_rx_end(&receiver, now); /* its count never left */
    assert_last_error(ESPOTA_FAILURE_END, ESPOTA_UPDATE_OK, "(none)");
    assert_idle();
    ASSERT_STREAM(NULL);
    invite();
    connect_back();
    espota_receiver_rx_end(&receiver, now);
    assert_last_error(ESPOTA_FAILURE_END, ESPOTA_UPDATE_NO_DATA, "(none)");
    assert_idle();
    ck_assert_uint_eq(chip.stores, 0);
    teardown();
}
END_TEST

/* What is installed stays so: the device restarts although nobody hears its OK. */
START_TEST(test_host_hangs_up_after_the_last_byte)
{
    for (int told = 0; told < 2; told++) {
        size_t length;

        setup();
        invite();
        connect_back();
        stream(0, SIZE);
        ASSERT_STREAM("10000");
        if (told == 1)
            pass_time(1000);
        espota_receiver_rx_end(&receiver, now);
        assert_last(ESPOTA_RECEIVER_END);
        ck_assert(!wants(ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT));
        ck_assert_ptr_null(espota_receiver_tx(&receiver, &length));
        pass_time(100);
        ck_assert_uint_eq(espota_receiver_want(&receiver), ESPOTA_WANT_DONE);
        ck_assert_uint_eq(chip.stores, 1);
        teardown();
    }
}
END_TEST

START_TEST(test_stream_that_stands_still)
{
    setup();
    invite();
    connect_back();
    now += 29000;
    stream(0, 1);
    ASSERT_STREAM("1");
    now += 1000;
    espota_receiver_tick(&receiver, now);
    ck_assert_int_eq(espota_receiver_phase(&receiver), ESPOTA_RECEIVER_STREAMING);
    pass_time(ESPOTA_RECEIVER_IDLE_MS - 1000);
    see_failure("ERROR[6]: Stream Read Timeout\n", ESPOTA_FAILURE_RECEIVE, ESPOTA_UPDATE_STREAM,
                "ERROR[6]: Stream Read Timeout\n");
    teardown();
}
END_TEST

/* A host that never reads holds the device up for a while, not for ever. */
START_TEST(test_host_that_does_not_read)
{
    setup();
    invite();
    connect_back();
    stream(0, SIZE);
    pass_time(ESPOTA_RECEIVER_CONNECT_MS); /* the last count */
    assert_last(ESPOTA_RECEIVER_END);
    teardown();
    setup();
    invite();
    connect_back();
    stream(0, SIZE);
    ASSERT_STREAM("10000");
    pass_time(1000);
    pass_time(ESPOTA_RECEIVER_CONNECT_MS); /* the OK */
    assert_last(ESPOTA_RECEIVER_END);
    teardown();
    setup();
    invite();
    connect_back();
    chip.fail_erase = 1;
    stream(0, SIZE);
    pass_time(ESPOTA_RECEIVER_CONNECT_MS); /* the error text */
    assert_idle();
    teardown();
}
END_TEST

START_TEST(test_calls_out_of_place_change_nothing)
{
    setup();
    espota_receiver_connected(&receiver, now);
    espota_receiver_connect_failed(&receiver, now);
    espota_receiver_rx_end(&receiver, now);
    espota_receiver_rx_filled(&receiver, 100, now);
    espota_receiver_rx_stream(&receiver, image, 100, now);
    espota_receiver_tx_ack(&receiver, 100, now);
    espota_receiver_tick(&receiver, now);
    assert_idle();
    ck_assert_uint_eq(seen_count, 0);
    invite();
    espota_receiver_connected(&receiver, now); /* too early */
    ck_assert_int_eq(espota_receiver_phase(&receiver), ESPOTA_RECEIVER_ACCEPTED);
    teardown();
}
END_TEST

START_TEST(test_memory)
{
    setup();
    config.event = NULL; /* an application that need not know */
    invite();
    ASSERT_REPLY("OK");
    ck_assert_uint_le(sizeof(struct espota_receiver), ESPOTA_SECTOR_SIZE + 1024);
    teardown();
    for (size_t i = 0; i < sizeof(receiver.nonce); i++)
        ck_assert_int_eq(receiver.nonce[i], 0);
}
END_TEST

UNIT_MAIN("firmware-stub/receiver", test_update_without_password, test_fast_leaves_out_the_waits,
          test_password_in_each_scheme, test_wrong_password,
          test_every_digit_of_the_response_counts, test_second_invitation_only_resets,
          test_malformed_answers_reset, test_challenge_expires, test_strangers_are_not_heard,
          test_where_replies_go, test_nonces_are_random_or_there_are_none,
          test_no_pbkdf2_is_no_way_in, test_quirks_of_the_original, test_invitations_that_are_none,
          test_begin_errors_by_datagram, test_the_application_may_refuse, test_nobody_to_connect_to,
          test_reply_that_cannot_leave, test_deaf_while_it_runs, test_stream_split_anywhere,
          test_counts_merge_while_the_host_does_not_read, test_last_byte_within_a_count,
          test_bytes_beyond_the_image_are_dropped, test_errors_by_stream,
          test_flash_failures_by_stream, test_host_hangs_up, test_host_hangs_up_after_the_last_byte,
          test_stream_that_stands_still, test_host_that_does_not_read,
          test_calls_out_of_place_change_nothing, test_memory)
