/* SPDX-License-Identifier: MIT */
#include "sender_attempt.h"

void attempt_init(struct attempt *a, const char *password, enum espota_upload_auth method)
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

void attempt_deinit(struct attempt *a)
{
    espota_sender_deinit(&a->s);
    espota_crypto_openssl_deinit(&a->crypto);
}

bool wants(const struct attempt *a, unsigned flag)
{
    return (espota_sender_want(&a->s) & flag) == flag;
}

void at(struct attempt *a, uint64_t ms)
{
    a->now = a->start + ms;
    espota_sender_tick(&a->s, a->now);
}

void expect_next(const struct attempt *a, uint64_t ms)
{
    uint64_t next = 0;

    ck_assert(espota_sender_deadline(&a->s, &next));
    ck_assert_uint_eq(next - a->start, ms);
}

void expect_end(const struct attempt *a, enum espota_status status, const char *words)
{
    uint64_t next;
    size_t length = a->s.verdict.length;

    ck_assert_int_eq(a->s.phase, ESPOTA_PHASE_OVER);
    ck_assert_int_eq(a->s.status, status);
    ck_assert_uint_eq(espota_sender_want(&a->s),
                      status == ESPOTA_OK ? ESPOTA_WANT_DONE : ESPOTA_WANT_FAILED);
    ck_assert(!espota_sender_deadline(&a->s, &next));
    ck_assert_ptr_null(espota_sender_tx(&a->s, &(size_t){0}));
    ck_assert_uint_eq(length, strlen(words));
    ck_assert_mem_eq(a->s.verdict.words, words, length);
}

void hear(struct attempt *a, const char *text)
{
    struct guarded g = guarded_copy(text, strlen(text));

    espota_sender_rx_datagram(&a->s, g.bytes, strlen(text), a->now);
    guarded_free(&g);
}

void expect_invitation(struct attempt *a)
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

void expect_answer(struct attempt *a, const char *nonce, enum espota_password_form form,
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

void expect_silence(const struct attempt *a)
{
    ck_assert(!wants(a, ESPOTA_WANT_DATAGRAM_OUT));
    ck_assert_ptr_null(espota_sender_tx(&a->s, &(size_t){0}));
}
