/* SPDX-License-Identifier: MIT */
/* X25519, HKDF and ChaCha20-Poly1305 from OpenSSL, as Noise asks for them. */
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <string.h>

#include "crypto/keys_openssl.h"
#include "wire/wire.h"

enum { KEY = ESPOTA_NOISE_KEY_SIZE, TAG = ESPOTA_NOISE_TAG_SIZE, NONCE = 12 };

/* --- key agreement --- */

static enum espota_status pair(void *context, uint8_t secret[KEY], uint8_t open[KEY])
{
    struct espota_noise_openssl *noise = context;
    size_t secret_length = KEY;
    size_t open_length = KEY;
    enum espota_status status = espota_crypto_openssl_open(noise->base);
    EVP_PKEY *key;

    if (status != ESPOTA_OK)
        return status;
    key = EVP_PKEY_Q_keygen(noise->base->library.context, "-fips", "X25519");
    if (key == NULL || EVP_PKEY_get_raw_private_key(key, secret, &secret_length) != 1 ||
        EVP_PKEY_get_raw_public_key(key, open, &open_length) != 1)
        status = espota_crypto_openssl_fail(noise->base, "make an X25519 key");
    EVP_PKEY_free(key);
    return status;
}

static enum espota_status agree(void *context, const uint8_t secret[KEY], const uint8_t theirs[KEY],
                                uint8_t out[KEY])
{
    struct espota_noise_openssl *noise = context;
    OSSL_LIB_CTX *library = noise->base->library.context;
    EVP_PKEY *ours = EVP_PKEY_new_raw_private_key_ex(library, "X25519", "-fips", secret, KEY);
    EVP_PKEY *peer = EVP_PKEY_new_raw_public_key_ex(library, "X25519", "-fips", theirs, KEY);
    EVP_PKEY_CTX *agreement =
        ours != NULL ? EVP_PKEY_CTX_new_from_pkey(library, ours, "-fips") : NULL;
    enum espota_status status = ESPOTA_OK;
    size_t length = KEY;

    if (agreement == NULL || peer == NULL || EVP_PKEY_derive_init(agreement) != 1 ||
        EVP_PKEY_derive_set_peer(agreement, peer) != 1)
        status = espota_crypto_openssl_fail(noise->base, "agree on a key (X25519)");
    else if (EVP_PKEY_derive(agreement, out, &length) != 1) /* the other's key is of small order */
        status =
            espota_crypto_openssl_fail(noise->base, "agree on a key (X25519)") == ESPOTA_E_MEMORY
                ? ESPOTA_E_MEMORY
                : ESPOTA_BAD;
    EVP_PKEY_CTX_free(agreement);
    EVP_PKEY_free(peer);
    EVP_PKEY_free(ours);
    return status;
}

static enum espota_status derive(void *context, const uint8_t salt[KEY], const void *input,
                                 size_t length, uint8_t *out, size_t out_length)
{
    struct espota_noise_openssl *noise = context;
    char digest[] = "SHA256";
    uint8_t empty = 0; /* OpenSSL wants an address of what has no length, too */
    /* the parameters are only read, but their type has no const */
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY,
                                          length > 0 ? (void *)input : (void *)&empty, length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, KEY),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX *state = NULL;
    enum espota_status status = espota_crypto_openssl_open(noise->base);

    if (status != ESPOTA_OK)
        return status;
    if (noise->hkdf == NULL)
        noise->hkdf = EVP_KDF_fetch(noise->base->library.context, "HKDF", "-fips");
    if (noise->hkdf != NULL)
        state = EVP_KDF_CTX_new(noise->hkdf);
    if (state == NULL || EVP_KDF_derive(state, out, out_length, params) != 1)
        status = espota_crypto_openssl_fail(noise->base, "derive a key (HKDF)");
    EVP_KDF_CTX_free(state);
    return status;
}

/* --- what is sealed --- */

static bool cipher_begin(struct espota_noise_openssl *noise, int seals, const uint8_t key[KEY],
                         uint64_t number)
{
    uint8_t nonce[NONCE] = {0};

    for (int i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(number >> 8 * i);
    if (noise->cipher == NULL)
        noise->cipher =
            EVP_CIPHER_fetch(noise->base->library.context, "ChaCha20-Poly1305", "-fips");
    if (noise->ciphering == NULL)
        noise->ciphering = EVP_CIPHER_CTX_new();
    return noise->cipher != NULL && noise->ciphering != NULL &&
           EVP_CipherInit_ex2(noise->ciphering, noise->cipher, key, nonce, seals, NULL) == 1;
}

/* What stands beside, then the data in place; nothing is left for the end of a stream cipher. */
static bool cipher_run(struct espota_noise_openssl *noise, const void *beside, size_t beside_length,
                       uint8_t *data, size_t length)
{
    int done = 0;

    return (beside_length == 0 ||
            EVP_CipherUpdate(noise->ciphering, NULL, &done, beside, (int)beside_length) == 1) &&
           (length == 0 || EVP_CipherUpdate(noise->ciphering, data, &done, data, (int)length) == 1);
}

static enum espota_status seal(void *context, const uint8_t key[KEY], uint64_t number,
                               const void *beside, size_t beside_length, uint8_t *data,
                               size_t length, uint8_t tag[TAG])
{
    struct espota_noise_openssl *noise = context;
    uint8_t rest[TAG];
    int done = 0;

    if (cipher_begin(noise, 1, key, number) &&
        cipher_run(noise, beside, beside_length, data, length) &&
        EVP_CipherFinal_ex(noise->ciphering, rest, &done) == 1 &&
        EVP_CIPHER_CTX_ctrl(noise->ciphering, EVP_CTRL_AEAD_GET_TAG, TAG, tag) == 1)
        return ESPOTA_OK;
    return espota_crypto_openssl_fail(noise->base, "encrypt (ChaCha20-Poly1305)");
}

static enum espota_status unseal(void *context, const uint8_t key[KEY], uint64_t number,
                                 const void *beside, size_t beside_length, uint8_t *data,
                                 size_t length, const uint8_t tag[TAG])
{
    struct espota_noise_openssl *noise = context;
    uint8_t expected[TAG]; /* the call has no const */
    uint8_t rest[TAG];
    int done = 0;

    memcpy(expected, tag, TAG);
    if (!cipher_begin(noise, 0, key, number) ||
        EVP_CIPHER_CTX_ctrl(noise->ciphering, EVP_CTRL_AEAD_SET_TAG, TAG, expected) != 1 ||
        !cipher_run(noise, beside, beside_length, data, length))
        return espota_crypto_openssl_fail(noise->base, "decrypt (ChaCha20-Poly1305)");
    return EVP_CipherFinal_ex(noise->ciphering, rest, &done) == 1 ? ESPOTA_OK : ESPOTA_BAD;
}

void espota_noise_openssl_init(struct espota_noise_openssl *noise,
                               struct espota_crypto_openssl *base)
{
    *noise = (struct espota_noise_openssl){
        .base = base,
        .table.context = noise,
        .table.pair = pair,
        .table.agree = agree,
        .table.derive = derive,
        .table.seal = seal,
        .table.unseal = unseal,
    };
}

void espota_noise_openssl_deinit(struct espota_noise_openssl *noise)
{
    EVP_KDF_free(noise->hkdf);
    EVP_CIPHER_CTX_free(noise->ciphering);
    EVP_CIPHER_free(noise->cipher);
    espota_wipe(noise, sizeof(*noise));
}
