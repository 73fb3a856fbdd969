/* SPDX-License-Identifier: MIT */
#include <bearssl.h>
#include <string.h>

#include "port/bearssl/bearssl.h"
#include "wire/wire.h"

/* The contexts lie in memory that the core provides, which does not know them. */
_Static_assert(sizeof(br_md5_context) <= sizeof(((struct espota_digest *)0)->state),
               "BearSSL's MD5 context must fit");
_Static_assert(sizeof(br_sha256_context) <= sizeof(((struct espota_digest *)0)->state),
               "BearSSL's SHA-256 context must fit");
_Static_assert(sizeof(br_hmac_drbg_context) <=
                   sizeof(((struct espota_crypto_bearssl *)0)->generator),
               "BearSSL's generator must fit");

/* Every BearSSL digest context begins with a pointer to its functions. */
static const br_hash_class **hash_of(struct espota_digest *digest)
{
    return (const br_hash_class **)(void *)&digest->state;
}

static enum espota_status digest_start(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest)
{
    const br_hash_class *functions = kind == ESPOTA_DIGEST_MD5 ? &br_md5_vtable : &br_sha256_vtable;

    (void)context;
    digest->kind = kind;
    functions->init(hash_of(digest));
    return ESPOTA_OK;
}

static void digest_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    (void)context;
    if (length > 0)
        (*hash_of(digest))->update(hash_of(digest), data, length);
}

static void digest_drop(void *context, struct espota_digest *digest)
{
    (void)context;
    espota_wipe(&digest->state, sizeof(digest->state));
}

static enum espota_status digest_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    (*hash_of(digest))->out(hash_of(digest), out);
    digest_drop(context, digest);
    return ESPOTA_OK;
}

/*
 * RFC 8018, 5.2, with a result as long as the hash: one block, number 1. BearSSL has the HMAC
 * and leaves the key stretching to its users.
 */
static enum espota_status pbkdf2_sha256(void *context, const void *password, size_t password_length,
                                        const void *salt, size_t salt_length, uint32_t rounds,
                                        uint8_t out[ESPOTA_SHA256_SIZE])
{
    static const uint8_t block_number[4] = {0, 0, 0, 1};
    br_hmac_key_context key;
    br_hmac_context hmac;
    uint8_t u[ESPOTA_SHA256_SIZE];

    (void)context;
    if (rounds == 0)
        return ESPOTA_E_USAGE;
    br_hmac_key_init(&key, &br_sha256_vtable, password, password_length);
    br_hmac_init(&hmac, &key, 0);
    br_hmac_update(&hmac, salt, salt_length);
    br_hmac_update(&hmac, block_number, sizeof(block_number));
    br_hmac_out(&hmac, u);
    memcpy(out, u, sizeof(u));
    for (uint32_t i = 1; i < rounds; i++) {
        br_hmac_init(&hmac, &key, 0);
        br_hmac_update(&hmac, u, sizeof(u));
        br_hmac_out(&hmac, u);
        for (size_t at = 0; at < sizeof(u); at++)
            out[at] ^= u[at];
    }
    espota_wipe(&key, sizeof(key));
    espota_wipe(&hmac, sizeof(hmac));
    espota_wipe(u, sizeof(u));
    return ESPOTA_OK;
}

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    struct espota_crypto_bearssl *crypto = context;

    br_hmac_drbg_generate((br_hmac_drbg_context *)(void *)crypto->generator, out, length);
    return ESPOTA_OK;
}

enum espota_status espota_crypto_bearssl_init(struct espota_crypto_bearssl *crypto)
{
    br_hmac_drbg_context *generator = (br_hmac_drbg_context *)(void *)crypto->generator;
    br_prng_seeder seed = br_prng_seeder_system(NULL);

    memset(crypto, 0, sizeof(*crypto));
    br_hmac_drbg_init(generator, &br_sha256_vtable, NULL, 0);
    if (seed == NULL || seed(&generator->vtable) != 1)
        return ESPOTA_E_LOCAL;
    crypto->table = (struct espota_crypto){
        .context = crypto,
        .digest_start = digest_start,
        .digest_add = digest_add,
        .digest_finish = digest_finish,
        .digest_drop = digest_drop,
        .pbkdf2_sha256 = pbkdf2_sha256,
        .random = random_bytes,
    };
    return ESPOTA_OK;
}

void espota_crypto_bearssl_deinit(struct espota_crypto_bearssl *crypto)
{
    espota_wipe(crypto, sizeof(*crypto));
}

/* --- signatures --- */

static enum espota_status verify(void *context, const uint8_t hash[ESPOTA_SHA256_SIZE],
                                 const uint8_t *signature, size_t length)
{
    struct espota_verifier_bearssl *verifier = context;
    br_rsa_public_key key = {verifier->modulus, verifier->modulus_size, verifier->exponent,
                             verifier->exponent_size};
    uint8_t found[ESPOTA_SHA256_SIZE];

    if (br_rsa_pkcs1_vrfy_get_default()(signature, length, BR_HASH_OID_SHA256, sizeof(found), &key,
                                        found) != 1)
        return ESPOTA_E_IMAGE;
    return memcmp(found, hash, sizeof(found)) == 0 ? ESPOTA_OK : ESPOTA_E_IMAGE;
}

bool espota_verifier_bearssl_init(struct espota_verifier_bearssl *verifier, const void *modulus,
                                  size_t modulus_size, const void *exponent, size_t exponent_size)
{
    memset(verifier, 0, sizeof(*verifier));
    if (modulus_size == 0 || modulus_size > sizeof(verifier->modulus) || exponent_size == 0 ||
        exponent_size > sizeof(verifier->exponent))
        return false;
    memcpy(verifier->modulus, modulus, modulus_size);
    memcpy(verifier->exponent, exponent, exponent_size);
    verifier->modulus_size = modulus_size;
    verifier->exponent_size = exponent_size;
    verifier->table = (struct espota_verifier){
        .context = verifier,
        .signature_size = (uint32_t)modulus_size, /* at most ESPOTA_MODULUS_MAX */
        .verify = verify,
    };
    return true;
}
