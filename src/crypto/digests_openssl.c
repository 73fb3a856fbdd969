/* SPDX-License-Identifier: MIT */
/*
 * Two kinds of digests from OpenSSL. The table is what wire's engines ask for, on the device as
 * well. Hashes are for who signs, and asks what no device does: several kinds in one pass over the
 * bytes, and a hash as it would be with a few bytes more while the stream goes on.
 */
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>

#include "crypto/keys_openssl.h"
#include "wire/wire.h"

bool espota_library_open(struct espota_library *library)
{
    if (library->context == NULL)
        library->context = OSSL_LIB_CTX_new();
    if (library->context != NULL && library->provider == NULL)
        library->provider = OSSL_PROVIDER_load(library->context, "default");
    return library->provider != NULL;
}

void espota_library_close(struct espota_library *library)
{
    if (library->provider != NULL)
        OSSL_PROVIDER_unload(library->provider);
    OSSL_LIB_CTX_free(library->context);
}

enum espota_status espota_crypto_openssl_fail(struct espota_crypto_openssl *crypto,
                                              const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    snprintf(crypto->problem, sizeof(crypto->problem),
             "OpenSSL cannot %s (%s); check that the default provider of OpenSSL is installed",
             what, reason != NULL ? reason : "no reason given");
    ERR_clear_error();
    return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? ESPOTA_E_MEMORY : ESPOTA_E_LOCAL;
}

enum espota_status espota_crypto_openssl_open(struct espota_crypto_openssl *crypto)
{
    return espota_library_open(&crypto->library)
               ? ESPOTA_OK
               : espota_crypto_openssl_fail(crypto, "load its default provider");
}

static enum espota_status fetch_digest(struct espota_crypto_openssl *crypto,
                                       enum espota_digest_kind kind, const EVP_MD **out)
{
    void **slot = kind == ESPOTA_DIGEST_MD5 ? &crypto->md5 : &crypto->sha256;
    enum espota_status status = ESPOTA_OK;

    if (*slot == NULL && (status = espota_crypto_openssl_open(crypto)) == ESPOTA_OK) {
        /* "-fips" takes back a fips=yes that a patched OpenSSL puts into every context */
        *slot = EVP_MD_fetch(crypto->library.context, kind == ESPOTA_DIGEST_MD5 ? "MD5" : "SHA256",
                             "-fips");
        if (*slot == NULL)
            status = espota_crypto_openssl_fail(
                crypto, kind == ESPOTA_DIGEST_MD5
                            ? "compute MD5, without which no device accepts an image"
                            : "compute SHA-256");
    }
    *out = *slot;
    return status;
}

static enum espota_status digest_start(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest)
{
    struct espota_crypto_openssl *crypto = context;
    const EVP_MD *md;
    EVP_MD_CTX *state;
    enum espota_status status = fetch_digest(crypto, kind, &md);

    if (status != ESPOTA_OK)
        return status;
    state = EVP_MD_CTX_new();
    if (state == NULL || EVP_DigestInit_ex2(state, md, NULL) != 1) {
        EVP_MD_CTX_free(state);
        return espota_crypto_openssl_fail(crypto, "start a digest");
    }
    digest->kind = kind;
    digest->state.pointer = state;
    return ESPOTA_OK;
}

/* Frees, and OpenSSL wipes what it frees. */
static void digest_drop(void *context, struct espota_digest *digest)
{
    (void)context;
    EVP_MD_CTX_free(digest->state.pointer);
    digest->state.pointer = NULL;
}

/* There is nobody to tell here; finish sees that the state is gone. */
static void digest_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    if (digest->state.pointer == NULL)
        return;
    if (EVP_DigestUpdate(digest->state.pointer, data, length) != 1)
        digest_drop(context, digest);
}

static enum espota_status digest_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    unsigned length = 0;
    int good = digest->state.pointer != NULL &&
               EVP_DigestFinal_ex(digest->state.pointer, out, &length) == 1;

    digest_drop(context, digest);
    return good ? ESPOTA_OK : espota_crypto_openssl_fail(context, "finish a digest");
}

static enum espota_status pbkdf2_sha256(void *context, const void *password, size_t password_length,
                                        const void *salt, size_t salt_length, uint32_t rounds,
                                        uint8_t out[ESPOTA_SHA256_SIZE])
{
    struct espota_crypto_openssl *crypto = context;
    char digest_name[] = "SHA256";
    /* the parameters are only read, but their type has no const */
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_PASSWORD, (void *)password,
                                          password_length),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, (void *)salt, salt_length),
        OSSL_PARAM_construct_uint32(OSSL_KDF_PARAM_ITER, &rounds),
        OSSL_PARAM_construct_end(),
    };
    EVP_KDF_CTX *state = NULL;
    enum espota_status status = espota_crypto_openssl_open(crypto);

    if (status != ESPOTA_OK)
        return status;
    if (crypto->pbkdf2 == NULL)
        crypto->pbkdf2 = EVP_KDF_fetch(crypto->library.context, "PBKDF2", "-fips");
    if (crypto->pbkdf2 != NULL)
        state = EVP_KDF_CTX_new(crypto->pbkdf2);
    if (state == NULL || EVP_KDF_derive(state, out, ESPOTA_SHA256_SIZE, params) != 1)
        status = espota_crypto_openssl_fail(crypto, "stretch a password (PBKDF2)");
    EVP_KDF_CTX_free(state);
    return status;
}

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    struct espota_crypto_openssl *crypto = context;
    enum espota_status status = espota_crypto_openssl_open(crypto);

    if (status == ESPOTA_OK && RAND_bytes_ex(crypto->library.context, out, length, 0) != 1)
        status = espota_crypto_openssl_fail(crypto, "give random bytes");
    return status;
}

void espota_crypto_openssl_init(struct espota_crypto_openssl *crypto)
{
    *crypto = (struct espota_crypto_openssl){
        .table.context = crypto,
        .table.digest_start = digest_start,
        .table.digest_add = digest_add,
        .table.digest_finish = digest_finish,
        .table.digest_drop = digest_drop,
        .table.pbkdf2_sha256 = pbkdf2_sha256,
        .table.random = random_bytes,
    };
}

void espota_crypto_openssl_deinit(struct espota_crypto_openssl *crypto)
{
    EVP_KDF_free(crypto->pbkdf2);
    EVP_MD_free(crypto->sha256);
    EVP_MD_free(crypto->md5);
    espota_library_close(&crypto->library);
    espota_wipe(crypto, sizeof(*crypto));
}

struct espota_hashes {
    struct espota_library own; /* where the key has none */
    EVP_MD *digest[ESPOTA_HASH_KINDS];
    EVP_MD_CTX *state[ESPOTA_HASH_KINDS]; /* NULL: not wanted */
    EVP_MD_CTX *copy;
    bool failed;
};

static const struct {
    const char *name;
    size_t size;
} kinds[ESPOTA_HASH_KINDS] = {
    [ESPOTA_HASH_SHA256] = {"SHA-256", 32},
    [ESPOTA_HASH_SHA384] = {"SHA-384", 48},
    [ESPOTA_HASH_SHA512] = {"SHA-512", 64},
};

size_t espota_hash_size(enum espota_hash_kind kind)
{
    return kinds[kind].size;
}

const char *espota_hash_name(enum espota_hash_kind kind)
{
    return kinds[kind].name;
}

static bool start(struct espota_hashes *hashes, OSSL_LIB_CTX *library, enum espota_hash_kind kind)
{
    hashes->digest[kind] = EVP_MD_fetch(library, kinds[kind].name, "-fips");
    hashes->state[kind] = EVP_MD_CTX_new();
    return hashes->digest[kind] != NULL && hashes->state[kind] != NULL &&
           EVP_DigestInit_ex2(hashes->state[kind], hashes->digest[kind], NULL) == 1;
}

enum espota_status espota_hashes_create(struct espota_hashes **out, const struct espota_key *key,
                                        bool all, struct espota_error *err)
{
    struct espota_hashes *hashes = calloc(1, sizeof(*hashes));
    OSSL_LIB_CTX *library = key->library.context;
    bool good;

    *out = NULL;
    if (hashes == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a hash");
    if (library == NULL && espota_library_open(&hashes->own))
        library = hashes->own.context;
    hashes->copy = EVP_MD_CTX_new();
    good = library != NULL && hashes->copy != NULL && start(hashes, library, ESPOTA_HASH_SHA256) &&
           (!all || (start(hashes, library, ESPOTA_HASH_SHA384) &&
                     start(hashes, library, ESPOTA_HASH_SHA512)));
    if (!good) {
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
    espota_library_close(&hashes->own);
    free(hashes);
}
