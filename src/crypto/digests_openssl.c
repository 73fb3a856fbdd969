/* SPDX-License-Identifier: MIT */
/* The table of digests that wire's engines ask for, from OpenSSL. */
#include "crypto/crypto.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <string.h>

#include "wire/wire.h"

/* Keeps OpenSSL's reason for the user and leaves its error queue empty, as it was found. */
static enum espota_status fail(struct espota_crypto_openssl *crypto, const char *what)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code != 0 ? ERR_reason_error_string(code) : NULL;

    snprintf(crypto->problem, sizeof(crypto->problem),
             "OpenSSL cannot %s (%s); check that the default provider of OpenSSL is installed",
             what, reason != NULL ? reason : "no reason given");
    ERR_clear_error();
    return ERR_GET_REASON(code) == ERR_R_MALLOC_FAILURE ? ESPOTA_E_MEMORY : ESPOTA_E_LOCAL;
}

/*
 * No openssl.cnf applies to a context of our own: what a system switches off for
 * TLS does not concern the checksum of an image.
 */
static enum espota_status open_library(struct espota_crypto_openssl *crypto)
{
    if (crypto->library == NULL && (crypto->library = OSSL_LIB_CTX_new()) == NULL)
        return fail(crypto, "make a library context");
    if (crypto->provider == NULL &&
        (crypto->provider = OSSL_PROVIDER_load(crypto->library, "default")) == NULL)
        return fail(crypto, "load its default provider");
    return ESPOTA_OK;
}

static enum espota_status fetch_digest(struct espota_crypto_openssl *crypto,
                                       enum espota_digest_kind kind, const EVP_MD **out)
{
    void **slot = kind == ESPOTA_DIGEST_MD5 ? &crypto->md5 : &crypto->sha256;
    enum espota_status status = ESPOTA_OK;

    if (*slot == NULL && (status = open_library(crypto)) == ESPOTA_OK) {
        /* "-fips" takes back a fips=yes that a patched OpenSSL puts into every context */
        *slot =
            EVP_MD_fetch(crypto->library, kind == ESPOTA_DIGEST_MD5 ? "MD5" : "SHA256", "-fips");
        if (*slot == NULL)
            status = fail(crypto, kind == ESPOTA_DIGEST_MD5
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
        return fail(crypto, "start a digest");
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
    return good ? ESPOTA_OK : fail(context, "finish a digest");
}

static enum espota_status fetch_pbkdf2(struct espota_crypto_openssl *crypto, EVP_KDF **out)
{
    enum espota_status status = ESPOTA_OK;

    if (crypto->pbkdf2 == NULL && (status = open_library(crypto)) == ESPOTA_OK) {
        crypto->pbkdf2 = EVP_KDF_fetch(crypto->library, "PBKDF2", "-fips");
        if (crypto->pbkdf2 == NULL)
            status = fail(crypto, "stretch a password (PBKDF2)");
    }
    *out = crypto->pbkdf2;
    return status;
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
    EVP_KDF *kdf;
    EVP_KDF_CTX *state;
    enum espota_status status = fetch_pbkdf2(crypto, &kdf);

    if (status != ESPOTA_OK)
        return status;
    state = EVP_KDF_CTX_new(kdf);
    if (state == NULL || EVP_KDF_derive(state, out, ESPOTA_SHA256_SIZE, params) != 1)
        status = fail(crypto, "stretch a password (PBKDF2)");
    EVP_KDF_CTX_free(state);
    return status;
}

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    struct espota_crypto_openssl *crypto = context;
    enum espota_status status = open_library(crypto);

    if (status == ESPOTA_OK && RAND_bytes_ex(crypto->library, out, length, 0) != 1)
        status = fail(crypto, "give random bytes");
    return status;
}

void espota_crypto_openssl_init(struct espota_crypto_openssl *crypto)
{
    memset(crypto, 0, sizeof(*crypto));
    crypto->table = (struct espota_crypto){
        .context = crypto,
        .digest_start = digest_start,
        .digest_add = digest_add,
        .digest_finish = digest_finish,
        .digest_drop = digest_drop,
        .pbkdf2_sha256 = pbkdf2_sha256,
        .random = random_bytes,
    };
}

void espota_crypto_openssl_deinit(struct espota_crypto_openssl *crypto)
{
    EVP_KDF_free(crypto->pbkdf2);
    EVP_MD_free(crypto->sha256);
    EVP_MD_free(crypto->md5);
    if (crypto->provider != NULL)
        OSSL_PROVIDER_unload(crypto->provider);
    OSSL_LIB_CTX_free(crypto->library);
    espota_wipe(crypto, sizeof(*crypto));
}

const char *espota_crypto_openssl_problem(const struct espota_crypto_openssl *crypto)
{
    return crypto->problem;
}
