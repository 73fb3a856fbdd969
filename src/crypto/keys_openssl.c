/* SPDX-License-Identifier: MIT */
/* Keys of OpenSSL: what they are, what they sign and verify. */
#define OPENSSL_SUPPRESS_DEPRECATED /* engines are; see keys_uri_openssl.c */

#include "crypto/keys_openssl.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

#ifndef OPENSSL_NO_ENGINE
#include <openssl/engine.h>
#endif

enum espota_status espota_key_error(struct espota_error *err, const char *text)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    ERR_clear_error();
    if (reason == NULL)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s", text);
    return espota_error_set(err, ESPOTA_E_LOCAL, "%s (OpenSSL: %s)", text, reason);
}

bool espota_key_no_memory(void)
{
    bool found = false;
    unsigned long code;

    while ((code = ERR_get_error()) != 0)
        found = found || ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE;
    return found;
}

enum espota_status espota_key_new(struct espota_key **out, bool own_library,
                                  struct espota_error *err)
{
    struct espota_key *key = calloc(1, sizeof(*key));

    *out = NULL;
    if (key == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a key");
    if (own_library && !espota_library_open(&key->library)) {
        espota_key_destroy(key);
        return espota_key_error(err, "OpenSSL's default provider cannot be loaded");
    }
    *out = key;
    return ESPOTA_OK;
}

void espota_key_destroy(struct espota_key *key)
{
    if (key == NULL)
        return;
    EVP_PKEY_free(key->pkey);
#ifndef OPENSSL_NO_ENGINE
    if (key->engine != NULL) {
        ENGINE_finish(key->engine);
        ENGINE_free(key->engine);
    }
#endif
    espota_library_close(&key->library);
    free(key);
}

static const char *curve_name(const char *group)
{
    if (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0)
        return "P-256";
    return strcmp(group, "secp384r1") == 0 || strcmp(group, "P-384") == 0 ? "P-384" : group;
}

enum espota_status espota_key_finish(struct espota_key *key, struct espota_key **out,
                                     struct espota_error *err)
{
    char group[20] = "?";

    /* OpenSSL works them out once; where that failed, every later answer would be wrong */
    if (espota_key_bits(key) == 0 || espota_key_signature_size(key) == 0) {
        espota_key_destroy(key);
        return espota_key_error(err, "OpenSSL cannot tell the size of the key");
    }
    if (espota_key_family(key) == ESPOTA_KEY_RSA)
        snprintf(key->name, sizeof(key->name), "RSA-%u", espota_key_bits(key));
    else if (espota_key_family(key) == ESPOTA_KEY_EC) {
        (void)EVP_PKEY_get_group_name(key->pkey, group, sizeof(group), NULL);
        snprintf(key->name, sizeof(key->name), "ECDSA %s", curve_name(group));
    } else {
        const char *type = EVP_PKEY_get0_type_name(key->pkey);

        snprintf(key->name, sizeof(key->name), "%.24s", type != NULL ? type : "unknown");
    }
    ERR_clear_error();
    *out = key;
    return ESPOTA_OK;
}

enum espota_key_family espota_key_family(const struct espota_key *key)
{
    if (EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_RSA || EVP_PKEY_is_a(key->pkey, "RSA"))
        return ESPOTA_KEY_RSA;
    if (EVP_PKEY_get_base_id(key->pkey) == EVP_PKEY_EC || EVP_PKEY_is_a(key->pkey, "EC"))
        return ESPOTA_KEY_EC;
    return ESPOTA_KEY_OTHER;
}

unsigned espota_key_bits(const struct espota_key *key)
{
    int bits = EVP_PKEY_get_bits(key->pkey);

    return bits > 0 ? (unsigned)bits : 0;
}

size_t espota_key_signature_size(const struct espota_key *key)
{
    int size = EVP_PKEY_get_size(key->pkey);

    return size > 0 ? (size_t)size : 0;
}

const char *espota_key_name(const struct espota_key *key)
{
    return key->name;
}

/* The context of one operation, with padding and digest set; NULL on failure. */
static EVP_PKEY_CTX *operation(const struct espota_key *key, enum espota_scheme scheme,
                               enum espota_hash_kind kind, int (*begin)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_pkey(key->library.context, key->pkey, NULL);
    EVP_MD *digest = EVP_MD_fetch(key->library.context, espota_hash_name(kind), "-fips");
    bool good = context != NULL && digest != NULL && begin(context) == 1;

    if (good && scheme != ESPOTA_SCHEME_ECDSA)
        good = EVP_PKEY_CTX_set_rsa_padding(context, scheme == ESPOTA_SCHEME_PSS
                                                         ? RSA_PKCS1_PSS_PADDING
                                                         : RSA_PKCS1_PADDING) == 1;
    if (good && scheme != ESPOTA_SCHEME_PKCS1_RAW)
        good = EVP_PKEY_CTX_set_signature_md(context, digest) == 1;
    if (good && scheme == ESPOTA_SCHEME_PSS) /* mbedTLS 3 takes the longest salt only */
        good = EVP_PKEY_CTX_set_rsa_pss_saltlen(context, RSA_PSS_SALTLEN_MAX) == 1;
    EVP_MD_free(digest);
    if (good)
        return context;
    EVP_PKEY_CTX_free(context);
    return NULL;
}

static bool scheme_fits(const struct espota_key *key, enum espota_scheme scheme)
{
    return espota_key_family(key) ==
           (scheme == ESPOTA_SCHEME_ECDSA ? ESPOTA_KEY_EC : ESPOTA_KEY_RSA);
}

enum espota_status espota_key_sign(const struct espota_key *key, enum espota_scheme scheme,
                                   enum espota_hash_kind kind, const uint8_t *hash, uint8_t *out,
                                   size_t *length, struct espota_error *err)
{
    EVP_PKEY_CTX *context = NULL;
    enum espota_status status = ESPOTA_OK;

    *length = ESPOTA_KEY_SIGNATURE_MAX;
    if (espota_key_signature_size(key) > ESPOTA_KEY_SIGNATURE_MAX)
        return espota_error_set(err, ESPOTA_E_LOCAL, "a key of %u bits is too large",
                                espota_key_bits(key));
    if (scheme_fits(key, scheme))
        context = operation(key, scheme, kind, EVP_PKEY_sign_init);
    if (context == NULL || EVP_PKEY_sign(context, out, length, hash, espota_hash_size(kind)) != 1)
        status = espota_key_error(err, "cannot sign with this key");
    EVP_PKEY_CTX_free(context);
    return status;
}

enum espota_status espota_key_verify(const struct espota_key *key, enum espota_scheme scheme,
                                     enum espota_hash_kind kind, const uint8_t *hash,
                                     const uint8_t *signature, size_t length,
                                     struct espota_error *err)
{
    EVP_PKEY_CTX *context;
    bool good, told;

    if (!scheme_fits(key, scheme))
        return ESPOTA_BAD;
    context = operation(key, scheme, kind, EVP_PKEY_verify_init);
    if (context == NULL)
        return espota_key_error(err, "OpenSSL cannot check a signature");
    good = EVP_PKEY_verify(context, signature, length, hash, espota_hash_size(kind)) == 1;
    EVP_PKEY_CTX_free(context);
    /* of a bad signature in this scheme OpenSSL says that it is; saying nothing it did not look */
    told = scheme != ESPOTA_SCHEME_PKCS1 || ERR_peek_error() != 0;
    if (!good && (espota_key_no_memory() || !told))
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to check a signature");
    ERR_clear_error();
    return good ? ESPOTA_OK : ESPOTA_BAD;
}

bool espota_key_exponent_is_sound(const struct espota_key *key)
{
    BIGNUM *exponent = NULL;
    bool sound = espota_key_family(key) != ESPOTA_KEY_RSA ||
                 EVP_PKEY_get_bn_param(key->pkey, OSSL_PKEY_PARAM_RSA_E, &exponent) != 1 ||
                 (BN_is_odd(exponent) && !BN_is_one(exponent));

    BN_free(exponent);
    ERR_clear_error();
    return sound;
}

enum espota_status espota_key_rsa_number(const struct espota_key *key, const char *name,
                                         uint8_t *out, size_t room, size_t *size,
                                         struct espota_error *err)
{
    BIGNUM *value = NULL;
    bool fits = espota_key_family(key) == ESPOTA_KEY_RSA &&
                EVP_PKEY_get_bn_param(key->pkey, name, &value) == 1 &&
                (size_t)BN_num_bytes(value) <= room;

    *size = fits ? (size_t)BN_bn2bin(value, out) : 0;
    BN_free(value);
    return fits ? ESPOTA_OK : espota_key_error(err, "the key's numbers cannot be read");
}

enum espota_status espota_key_generate(struct espota_key **out, enum espota_key_type type,
                                       struct espota_error *err)
{
    static const struct {
        size_t bits;
        const char *curve;
    } types[] = {
        [ESPOTA_KEY_TYPE_RSA_2048] = {.bits = 2048},
        [ESPOTA_KEY_TYPE_RSA_3072] = {.bits = 3072},
        [ESPOTA_KEY_TYPE_RSA_4096] = {.bits = 4096},
        [ESPOTA_KEY_TYPE_ECDSA_P256] = {.curve = "P-256"},
        [ESPOTA_KEY_TYPE_ECDSA_P384] = {.curve = "P-384"},
    };
    struct espota_key *key;
    enum espota_status status = espota_key_new(&key, true, err);

    *out = NULL;
    if (status != ESPOTA_OK)
        return status;
    if (types[type].curve != NULL)
        key->pkey = EVP_PKEY_Q_keygen(key->library.context, NULL, "EC", types[type].curve);
    else
        key->pkey = EVP_PKEY_Q_keygen(key->library.context, NULL, "RSA", types[type].bits);
    if (key->pkey == NULL) {
        espota_key_destroy(key);
        return espota_key_error(err, "OpenSSL cannot make a key");
    }
    return espota_key_finish(key, out, err);
}
