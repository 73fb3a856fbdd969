/* SPDX-License-Identifier: MIT */
/* X25519, HKDF and ChaCha20-Poly1305 from BearSSL, as Noise asks for them. */
#include <bearssl.h>
#include <string.h>

#include "port/bearssl/bearssl.h"
#include "wire/wire.h"

enum { KEY = ESPOTA_NOISE_KEY_SIZE, TAG = ESPOTA_NOISE_TAG_SIZE, NONCE = 12 };

static const br_ec_impl *curve(void)
{
    return br_ec_get_default();
}

/* The secret is a number with its most significant byte first there, and last in X25519. */
static void turn(const uint8_t in[KEY], uint8_t out[KEY])
{
    for (size_t i = 0; i < KEY; i++)
        out[i] = in[KEY - 1 - i];
}

static enum espota_status pair(void *context, uint8_t secret[KEY], uint8_t open[KEY])
{
    struct espota_noise_bearssl *noise = context;
    uint8_t turned[KEY];
    enum espota_status status = noise->random->random(noise->random->context, secret, KEY);

    if (status != ESPOTA_OK)
        return status;
    secret[0] &= 0xf8;
    secret[KEY - 1] = (uint8_t)((secret[KEY - 1] & 0x7f) | 0x40);
    turn(secret, turned);
    (void)curve()->mulgen(open, turned, KEY, BR_EC_curve25519); /* always of the key's length */
    espota_wipe(turned, sizeof(turned));
    return ESPOTA_OK;
}

static enum espota_status agree(void *context, const uint8_t secret[KEY], const uint8_t theirs[KEY],
                                uint8_t out[KEY])
{
    uint8_t turned[KEY];
    uint8_t sum = 0;
    uint32_t good;

    (void)context;
    turn(secret, turned);
    memcpy(out, theirs, KEY);
    good = curve()->mul(out, KEY, turned, KEY, BR_EC_curve25519);
    espota_wipe(turned, sizeof(turned));
    for (size_t i = 0; i < KEY; i++)
        sum |= out[i];
    return good == 1 && sum != 0 ? ESPOTA_OK : ESPOTA_BAD; /* of small order: no secret at all */
}

static enum espota_status derive(void *context, const uint8_t salt[KEY], const void *input,
                                 size_t length, uint8_t *out, size_t out_length)
{
    br_hkdf_context hkdf;

    (void)context;
    br_hkdf_init(&hkdf, &br_sha256_vtable, salt, KEY);
    br_hkdf_inject(&hkdf, input, length);
    br_hkdf_flip(&hkdf);
    (void)br_hkdf_produce(&hkdf, "", 0, out, out_length); /* far below its bound */
    espota_wipe(&hkdf, sizeof(hkdf));
    return ESPOTA_OK;
}

static void run(const uint8_t key[KEY], uint64_t number, const void *beside, size_t beside_length,
                uint8_t *data, size_t length, uint8_t tag[TAG], int seals)
{
    uint8_t nonce[NONCE] = {0};

    for (size_t i = 0; i < sizeof(number); i++)
        nonce[4 + i] = (uint8_t)(number >> (8 * i));
    br_poly1305_ctmul_run(key, nonce, data, length, beside, beside_length, tag, &br_chacha20_ct_run,
                          seals);
}

static enum espota_status seal(void *context, const uint8_t key[KEY], uint64_t number,
                               const void *beside, size_t beside_length, uint8_t *data,
                               size_t length, uint8_t tag[TAG])
{
    (void)context;
    run(key, number, beside, beside_length, data, length, tag, 1);
    return ESPOTA_OK;
}

static enum espota_status unseal(void *context, const uint8_t key[KEY], uint64_t number,
                                 const void *beside, size_t beside_length, uint8_t *data,
                                 size_t length, const uint8_t tag[TAG])
{
    uint8_t found[TAG];
    uint8_t differs = 0;

    (void)context;
    run(key, number, beside, beside_length, data, length, found, 0);
    for (size_t i = 0; i < TAG; i++)
        differs |= found[i] ^ tag[i];
    return differs == 0 ? ESPOTA_OK : ESPOTA_BAD;
}

void espota_noise_bearssl_init(struct espota_noise_bearssl *noise,
                               const struct espota_crypto *random)
{
    noise->random = random;
    noise->table = (struct espota_noise_crypto){
        .context = noise,
        .pair = pair,
        .agree = agree,
        .derive = derive,
        .seal = seal,
        .unseal = unseal,
    };
}
