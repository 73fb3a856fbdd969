/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "crypto/crypto.h"

#include "wire/wire.h"

static void expect_digest(const struct espota_crypto *table, enum espota_digest_kind kind,
                          const char *text, const char *expected)
{
    /* whole, byte by byte, and with empty pieces between */
    for (size_t piece = 1; piece <= strlen(text) + 1; piece++) {
        struct espota_digest digest;
        uint8_t raw[ESPOTA_DIGEST_MAX];
        char hex[2 * ESPOTA_DIGEST_MAX + 1];

        ck_assert_int_eq(table->digest_start(table->context, kind, &digest), ESPOTA_OK);
        for (size_t at = 0; at < strlen(text); at += piece) {
            size_t left = strlen(text) - at;

            table->digest_add(table->context, &digest, text + at, left < piece ? left : piece);
            table->digest_add(table->context, &digest, NULL, 0);
        }
        ck_assert_int_eq(table->digest_finish(table->context, &digest, raw), ESPOTA_OK);
        espota_hex_encode(raw, strlen(expected) / 2, hex);
        ck_assert_str_eq(hex, expected);
    }
}

START_TEST(test_digests)
{
    struct espota_crypto_openssl crypto;

    espota_crypto_openssl_init(&crypto);
    expect_digest(&crypto.table, ESPOTA_DIGEST_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
    expect_digest(&crypto.table, ESPOTA_DIGEST_MD5, "message digest",
                  "f96b697d7cb7938d525a2f31aaf161d0");
    expect_digest(&crypto.table, ESPOTA_DIGEST_SHA256, "",
                  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect_digest(&crypto.table, ESPOTA_DIGEST_SHA256, "abc",
                  "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    ck_assert_str_eq(crypto.problem, "");
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

/* Two under way at once do not disturb each other, and a dropped one leaves nothing behind. */
START_TEST(test_digests_side_by_side)
{
    struct espota_crypto_openssl crypto;
    struct espota_crypto *t = &crypto.table;
    struct espota_digest first;
    struct espota_digest second;
    struct espota_digest dropped;
    uint8_t a[ESPOTA_DIGEST_MAX];
    uint8_t b[ESPOTA_DIGEST_MAX];

    espota_crypto_openssl_init(&crypto);
    ck_assert_int_eq(t->digest_start(t->context, ESPOTA_DIGEST_MD5, &first), ESPOTA_OK);
    ck_assert_int_eq(t->digest_start(t->context, ESPOTA_DIGEST_MD5, &dropped), ESPOTA_OK);
    ck_assert_int_eq(t->digest_start(t->context, ESPOTA_DIGEST_MD5, &second), ESPOTA_OK);
    for (int i = 0; i < 1000; i++) {
        t->digest_add(t->context, &first, "abc", 3);
        t->digest_add(t->context, &dropped, "x", 1);
        t->digest_add(t->context, &second, "abc", 3);
    }
    t->digest_drop(t->context, &dropped);
    ck_assert_int_eq(t->digest_finish(t->context, &first, a), ESPOTA_OK);
    ck_assert_int_eq(t->digest_finish(t->context, &second, b), ESPOTA_OK);
    ck_assert_mem_eq(a, b, ESPOTA_MD5_SIZE);
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

/* RFC 7914, section 11: the first block of each. */
START_TEST(test_pbkdf2)
{
    static const struct {
        const char *password;
        const char *salt;
        uint32_t rounds;
        const char *key;
    } cases[] = {
        {"passwd", "salt", 1, "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"},
        {"Password", "NaCl", 80000,
         "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"},
    };
    struct espota_crypto_openssl crypto;

    espota_crypto_openssl_init(&crypto);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t raw[ESPOTA_SHA256_SIZE];
        char hex[2 * ESPOTA_SHA256_SIZE + 1];

        ck_assert_int_eq(crypto.table.pbkdf2_sha256(&crypto, cases[i].password,
                                                    strlen(cases[i].password), cases[i].salt,
                                                    strlen(cases[i].salt), cases[i].rounds, raw),
                         ESPOTA_OK);
        espota_hex_encode(raw, sizeof(raw), hex);
        ck_assert_str_eq(hex, cases[i].key);
    }
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

START_TEST(test_random)
{
    struct espota_crypto_openssl crypto;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};

    espota_crypto_openssl_init(&crypto);
    ck_assert_int_eq(crypto.table.random(&crypto, a, sizeof(a)), ESPOTA_OK);
    ck_assert_int_eq(crypto.table.random(&crypto, b, sizeof(b)), ESPOTA_OK);
    ck_assert_mem_ne(a, b, sizeof(a));
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

/* A machine whose openssl.cnf allows FIPS algorithms alone still talks to its devices. */
START_TEST(test_md5_under_a_fips_policy)
{
    static const char policy[] = "openssl_conf = init\n[init]\nalg_section = evp\n"
                                 "providers = providers\n[evp]\ndefault_properties = fips=yes\n"
                                 "[providers]\nbase = base\n[base]\nactivate = 1\n";
    char path[] = "/tmp/espota-openssl-XXXXXX";
    int fd = mkstemp(path);
    struct espota_crypto_openssl crypto;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, policy, sizeof(policy) - 1), (ssize_t)sizeof(policy) - 1);
    close(fd);
    ck_assert_int_eq(setenv("OPENSSL_CONF", path, 1), 0);
    espota_crypto_openssl_init(&crypto);
    expect_digest(&crypto.table, ESPOTA_DIGEST_MD5, "a", "0cc175b9c0f1b6a831c399e269772661");
    espota_crypto_openssl_deinit(&crypto);
    unlink(path);
}
END_TEST

/* Where the provider is really gone, the message names what is missing and what to do. */
START_TEST(test_problem_is_told)
{
    struct espota_crypto_openssl crypto;
    struct espota_digest digest;

    espota_crypto_openssl_init(&crypto);
    ck_assert_int_eq(crypto.table.digest_start(&crypto, ESPOTA_DIGEST_MD5, &digest), ESPOTA_OK);
    crypto.table.digest_drop(&crypto, &digest);
    /* a finish without a state is what remains when OpenSSL refused to take bytes */
    ck_assert_int_eq(crypto.table.digest_finish(&crypto, &digest, (uint8_t[32]){0}),
                     ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(crypto.problem, "finish a digest"));
    ck_assert_ptr_nonnull(strstr(crypto.problem, "default provider"));
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

/* Nothing is set up before it is needed: a program that hashes nothing pays nothing. */
START_TEST(test_nothing_before_the_first_use)
{
    struct espota_crypto_openssl crypto;

    espota_crypto_openssl_init(&crypto);
    ck_assert_ptr_null(crypto.library.context);
    ck_assert_ptr_null(crypto.library.provider);
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

UNIT_MAIN("crypto/crypto_openssl", test_digests, test_digests_side_by_side, test_pbkdf2,
          test_random, test_md5_under_a_fips_policy, test_problem_is_told,
          test_nothing_before_the_first_use)
