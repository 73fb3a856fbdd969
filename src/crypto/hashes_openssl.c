/* SPDX-License-Identifier: MIT */
/*
 * SHA-2 for signatures, apart from digests_openssl.c because a signer asks what no device does:
 * several hashes of one pass over the bytes, and a hash as it would be with a few bytes more while
 * the stream goes on.
 */
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/keys_openssl.h"

struct espota_hashes {
    OSSL_LIB_CTX *library; /* no setting of the system takes a digest away from it */
    OSSL_PROVIDER *provider;
    bool own; /* the library; else it is a key's */
    EVP_MD *digest[ESPOTA_HASH_KINDS];
    EVP_MD_CTX *state[ESPOTA_HASH_KINDS]; /* NULL: not wanted */
    EVP_MD_CTX *copy;
    bool failed;
};

size_t espota_hash_size(enum espota_hash_kind kind)
{
    return kind == ESPOTA_HASH_SHA256 ? 32 : kind == ESPOTA_HASH_SHA384 ? 48 : 64;
}

const char *espota_hash_name(enum espota_hash_kind kind)
{
    return kind == ESPOTA_HASH_SHA256   ? "SHA-256"
           : kind == ESPOTA_HASH_SHA384 ? "SHA-384"
                                        : "SHA-512";
}

static bool start(struct espota_hashes *hashes, enum espota_hash_kind kind)
{
    hashes->digest[kind] = EVP_MD_fetch(hashes->library, espota_hash_name(kind), "-fips");
    hashes->state[kind] = EVP_MD_CTX_new();
    return hashes->digest[kind] != NULL && hashes->state[kind] != NULL &&
           EVP_DigestInit_ex2(hashes->state[kind], hashes->digest[kind], NULL) == 1;
}

/* A library context costs as much time as a signature: a key's own will do. */
static bool find_library(struct espota_hashes *hashes, const struct espota_key *key)
{
    if (key != NULL && key->library != NULL) {
        hashes->library = key->library;
        return true;
    }
    hashes->own = true;
    hashes->library = OSSL_LIB_CTX_new();
    if (hashes->library != NULL)
        hashes->provider = OSSL_PROVIDER_load(hashes->library, "default");
    return hashes->provider != NULL;
}

enum espota_status espota_hashes_create(struct espota_hashes **out, const struct espota_key *key,
                                        bool sha256, bool sha384, bool sha512,
                                        struct espota_error *err)
{
    struct espota_hashes *hashes = calloc(1, sizeof(*hashes));

    *out = NULL;
    if (hashes == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a hash");
    hashes->copy = EVP_MD_CTX_new();
    if (!find_library(hashes, key) || hashes->copy == NULL ||
        (sha256 && !start(hashes, ESPOTA_HASH_SHA256)) ||
        (sha384 && !start(hashes, ESPOTA_HASH_SHA384)) ||
        (sha512 && !start(hashes, ESPOTA_HASH_SHA512))) {
        espota_hashes_destroy(hashes);
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "OpenSSL cannot compute SHA-2; check that its default provider is "
                                "installed");
    }
    *out = hashes;
    return ESPOTA_OK;
}

void espota_hashes_add(struct espota_hashes *hashes, const void *data, size_t length)
{
    for (int i = 0; i < ESPOTA_HASH_KINDS; i++)
        if (hashes->state[i] != NULL && EVP_DigestUpdate(hashes->state[i], data, length) != 1)
            hashes->failed = true; /* told by espota_hashes_with */
}

enum espota_status espota_hashes_with(struct espota_hashes *hashes, enum espota_hash_kind kind,
                                      const void *data, size_t length, uint8_t *out,
                                      struct espota_error *err)
{
    if (hashes->failed || hashes->state[kind] == NULL ||
        EVP_MD_CTX_copy_ex(hashes->copy, hashes->state[kind]) != 1 ||
        EVP_DigestUpdate(hashes->copy, data, length) != 1 ||
        EVP_DigestFinal_ex(hashes->copy, out, NULL) != 1)
        return espota_error_set(err, ESPOTA_E_LOCAL, "OpenSSL cannot finish a %s",
                                espota_hash_name(kind));
    return ESPOTA_OK;
}

void espota_hashes_destroy(struct espota_hashes *hashes)
{
    if (hashes == NULL)
        return;
    for (int i = 0; i < ESPOTA_HASH_KINDS; i++) {
        EVP_MD_CTX_free(hashes->state[i]);
        EVP_MD_free(hashes->digest[i]);
    }
    EVP_MD_CTX_free(hashes->copy);
    if (hashes->provider != NULL)
        OSSL_PROVIDER_unload(hashes->provider);
    if (hashes->own)
        OSSL_LIB_CTX_free(hashes->library);
    free(hashes);
}
