/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "wire/noise.h"

#include "crypto/crypto.h"
#include "wire/wire.h"

enum { KEY = ESPOTA_NOISE_KEY_SIZE, TAG = ESPOTA_NOISE_TAG_SIZE, HELLO = ESPOTA_NOISE_HELLO_SIZE };

/* Of the package noiseprotocol 0.3.1 with these keys: secrets of 32 times 11 and 22. */
static const char first_hello[] = "7b4e909bbe7ffe44c465a220037d608ee35897d31ef972f07f74892cb0f73f13"
                                  "08a9818a2c4e3a1fa65e582b17051c34";
static const char second_hello[] =
    "0faa684ed28867b97f4a6a2dee5df8ce974e76b7018e3f22a1c4cf2678570f20"
    "302e60fe70eff65ae46ba790bb1deaa7";
static const char from_first[][64] = {"49b69dd7971e71f22ce292076ab79c9493",
                                      "266a4a4471ff62e5124fcae39e232c7ca1af7bce6070"};
static const char from_second[] = "9b47cd7d67fd3e35d192c57d3a7eafbcc3";
static const char said[] = "4e6f6973654f5441496e69746c26f75c4500021f480d";

/* One end: a table whose key pair is not by chance. */
struct end {
    struct espota_crypto_openssl crypto;
    struct espota_noise_openssl openssl;
    struct espota_noise_crypto table;
    struct espota_noise noise;
    uint8_t fill;
};

static enum espota_status fixed_pair(void *context, uint8_t secret[KEY], uint8_t open[KEY])
{
    struct end *end = context;

    memset(secret, end->fill, KEY);
    ck_assert(espota_hex_decode(end->fill == 0x11 ? first_hello : second_hello, open, KEY));
    return ESPOTA_OK;
}

static enum espota_status agree(void *context, const uint8_t secret[KEY], const uint8_t theirs[KEY],
                                uint8_t out[KEY])
{
    struct end *end = context;

    return end->openssl.table.agree(&end->openssl, secret, theirs, out);
}

static enum espota_status derive(void *context, const uint8_t salt[KEY], const void *input,
                                 size_t length, uint8_t *out, size_t out_length)
{
    struct end *end = context;

    return end->openssl.table.derive(&end->openssl, salt, input, length, out, out_length);
}

static enum espota_status seal(void *context, const uint8_t key[KEY], uint64_t number,
                               const void *beside, size_t beside_length, uint8_t *data,
                               size_t length, uint8_t tag[TAG])
{
    struct end *end = context;

    return end->openssl.table.seal(&end->openssl, key, number, beside, beside_length, data, length,
                                   tag);
}

static enum espota_status unseal(void *context, const uint8_t key[KEY], uint64_t number,
                                 const void *beside, size_t beside_length, uint8_t *data,
                                 size_t length, const uint8_t tag[TAG])
{
    struct end *end = context;

    return end->openssl.table.unseal(&end->openssl, key, number, beside, beside_length, data,
                                     length, tag);
}

static struct end first, second;

static void begin(struct end *end, uint8_t fill, bool own_pair, uint8_t key_byte)
{
    uint8_t key[KEY];
    uint8_t prologue[sizeof(said) / 2];

    for (size_t i = 0; i < sizeof(key); i++)
        key[i] = (uint8_t)i;
    key[5] = key_byte;
    ck_assert(espota_hex_decode(said, prologue, sizeof(prologue)));
    espota_crypto_openssl_init(&end->crypto);
    espota_noise_openssl_init(&end->openssl, &end->crypto);
    end->table = own_pair
                     ? (struct espota_noise_crypto){end, fixed_pair, agree, derive, seal, unseal}
                     : end->openssl.table;
    end->fill = fill;
    ck_assert_int_eq(espota_noise_init(&end->noise, &end->table, &end->crypto.table, end == &first,
                                       key, prologue, sizeof(prologue)),
                     ESPOTA_OK);
}

static void finish(struct end *end)
{
    espota_noise_deinit(&end->noise);
    espota_noise_openssl_deinit(&end->openssl);
    espota_crypto_openssl_deinit(&end->crypto);
}

static void expect(const uint8_t *data, size_t length, const char *expected)
{
    char hex[2 * 64 + 1];

    espota_hex_encode(data, length, hex);
    ck_assert_str_eq(hex, expected);
}

static void greet(uint8_t hello[2][HELLO])
{
    ck_assert_int_eq(espota_noise_write_hello(&first.noise, hello[0]), ESPOTA_OK);
    ck_assert_int_eq(espota_noise_read_hello(&second.noise, hello[0]), ESPOTA_OK);
    ck_assert_int_eq(espota_noise_write_hello(&second.noise, hello[1]), ESPOTA_OK);
    ck_assert_int_eq(espota_noise_read_hello(&first.noise, hello[1]), ESPOTA_OK);
}

START_TEST(test_as_another_library_says)
{
    uint8_t hello[2][HELLO];
    uint8_t data[6 + TAG] = "\x41";

    begin(&first, 0x11, true, 5);
    begin(&second, 0x22, true, 5);
    greet(hello);
    expect(hello[0], HELLO, first_hello);
    expect(hello[1], HELLO, second_hello);
    ck_assert_int_eq(espota_noise_seal(&first.noise, data, 1), ESPOTA_OK);
    expect(data, 1 + TAG, from_first[0]);
    ck_assert_int_eq(espota_noise_unseal(&second.noise, data, 1 + TAG), ESPOTA_OK);
    ck_assert_uint_eq(data[0], 0x41);
    memcpy(data, "espota", 6);
    ck_assert_int_eq(espota_noise_seal(&first.noise, data, 6), ESPOTA_OK);
    expect(data, 6 + TAG, from_first[1]);
    ck_assert_int_eq(espota_noise_unseal(&second.noise, data, 6 + TAG), ESPOTA_OK);
    ck_assert_mem_eq(data, "espota", 6);
    data[0] = 0x42;
    ck_assert_int_eq(espota_noise_seal(&second.noise, data, 1), ESPOTA_OK);
    expect(data, 1 + TAG, from_second);
    finish(&first);
    finish(&second);
}
END_TEST

START_TEST(test_keys_of_its_own)
{
    uint8_t hello[2][HELLO];
    uint8_t again[2][HELLO];
    uint8_t data[1 + TAG] = "\x07";

    for (int round = 0; round < 2; round++) {
        begin(&first, 0, false, 5);
        begin(&second, 0, false, 5);
        greet(round == 0 ? hello : again);
        ck_assert_int_eq(espota_noise_seal(&second.noise, data, 1), ESPOTA_OK);
        ck_assert_int_eq(espota_noise_unseal(&first.noise, data, sizeof(data)), ESPOTA_OK);
        ck_assert_uint_eq(data[0], 7);
        finish(&first);
        finish(&second);
    }
    ck_assert_mem_ne(hello[0], again[0], KEY);
    ck_assert_mem_ne(hello[1], again[1], KEY);
}
END_TEST

START_TEST(test_another_key)
{
    uint8_t hello[HELLO];

    begin(&first, 0, false, 5);
    begin(&second, 0, false, 6);
    ck_assert_int_eq(espota_noise_write_hello(&first.noise, hello), ESPOTA_OK);
    ck_assert_int_eq(espota_noise_read_hello(&second.noise, hello), ESPOTA_BAD);
    finish(&first);
    finish(&second);
}
END_TEST

static void change(uint8_t *hello, size_t bit)
{
    hello[bit / 8] ^= (uint8_t)(1u << bit % 8);
}

static void expect_change_seen(size_t bit)
{
    uint8_t hello[HELLO];

    begin(&first, 0, false, 5);
    begin(&second, 0, false, 5);
    ck_assert_int_eq(espota_noise_write_hello(&first.noise, hello), ESPOTA_OK);
    change(hello, bit);
    ck_assert_int_eq(espota_noise_read_hello(&second.noise, hello), ESPOTA_BAD);
    finish(&second);
    begin(&second, 0, false, 5);
    change(hello, bit);
    ck_assert_int_eq(espota_noise_read_hello(&second.noise, hello), ESPOTA_OK);
    ck_assert_int_eq(espota_noise_write_hello(&second.noise, hello), ESPOTA_OK);
    change(hello, bit);
    ck_assert_int_eq(espota_noise_read_hello(&first.noise, hello), ESPOTA_BAD);
    finish(&first);
    finish(&second);
}

/* The highest bit of an open key is X25519's to ignore; and yet it was said. */
START_TEST(test_a_changed_greeting)
{
    for (size_t bit = 0; bit < (size_t)8 * HELLO; bit += 5)
        expect_change_seen(bit);
    expect_change_seen(8 * KEY - 1);
}
END_TEST

/* A key with which every secret agrees on nothing. */
START_TEST(test_a_key_of_small_order)
{
    uint8_t hello[HELLO] = {0};

    begin(&first, 0, false, 5);
    ck_assert_int_eq(espota_noise_write_hello(&first.noise, hello), ESPOTA_OK);
    memset(hello, 0, sizeof(hello));
    ck_assert_int_eq(espota_noise_read_hello(&first.noise, hello), ESPOTA_BAD);
    finish(&first);
}
END_TEST

START_TEST(test_changed_doubled_swapped)
{
    uint8_t hello[2][HELLO];
    uint8_t one[4 + TAG] = "one", two[4 + TAG] = "two", copy[4 + TAG];

    for (int kind = 0; kind < 4; kind++) {
        begin(&first, 0, false, 5);
        begin(&second, 0, false, 5);
        greet(hello);
        memcpy(one, "one", 4);
        memcpy(two, "two", 4);
        ck_assert_int_eq(espota_noise_seal(&first.noise, one, 4), ESPOTA_OK);
        ck_assert_int_eq(espota_noise_seal(&first.noise, two, 4), ESPOTA_OK);
        memcpy(copy, kind == 1 ? two : one, sizeof(copy));
        if (kind == 0)
            copy[2] ^= 1;
        if (kind == 2) {
            ck_assert_int_eq(espota_noise_unseal(&second.noise, one, sizeof(one)), ESPOTA_OK);
            ck_assert_int_eq(espota_noise_unseal(&second.noise, copy, sizeof(copy)), ESPOTA_BAD);
        } else {
            size_t length = kind == 3 ? TAG - 1 : sizeof(copy);

            ck_assert_int_eq(espota_noise_unseal(&second.noise, copy, length), ESPOTA_BAD);
        }
        finish(&first);
        finish(&second);
    }
}
END_TEST

UNIT_MAIN("wire/noise", test_as_another_library_says, test_keys_of_its_own, test_another_key,
          test_a_changed_greeting, test_a_key_of_small_order, test_changed_doubled_swapped)
