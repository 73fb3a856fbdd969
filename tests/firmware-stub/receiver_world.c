/* SPDX-License-Identifier: MIT */
#include "receiver_world.h"

struct chip chip;
struct espota_crypto_openssl openssl;
struct espota_crypto crypto;
struct espota_updater_config update;
struct espota_receiver_config config;
struct espota_receiver receiver;
uint8_t image[SIZE];
char md5[ESPOTA_MD5_HEX + 1];
char hash[ESPOTA_NONCE_MAX + 1];
uint64_t now;
struct seen seen[512];
size_t seen_count;
const char *refusal;
const struct espota_peer host = {{192, 168, 1, 2}, 40000};
const struct espota_peer stranger = {{192, 168, 1, 3}, 40000};

static const char *record_event(void *context, const struct espota_receiver_event *event)
{
    struct seen *s = &seen[seen_count++];

    ck_assert_ptr_eq(context, &seen_count);
    ck_assert_ptr_eq(event->peer, &receiver.peer);
    ck_assert_uint_le(seen_count, sizeof(seen) / sizeof(seen[0]));
    *s = (struct seen){
        event->kind, event->failure, event->error, event->command, event->size, event->done, ""};
    snprintf(s->text, sizeof(s->text), "%s", event->text != NULL ? event->text : "(none)");
    return event->kind == ESPOTA_RECEIVER_START ? refusal : "ignored";
}

void assert_last(enum espota_receiver_event_kind kind)
{
    ck_assert_uint_gt(seen_count, 0);
    ck_assert_int_eq(seen[seen_count - 1].kind, kind);
}

void assert_last_error(enum espota_receiver_failure failure, enum espota_update_error error,
                       const char *text)
{
    assert_last(ESPOTA_RECEIVER_ERROR);
    ck_assert_int_eq(seen[seen_count - 1].failure, failure);
    ck_assert_int_eq(seen[seen_count - 1].error, error);
    ck_assert_str_eq(seen[seen_count - 1].text, text);
}

const char *md5_of(const void *data, size_t length)
{
    struct espota_digest digest;
    uint8_t raw[ESPOTA_MD5_SIZE];

    ck_assert_int_eq(crypto.digest_start(crypto.context, ESPOTA_DIGEST_MD5, &digest), ESPOTA_OK);
    crypto.digest_add(crypto.context, &digest, data, length);
    ck_assert_int_eq(crypto.digest_finish(crypto.context, &digest, raw), ESPOTA_OK);
    espota_hex_encode(raw, sizeof(raw), md5);
    return md5;
}

void setup(void)
{
    chip_init(&chip);
    espota_crypto_openssl_init(&openssl);
    crypto = openssl.table;
    chip_pattern(image, sizeof(image), 3);
    memcpy(image, "\xe9\x01\x02\x20", 4);
    md5_of(image, sizeof(image));
    update = chip_update(&chip, &crypto, 0x40000);
    update.flash_mode = 2;
    config = (struct espota_receiver_config){.update = &update,
                                             .nonce_digits = ESPOTA_NONCE_MD5,
                                             .context = &seen_count,
                                             .event = record_event};
    now = 1000000;
    seen_count = 0;
    refusal = NULL;
    espota_receiver_init(&receiver, &config);
}

void teardown(void)
{
    ck_assert(!chip.abused);
    espota_receiver_deinit(&receiver);
    espota_crypto_openssl_deinit(&openssl);
}

void rx(const char *text, const struct espota_peer *from)
{
    struct guarded g = guarded_copy(text, strlen(text));

    espota_receiver_rx_datagram(&receiver, g.bytes, strlen(text), from, now);
    guarded_free(&g);
}

void invite_with(uint32_t command, uint32_t size, const char *sum)
{
    char text[160];

    snprintf(text, sizeof(text), "%u 8888 %u %s\n", command, size, sum);
    rx(text, &host);
}

void invite(void)
{
    invite_with(0, SIZE, md5);
}

bool wants(unsigned flag)
{
    return (espota_receiver_want(&receiver) & flag) != 0;
}

void assert_out(unsigned flag, const char *expected)
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

void pass_time(uint64_t wait)
{
    enum espota_receiver_phase before = receiver.phase;
    uint64_t at;

    ck_assert(espota_receiver_deadline(&receiver, &at));
    ck_assert_uint_eq(at, now + wait);
    now = at - 1;
    espota_receiver_tick(&receiver, now);
    ck_assert_int_eq(receiver.phase, before);
    now = at;
    espota_receiver_tick(&receiver, now);
    ck_assert_int_ne(receiver.phase, before);
}

void assert_idle(void)
{
    uint64_t at;
    size_t length;

    ck_assert_int_eq(receiver.phase, ESPOTA_RECEIVER_IDLE);
    ck_assert(!espota_receiver_deadline(&receiver, &at));
    ck_assert(!wants(~(unsigned)(ESPOTA_WANT_DATAGRAM_IN | ESPOTA_WANT_DATAGRAM_OUT)));
    ck_assert(!receiver.updater.running);
    for (size_t i = 0; i < sizeof(receiver.nonce); i++)
        ck_assert_int_eq(receiver.nonce[i], 0);
    if (!wants(ESPOTA_WANT_DATAGRAM_OUT))
        ck_assert_ptr_null(espota_receiver_tx(&receiver, &length));
}

void connect_back(void)
{
    ASSERT_REPLY("OK");
    ck_assert(!wants(ESPOTA_WANT_CONNECT));
    pass_time(config.fast ? 0 : 100);
    ck_assert(wants(ESPOTA_WANT_CONNECT));
    ck_assert_uint_eq(receiver.invitation.port, 8888);
    espota_receiver_connected(&receiver, now);
    assert_last(ESPOTA_RECEIVER_PROGRESS);
    ck_assert_uint_eq(seen[seen_count - 1].done, 0);
    ck_assert(wants(ESPOTA_WANT_STREAM_IN));
}

void stream(size_t from, size_t to)
{
    struct guarded g = guarded_copy(image + from, to - from);

    espota_receiver_rx_stream(&receiver, g.bytes, to - from, now);
    guarded_free(&g);
}

void see_success(void)
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
