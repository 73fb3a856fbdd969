/* SPDX-License-Identifier: MIT */
/*
 * Thousands of random payloads: what is made is what OpenSSL's one-shot signing makes, what is
 * judged good is good, and no changed byte is.
 */
#include "unit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>

#include "crypto/keys_openssl.h"
#include "images.h"
#include "sign/signature.h"

enum { PAYLOAD_MAX = 6000, MANY = 2000 };

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t bound)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % bound;
}

/* The same key as espota's and as OpenSSL's own object. */
struct pair {
    struct espota_key *key;
    EVP_PKEY *pkey;
};

static struct pair make_pair(EVP_PKEY *pkey)
{
    struct pair pair = {NULL, pkey};
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes;
    long length;

    ck_assert_ptr_nonnull(pkey);
    ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
    length = BIO_get_mem_data(bio, &bytes);
    ck_assert_int_eq(
        espota_key_parse(&pair.key, bytes, (size_t)length, true, "test key", NULL, NULL),
        ESPOTA_OK);
    BIO_free(bio);
    return pair;
}

static struct pair rsa_pair(size_t bits)
{
    return make_pair(EVP_RSA_gen(bits));
}

static void free_pair(struct pair *pair)
{
    espota_key_destroy(pair->key);
    EVP_PKEY_free(pair->pkey);
}

/* Bytes with their trailer, as a signer makes them. */
static struct test_image make(const struct pair *pair, enum espota_sign_format format,
                              enum espota_hash_kind kind, size_t payload)
{
    struct test_image image = {NULL, 0};
    struct espota_tail tail;
    uint8_t trailer[ESPOTA_TRAILER_MAX];
    size_t length;

    test_image_append(&image, NULL, payload);
    test_noise(image.bytes, payload, random_below(1u << 20));
    ck_assert_int_eq(espota_tail_init(&tail, pair->key, format, NULL), ESPOTA_OK);
    espota_tail_add(&tail, image.bytes, payload);
    ck_assert_int_eq(espota_tail_sign(&tail, format, kind, trailer, &length, NULL), ESPOTA_OK);
    espota_tail_deinit(&tail);
    test_image_append(&image, trailer, length);
    return image;
}

static struct espota_verified judge(const struct test_image *image, const struct pair *pair,
                                    enum espota_sign_format format)
{
    struct espota_verified verdict;
    struct guarded g = guarded_copy(image->bytes, image->length);
    const struct espota_image_input from = {.data = g.bytes, .length = image->length};

    ck_assert_int_eq(espota_signature_judge_image(&from, pair->key, format, &verdict, NULL),
                     ESPOTA_OK);
    ck_assert_int_eq(verdict.good, verdict.reason[0] == '\0');
    guarded_free(&g);
    return verdict;
}

START_TEST(test_thousands_as_openssl_signs_them)
{
    struct pair pair = rsa_pair(1024);
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    for (int i = 0; i < MANY; i++) {
        size_t payload = 1 + random_below(PAYLOAD_MAX);
        struct test_image image = make(&pair, ESPOTA_SIGN_ESP8266, ESPOTA_HASH_SHA256, payload);
        uint8_t expected[128];
        size_t length = sizeof(expected);

        ck_assert_uint_eq(image.length, payload + 128 + 4);
        ck_assert_int_eq(EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, pair.pkey), 1);
        ck_assert_int_eq(EVP_DigestSign(context, expected, &length, image.bytes, payload), 1);
        ck_assert_mem_eq(image.bytes + payload, expected, 128);
        ck_assert_uint_eq(test_image_get32(&image, image.length - 4), 128);
        ck_assert(judge(&image, &pair, ESPOTA_SIGN_AUTO).good);
        image.bytes[random_below((uint32_t)image.length)] ^= (uint8_t)(1u << random_below(8));
        ck_assert(!judge(&image, &pair, ESPOTA_SIGN_AUTO).good);
        test_image_free(&image);
        EVP_MD_CTX_reset(context);
    }
    EVP_MD_CTX_free(context);
    free_pair(&pair);
}
END_TEST

static void must_be(const struct pair *pair, enum espota_sign_format format,
                    enum espota_hash_kind kind)
{
    struct test_image image = make(pair, format, kind, 1 + random_below(PAYLOAD_MAX));
    struct espota_verified verdict = judge(&image, pair, ESPOTA_SIGN_AUTO);

    ck_assert(verdict.good);
    ck_assert_str_eq(espota_sign_format_word(verdict.format), espota_sign_format_word(format));
    ck_assert_int_eq(verdict.hash, kind);
    ck_assert(judge(&image, pair, format).good);
    for (int other = ESPOTA_SIGN_ESP8266; other <= ESPOTA_SIGN_ESP32; other++)
        if (other != (int)format)
            ck_assert(!judge(&image, pair, (enum espota_sign_format)other).good);
    image.bytes[random_below((uint32_t)image.length)] ^= (uint8_t)(1u << random_below(8));
    ck_assert(!judge(&image, pair, ESPOTA_SIGN_AUTO).good);
    test_image_free(&image);
}

START_TEST(test_every_format_and_hash)
{
    struct pair rsa = rsa_pair(2048);
    struct pair p256 = make_pair(EVP_EC_gen("P-256"));
    struct pair p384 = make_pair(EVP_EC_gen("P-384"));

    for (int i = 0; i < 100; i++) {
        enum espota_hash_kind kind = (enum espota_hash_kind)(i % ESPOTA_HASH_KINDS);

        must_be(&rsa, ESPOTA_SIGN_ESP8266, ESPOTA_HASH_SHA256);
        must_be(&rsa, ESPOTA_SIGN_ESP8266_LEGACY, ESPOTA_HASH_SHA256);
        must_be(&rsa, ESPOTA_SIGN_ESP32, kind);
        must_be(&p256, ESPOTA_SIGN_ESP32, kind);
        must_be(&p384, ESPOTA_SIGN_ESP32, kind);
    }
    free_pair(&rsa);
    free_pair(&p256);
    free_pair(&p384);
}
END_TEST

/* However the bytes come, the last ones are held back and the rest is hashed. */
START_TEST(test_tail_in_pieces)
{
    struct pair pair = rsa_pair(1024);

    for (int i = 0; i < 200; i++) {
        struct test_image image =
            make(&pair, ESPOTA_SIGN_ESP8266, ESPOTA_HASH_SHA256, 1 + random_below(5000));
        struct espota_tail tail;
        struct espota_verified verdict;
        size_t at = 0;

        ck_assert_int_eq(espota_tail_init(&tail, pair.key, ESPOTA_SIGN_ESP8266, NULL), ESPOTA_OK);
        while (at < image.length) {
            size_t now = i == 0 ? 1 : random_below(i < 100 ? 40 : 3000);

            if (now > image.length - at)
                now = image.length - at;
            espota_tail_add(&tail, image.bytes + at, now);
            at += now;
        }
        ck_assert_uint_eq(tail.total, image.length);
        ck_assert_int_eq(espota_tail_judge(&tail, ESPOTA_SIGN_ESP8266, &verdict, NULL), ESPOTA_OK);
        ck_assert(verdict.good);
        espota_tail_deinit(&tail);
        test_image_free(&image);
    }
    free_pair(&pair);
}
END_TEST

START_TEST(test_cut_anywhere_and_too_short)
{
    struct pair rsa = rsa_pair(1024);
    struct pair ec = make_pair(EVP_EC_gen("P-256"));
    struct test_image image = make(&rsa, ESPOTA_SIGN_ESP8266, ESPOTA_HASH_SHA256, 700);
    struct test_image other = make(&ec, ESPOTA_SIGN_ESP32, ESPOTA_HASH_SHA256, 700);

    for (size_t length = 0; length < image.length; length++) {
        struct test_image cut = {image.bytes, length};

        ck_assert(!judge(&cut, &rsa, ESPOTA_SIGN_AUTO).good);
    }
    for (size_t length = 0; length < other.length; length++) {
        struct test_image cut = {other.bytes, length};

        ck_assert(!judge(&cut, &ec, ESPOTA_SIGN_AUTO).good);
    }
    test_image_free(&image);
    test_image_free(&other);
    free_pair(&rsa);
    free_pair(&ec);
}
END_TEST

START_TEST(test_which_keys_fit)
{
    struct pair small = rsa_pair(1024);
    struct pair rsa = rsa_pair(2048);
    struct pair ec = make_pair(EVP_EC_gen("P-256"));
    struct pair odd = make_pair(EVP_EC_gen("P-521"));
    struct pair edwards = make_pair(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));

#define FITS(pair, format, chip)                                                                   \
    (espota_signature_key_fits((pair).key, ESPOTA_SIGN_##format, ESPOTA_CHIP_##chip, NULL) ==      \
     ESPOTA_OK)
    ck_assert(FITS(small, ESP8266, ESP8266) && FITS(rsa, ESP8266, ESP8266));
    ck_assert(FITS(rsa, ESP8266, RP2040) && !FITS(small, ESP8266, RP2040));
    ck_assert(!FITS(small, ESP8266, RP2350) && FITS(small, ESP8266, UNKNOWN));
    ck_assert(!FITS(ec, ESP8266, ESP8266) && !FITS(edwards, ESP8266, UNKNOWN));
    ck_assert(FITS(rsa, ESP32, ESP32) && FITS(ec, ESP32, ESP32));
    ck_assert(!FITS(small, ESP32, ESP32) && !FITS(odd, ESP32, ESP32) &&
              !FITS(edwards, ESP32, ESP32));
#undef FITS
    free_pair(&small);
    free_pair(&rsa);
    free_pair(&ec);
    free_pair(&odd);
    free_pair(&edwards);
}
END_TEST

UNIT_MAIN("sign/signature", test_thousands_as_openssl_signs_them, test_every_format_and_hash,
          test_tail_in_pieces, test_cut_anywhere_and_too_short, test_which_keys_fit)
