/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "port/bearssl/bearssl.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "wire/wire.h"

struct pair {
    struct espota_crypto_bearssl bear;
    struct espota_crypto_openssl open;
    const struct espota_crypto *tables[2];
};

static void pair_init(struct pair *pair)
{
    ck_assert_int_eq(espota_crypto_bearssl_init(&pair->bear), ESPOTA_OK);
    espota_crypto_openssl_init(&pair->open);
    pair->tables[0] = &pair->bear.table;
    pair->tables[1] = &pair->open.table;
}

static void pair_deinit(struct pair *pair)
{
    espota_crypto_bearssl_deinit(&pair->bear);
    espota_crypto_openssl_deinit(&pair->open);
}

static void digest(const struct espota_crypto *table, enum espota_digest_kind kind,
                   const uint8_t *data, size_t length, size_t piece, uint8_t out[ESPOTA_DIGEST_MAX])
{
    struct espota_digest state;

    ck_assert_int_eq(table->digest_start(table->context, kind, &state), ESPOTA_OK);
    for (size_t at = 0; at < length; at += piece) {
        table->digest_add(table->context, &state, data + at,
                          length - at < piece ? length - at : piece);
        table->digest_add(table->context, &state, NULL, 0);
    }
    ck_assert_int_eq(table->digest_finish(table->context, &state, out), ESPOTA_OK);
}

/* Both libraries agree on every length around their block sizes, in pieces of every length. */
START_TEST(test_digests_as_openssl)
{
    enum { LENGTH_MAX = 200 };
    struct pair pair;
    uint8_t data[LENGTH_MAX];

    pair_init(&pair);
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 31);
    for (size_t length = 0; length <= LENGTH_MAX; length++) {
        for (size_t piece = 1; piece <= 70; piece += 23) {
            uint8_t a[ESPOTA_DIGEST_MAX];
            uint8_t b[ESPOTA_DIGEST_MAX];

            digest(pair.tables[0], ESPOTA_DIGEST_MD5, data, length, piece, a);
            digest(pair.tables[1], ESPOTA_DIGEST_MD5, data, length, LENGTH_MAX, b);
            ck_assert_mem_eq(a, b, ESPOTA_MD5_SIZE);
            digest(pair.tables[0], ESPOTA_DIGEST_SHA256, data, length, piece, a);
            digest(pair.tables[1], ESPOTA_DIGEST_SHA256, data, length, LENGTH_MAX, b);
            ck_assert_mem_eq(a, b, ESPOTA_SHA256_SIZE);
        }
    }
    pair_deinit(&pair);
}
END_TEST

/* What is over leaves nothing of what it digested in the caller's memory. */
START_TEST(test_digests_wipe)
{
    static const struct espota_digest zero;
    struct espota_crypto_bearssl crypto;
    const struct espota_crypto *t = &crypto.table;
    struct espota_digest state;
    uint8_t out[ESPOTA_DIGEST_MAX];

    ck_assert_int_eq(espota_crypto_bearssl_init(&crypto), ESPOTA_OK);
    ck_assert_int_eq(t->digest_start(t->context, ESPOTA_DIGEST_SHA256, &state), ESPOTA_OK);
    t->digest_add(t->context, &state, "secret", 6);
    ck_assert_mem_ne(&state.state, &zero.state, sizeof(state.state));
    t->digest_drop(t->context, &state);
    ck_assert_mem_eq(&state.state, &zero.state, sizeof(state.state));
    ck_assert_int_eq(t->digest_start(t->context, ESPOTA_DIGEST_MD5, &state), ESPOTA_OK);
    t->digest_add(t->context, &state, "secret", 6);
    ck_assert_int_eq(t->digest_finish(t->context, &state, out), ESPOTA_OK);
    ck_assert_mem_eq(&state.state, &zero.state, sizeof(state.state));
    espota_crypto_bearssl_deinit(&crypto);
}
END_TEST

static void stretch(const struct espota_crypto *table, size_t password, size_t salt,
                    uint32_t rounds, uint8_t out[ESPOTA_SHA256_SIZE])
{
    uint8_t bytes[300];

    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    ck_assert_int_eq(
        table->pbkdf2_sha256(table->context, bytes, password, bytes + 100, salt, rounds, out),
        ESPOTA_OK);
}

/* Passwords shorter and longer than a block (which HMAC hashes first), salts of every size. */
START_TEST(test_pbkdf2_as_openssl)
{
    static const size_t passwords[] = {0, 1, 32, 63, 64, 65, 100};
    static const size_t salts[] = {0, 1, 51, 52, 129, 200};
    struct pair pair;

    pair_init(&pair);
    for (size_t p = 0; p < sizeof(passwords) / sizeof(*passwords); p++) {
        for (size_t s = 0; s < sizeof(salts) / sizeof(*salts); s++) {
            for (uint32_t rounds = 1; rounds <= 4; rounds++) {
                uint8_t a[ESPOTA_SHA256_SIZE];
                uint8_t b[ESPOTA_SHA256_SIZE];

                stretch(pair.tables[0], passwords[p], salts[s], rounds, a);
                stretch(pair.tables[1], passwords[p], salts[s], rounds, b);
                ck_assert_mem_eq(a, b, sizeof(a));
            }
        }
    }
    pair_deinit(&pair);
}
END_TEST

START_TEST(test_pbkdf2_wants_rounds)
{
    struct espota_crypto_bearssl crypto;
    uint8_t out[ESPOTA_SHA256_SIZE];

    ck_assert_int_eq(espota_crypto_bearssl_init(&crypto), ESPOTA_OK);
    ck_assert_int_eq(crypto.table.pbkdf2_sha256(&crypto, "p", 1, "s", 1, 0, out), ESPOTA_E_USAGE);
    espota_crypto_bearssl_deinit(&crypto);
}
END_TEST

/* The responses of PROTOCOL 1.10, computed by the core on this table. */
START_TEST(test_responses)
{
    FILE *file = fopen(ESPOTA_TEST_VECTORS "/auth.txt", "r");
    struct espota_crypto_bearssl crypto;
    char line[1024];
    int count = 0;

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(espota_crypto_bearssl_init(&crypto), ESPOTA_OK);
    while (fgets(line, sizeof(line), file) != NULL) {
        enum { FORM, PASSWORD, STORED, NONCE, CNONCE, RESPONSE, FIELDS };
        char *rest = line;
        char *field[FIELDS];
        char out[ESPOTA_NONCE_MAX + 1];
        enum espota_password_form form;

        if (line[0] == '#')
            continue;
        line[strcspn(line, "\n")] = '\0';
        for (int i = 0; i < FIELDS; i++)
            ck_assert_ptr_nonnull(field[i] = strsep(&rest, "\t"));
        form = strcmp(field[FORM], "md5") == 0 ? ESPOTA_FORM_MD5 : ESPOTA_FORM_SHA256;
        ck_assert_int_eq(espota_password_hash(&crypto.table, form, field[PASSWORD],
                                              strlen(field[PASSWORD]), out),
                         ESPOTA_OK);
        ck_assert_str_eq(out, field[STORED]);
        ck_assert_int_eq(
            espota_auth_response(&crypto.table, field[STORED], field[NONCE], field[CNONCE], out),
            ESPOTA_OK);
        ck_assert_str_eq(out, field[RESPONSE]);
        count++;
    }
    ck_assert_int_ge(count, 4);
    fclose(file);
    espota_crypto_bearssl_deinit(&crypto);
}
END_TEST

START_TEST(test_random)
{
    struct espota_crypto_bearssl first;
    struct espota_crypto_bearssl second;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};
    uint8_t c[32] = {0};

    ck_assert_int_eq(espota_crypto_bearssl_init(&first), ESPOTA_OK);
    ck_assert_int_eq(espota_crypto_bearssl_init(&second), ESPOTA_OK);
    ck_assert_int_eq(first.table.random(&first, a, sizeof(a)), ESPOTA_OK);
    ck_assert_int_eq(first.table.random(&first, b, sizeof(b)), ESPOTA_OK);
    ck_assert_int_eq(second.table.random(&second, c, sizeof(c)), ESPOTA_OK);
    ck_assert_mem_ne(a, b, sizeof(a));
    ck_assert_mem_ne(a, c, sizeof(a)); /* seeded, not only started */
    espota_crypto_bearssl_deinit(&first);
    espota_crypto_bearssl_deinit(&second);
}
END_TEST

UNIT_MAIN("bearssl/crypto", test_digests_as_openssl, test_digests_wipe, test_pbkdf2_as_openssl,
          test_pbkdf2_wants_rounds, test_responses, test_random)
