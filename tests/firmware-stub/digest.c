/* SPDX-License-Identifier: MIT */
/* The digests of packages that have no library, held against OpenSSL's. */
#include "unit.h"

#include "port/digest/digest.h"

#include "crypto/crypto.h"
#include "wire/wire.h"

static enum espota_status no_random(void *context, void *out, size_t length)
{
    (void)context;
    (void)out;
    (void)length;
    return ESPOTA_E_FAILED;
}

/* Both tables, and bytes to digest. */
static void prepare(struct espota_crypto_openssl *open, struct espota_crypto *own, uint8_t *data,
                    size_t length)
{
    espota_crypto_openssl_init(open);
    espota_digest_table(own, no_random, NULL);
    for (size_t i = 0; i < length; i++)
        data[i] = (uint8_t)(i * 31 + 1);
}

static void digest(const struct espota_crypto *table, enum espota_digest_kind kind,
                   const uint8_t *data, size_t length, size_t first, uint8_t out[ESPOTA_DIGEST_MAX])
{
    struct espota_digest state;

    memset(out, 0, ESPOTA_DIGEST_MAX);
    ck_assert_int_eq(table->digest_start(table->context, kind, &state), ESPOTA_OK);
    table->digest_add(table->context, &state, data, first);
    table->digest_add(table->context, &state, data + first, length - first);
    ck_assert_int_eq(table->digest_finish(table->context, &state, out), ESPOTA_OK);
}

START_TEST(test_every_length_around_a_block)
{
    struct espota_crypto_openssl open;
    struct espota_crypto own;
    uint8_t data[200];

    prepare(&open, &own, data, sizeof(data));
    for (size_t length = 0; length <= sizeof(data); length++) {
        for (int kind = ESPOTA_DIGEST_MD5; kind <= ESPOTA_DIGEST_SHA256; kind++) {
            uint8_t a[ESPOTA_DIGEST_MAX];
            uint8_t b[ESPOTA_DIGEST_MAX];

            digest(&own, (enum espota_digest_kind)kind, data, length, length / 3, a);
            digest(&open.table, (enum espota_digest_kind)kind, data, length, 0, b);
            ck_assert_mem_eq(a, b, sizeof(a));
        }
    }
    espota_crypto_openssl_deinit(&open);
}
END_TEST

/* Passwords shorter and longer than a block, which HMAC hashes first. */
START_TEST(test_pbkdf2)
{
    static const size_t passwords[] = {0, 1, 32, 63, 64, 65, 100};
    struct espota_crypto_openssl open;
    struct espota_crypto own;
    uint8_t bytes[300];

    prepare(&open, &own, bytes, sizeof(bytes));
    for (size_t p = 0; p < sizeof(passwords) / sizeof(*passwords); p++) {
        for (uint32_t rounds = 1; rounds <= 4; rounds++) {
            uint8_t a[ESPOTA_SHA256_SIZE];
            uint8_t b[ESPOTA_SHA256_SIZE];

            ck_assert_int_eq(
                own.pbkdf2_sha256(NULL, bytes, passwords[p], bytes + 100, 129, rounds, a),
                ESPOTA_OK);
            ck_assert_int_eq(open.table.pbkdf2_sha256(open.table.context, bytes, passwords[p],
                                                      bytes + 100, 129, rounds, b),
                             ESPOTA_OK);
            ck_assert_mem_eq(a, b, sizeof(a));
        }
    }
    ck_assert_int_eq(own.pbkdf2_sha256(NULL, bytes, 1, bytes, 1, 0, bytes), ESPOTA_E_USAGE);
    espota_crypto_openssl_deinit(&open);
}
END_TEST

/* What is over leaves nothing of what it digested in the caller's memory. */
START_TEST(test_wipes)
{
    static const struct espota_digest zero;
    struct espota_crypto own;
    struct espota_digest state;
    uint8_t out[ESPOTA_DIGEST_MAX];

    espota_digest_table(&own, no_random, NULL);
    for (int kind = ESPOTA_DIGEST_MD5; kind <= ESPOTA_DIGEST_SHA256; kind++) {
        ck_assert_int_eq(own.digest_start(NULL, (enum espota_digest_kind)kind, &state), ESPOTA_OK);
        own.digest_add(NULL, &state, "secret", 6);
        ck_assert_int_eq(own.digest_finish(NULL, &state, out), ESPOTA_OK);
        ck_assert_mem_eq(&state.state, &zero.state, sizeof(state.state));
    }
}
END_TEST

UNIT_MAIN("digest", test_every_length_around_a_block, test_pbkdf2, test_wipes)
