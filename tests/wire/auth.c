/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "wire/wire.h"

#include <stdbool.h>
#include <stdio.h>

#include "crypto/crypto.h"

#define A32 "abababababababababababababababab"

struct vector {
    enum espota_password_form form;
    const char *password;
    const char *hash;
    const char *nonce;
    const char *cnonce;
    const char *response;
};

static char *next_field(char **line)
{
    char *field = strsep(line, "\t");

    ck_assert_ptr_nonnull(field);
    return field;
}

static bool next_vector(FILE *file, char *line, size_t room, struct vector *out)
{
    const char *form;

    do {
        if (fgets(line, (int)room, file) == NULL)
            return false;
    } while (line[0] == '#');
    line[strcspn(line, "\n")] = '\0';
    form = next_field(&line);
    out->form = strcmp(form, "md5") == 0 ? ESPOTA_FORM_MD5 : ESPOTA_FORM_SHA256;
    out->password = next_field(&line);
    out->hash = next_field(&line);
    out->nonce = next_field(&line);
    out->cnonce = next_field(&line);
    out->response = next_field(&line);
    return true;
}

START_TEST(test_vectors)
{
    FILE *file = fopen(ESPOTA_TEST_VECTORS "/auth.txt", "r");
    struct espota_crypto_openssl crypto;
    struct vector v;
    char line[1024];
    int count = 0;

    ck_assert_ptr_nonnull(file);
    espota_crypto_openssl_init(&crypto);
    for (; next_vector(file, line, sizeof(line), &v); count++) {
        char hash[ESPOTA_NONCE_MAX + 1];
        char response[ESPOTA_NONCE_MAX + 1];

        ck_assert_int_eq(
            espota_password_hash(&crypto.table, v.form, v.password, strlen(v.password), hash),
            ESPOTA_OK);
        ck_assert_str_eq(hash, v.hash);
        ck_assert_int_eq(espota_auth_response(&crypto.table, hash, v.nonce, v.cnonce, response),
                         ESPOTA_OK);
        ck_assert_str_eq(response, v.response);
    }
    ck_assert_int_ge(count, 8);
    espota_crypto_openssl_deinit(&crypto);
    fclose(file);
}
END_TEST

START_TEST(test_lengths_that_fit_no_scheme)
{
    static const char *const bad[][2] = {
        {A32, A32 "a"}, {A32 "a", A32 "a"}, {A32 A32, A32}, {A32 A32 "a", A32 A32 "a"}, {"", ""},
    };
    struct espota_crypto_openssl crypto;
    char response[ESPOTA_NONCE_MAX + 1];

    espota_crypto_openssl_init(&crypto);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        ck_assert_int_eq(espota_auth_response(&crypto.table, A32, bad[i][0], bad[i][1], response),
                         ESPOTA_E_USAGE);
    ck_assert_int_eq(espota_auth_response(&crypto.table, A32 A32 "a", A32, A32, response),
                     ESPOTA_E_USAGE);
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

/* A table whose nth fallible call fails; everything else goes to OpenSSL. */
struct failing {
    struct espota_crypto table;
    struct espota_crypto_openssl openssl;
    int calls;
    int fail_at;
    int open; /* digests started and not yet over */
};

static bool fails(struct failing *f)
{
    return ++f->calls == f->fail_at;
}

static enum espota_status failing_start(void *context, enum espota_digest_kind kind,
                                        struct espota_digest *digest)
{
    struct failing *f = context;

    if (fails(f))
        return ESPOTA_E_LOCAL;
    f->open++;
    return f->openssl.table.digest_start(&f->openssl, kind, digest);
}

static void failing_add(void *context, struct espota_digest *digest, const void *data,
                        size_t length)
{
    struct failing *f = context;

    f->openssl.table.digest_add(&f->openssl, digest, data, length);
}

static enum espota_status failing_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    struct failing *f = context;

    f->open--;
    if (fails(f)) {
        f->openssl.table.digest_drop(&f->openssl, digest);
        return ESPOTA_E_LOCAL;
    }
    return f->openssl.table.digest_finish(&f->openssl, digest, out);
}

static enum espota_status failing_pbkdf2(void *context, const void *password,
                                         size_t password_length, const void *salt,
                                         size_t salt_length, uint32_t rounds,
                                         uint8_t out[ESPOTA_SHA256_SIZE])
{
    struct failing *f = context;

    if (fails(f))
        return ESPOTA_E_LOCAL;
    return f->openssl.table.pbkdf2_sha256(&f->openssl, password, password_length, salt, salt_length,
                                          rounds, out);
}

static void failing_init(struct failing *f, int fail_at)
{
    memset(f, 0, sizeof(*f));
    espota_crypto_openssl_init(&f->openssl);
    f->fail_at = fail_at;
    f->table.context = f;
    f->table.digest_start = failing_start;
    f->table.digest_add = failing_add;
    f->table.digest_finish = failing_finish;
    f->table.pbkdf2_sha256 = failing_pbkdf2;
}

/* Each call of the table fails once: the failure comes out, and no digest stays open. */
START_TEST(test_each_call_fails_once)
{
    static const char *const nonces[] = {A32, A32 A32};
    static const int calls[] = {2, 3};

    for (size_t i = 0; i < 2; i++) {
        for (int at = 1; at <= calls[i] + 1; at++) {
            struct failing f;
            char response[ESPOTA_NONCE_MAX + 1];
            enum espota_status status;

            failing_init(&f, at);
            status = espota_auth_response(&f.table, A32, nonces[i], nonces[i], response);
            ck_assert_int_eq(status, at <= calls[i] ? ESPOTA_E_LOCAL : ESPOTA_OK);
            ck_assert_int_eq(f.open, 0);
            espota_crypto_openssl_deinit(&f.openssl);
        }
    }
}
END_TEST

START_TEST(test_password_hash_fails)
{
    for (int at = 1; at <= 2; at++) {
        struct failing f;
        char hash[ESPOTA_NONCE_MAX + 1];

        failing_init(&f, at);
        ck_assert_int_eq(espota_password_hash(&f.table, ESPOTA_FORM_MD5, "x", 1, hash),
                         ESPOTA_E_LOCAL);
        ck_assert_int_eq(f.open, 0);
        espota_crypto_openssl_deinit(&f.openssl);
    }
}
END_TEST

START_TEST(test_table_without_pbkdf2)
{
    struct failing f;
    char response[ESPOTA_NONCE_MAX + 1];

    failing_init(&f, 0);
    f.table.pbkdf2_sha256 = NULL;
    ck_assert_int_eq(espota_auth_response(&f.table, A32, A32 A32, A32 A32, response),
                     ESPOTA_E_FAILED);
    ck_assert_int_eq(espota_auth_response(&f.table, A32, A32, A32, response), ESPOTA_OK);
    espota_crypto_openssl_deinit(&f.openssl);
}
END_TEST

UNIT_MAIN("wire/auth", test_vectors, test_lengths_that_fit_no_scheme, test_each_call_fails_once,
          test_password_hash_fails, test_table_without_pbkdf2)
