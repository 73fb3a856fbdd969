/* SPDX-License-Identifier: MIT */
/* Keys of OpenSSL from the bytes of files, and back. */
#include "crypto/keys_openssl.h"

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

int espota_key_passphrase_callback(char *out, int room, int writing, void *opening_)
{
    struct espota_key_opening *opening = opening_;
    struct espota_secret asked = ESPOTA_SECRET_INIT;
    const struct espota_secret *secret = NULL;
    int length = -1;

    (void)writing;
    opening->wanted = true;
    if (opening->passphrase == NULL)
        return -1;
    if (opening->passphrase->given.bytes != NULL)
        secret = &opening->passphrase->given;
    else if (opening->passphrase->ask != NULL &&
             opening->passphrase->ask(opening->passphrase->context, opening->name, &asked,
                                      &opening->asking) == ESPOTA_OK)
        secret = &asked;
    if (secret != NULL && secret->bytes != NULL && room > 0 && secret->length <= (size_t)room) {
        memcpy(out, secret->bytes, secret->length);
        length = (int)secret->length; /* at most `room` */
        opening->had = true;
    }
    espota_secret_wipe(&asked);
    return length;
}

static bool contains(const char *data, size_t length, const char *text)
{
    size_t size = strlen(text);

    for (size_t i = 0; length >= size && i <= length - size; i++) /* length >= size */
        if (memcmp(data + i, text, size) == 0)
            return true;
    return false;
}

/*
 * PEM: whatever stands before the key (comments, EC PARAMETERS) is passed over, one block in a
 * round. A round that took nothing failed for want of something else, and so would the next.
 */
static void decode(struct espota_key *key, BIO *bio, const char *input, int selection,
                   struct espota_key_opening *opening)
{
    EVP_PKEY *pkey = NULL;
    int left = BIO_pending(bio);
    int before;
    OSSL_DECODER_CTX *context =
        OSSL_DECODER_CTX_new_for_pkey(&pkey, input, NULL, NULL, selection, key->library, NULL);

    if (context != NULL && OSSL_DECODER_CTX_set_pem_password_cb(
                               context, espota_key_passphrase_callback, opening) == 1) {
        do {
            before = left;
            (void)OSSL_DECODER_from_bio(context, bio);
            left = BIO_pending(bio);
        } while (pkey == NULL && strcmp(input, "PEM") == 0 && left > 0 && left < before &&
                 !(opening->wanted && !opening->had));
    }
    OSSL_DECODER_CTX_free(context);
    key->pkey = pkey;
}

static enum espota_status cannot_open(const char *name, const struct espota_key_opening *opening,
                                      struct espota_error *err)
{
    ERR_clear_error();
    if (opening->wanted && opening->asking.status == ESPOTA_E_INTERRUPTED) {
        if (err != NULL)
            *err = opening->asking;
        return ESPOTA_E_INTERRUPTED;
    }
    if (opening->wanted && !opening->had)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s is encrypted; give its passphrase with --passphrase-file or "
                                "ESPOTA_PASSPHRASE",
                                name);
    if (opening->wanted)
        return espota_error_set(err, ESPOTA_E_LOCAL, "the passphrase does not open %s", name);
    return espota_error_set(err, ESPOTA_E_LOCAL, "%s", name);
}

static enum espota_status parse(struct espota_key **out, const void *data, size_t length,
                                int selection, struct espota_key_opening *opening,
                                struct espota_error *err)
{
    bool pem = contains(data, length, "-----BEGIN ");
    struct espota_key *key = NULL;
    BIO *bio = NULL;
    bool no_memory;
    enum espota_status status = espota_key_new(&key, true, err);

    *out = NULL;
    if (status != ESPOTA_OK)
        return status;
    if (length <= INT32_MAX)
        bio = BIO_new_mem_buf(data, (int)length);
    if (bio != NULL)
        decode(key, bio, pem ? "PEM" : "DER", selection, opening);
    BIO_free(bio);
    no_memory = espota_key_no_memory();
    if (key->pkey == NULL) {
        espota_key_destroy(key);
        return no_memory ? espota_error_set(err, ESPOTA_E_MEMORY, "no memory to read the key %s",
                                            opening->name)
                         : ESPOTA_BAD;
    }
    return espota_key_finish(key, out, err);
}

enum espota_status espota_key_private_parse(struct espota_key **out, const void *data,
                                            size_t length, const char *name,
                                            const struct espota_passphrase *passphrase,
                                            struct espota_error *err)
{
    struct espota_key_opening opening = {passphrase, name, false, false, ESPOTA_ERROR_INIT};
    enum espota_status status = parse(out, data, length, EVP_PKEY_KEYPAIR, &opening, err);

    if (status != ESPOTA_BAD)
        return status;
    if (opening.wanted)
        return cannot_open(name, &opening, err);
    if (contains(data, length, "PUBLIC KEY-----"))
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s is a public key; signing needs the private one", name);
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "%s is not a private key in PEM or DER, or it is damaged", name);
}

enum espota_status espota_key_public_parse(struct espota_key **out, const void *data, size_t length,
                                           const char *name, struct espota_error *err)
{
    struct espota_key_opening opening = {NULL, name, false, false, ESPOTA_ERROR_INIT};
    enum espota_status status;

    *out = NULL;
    if (contains(data, length, "PRIVATE KEY-----"))
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s is a private key; give the public one "
                                "(openssl pkey -in %s -pubout writes it)",
                                name, name);
    status = parse(out, data, length, EVP_PKEY_PUBLIC_KEY, &opening, err);
    if (status != ESPOTA_BAD)
        return status;
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "%s is not a public key in PEM or DER, or it is damaged", name);
}

static enum espota_status encode(OSSL_ENCODER_CTX *context, struct espota_secret *out,
                                 struct espota_error *err)
{
    unsigned char *bytes = NULL;
    size_t length = 0;

    if (context == NULL || OSSL_ENCODER_to_data(context, &bytes, &length) != 1)
        return espota_key_error(err, "OpenSSL cannot write the key");
    out->bytes = malloc(length + 1);
    if (out->bytes != NULL) {
        memcpy(out->bytes, bytes, length);
        out->bytes[length] = '\0';
        out->length = length;
    }
    OPENSSL_clear_free(bytes, length);
    return out->bytes != NULL ? ESPOTA_OK
                              : espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a key");
}

enum espota_status espota_key_private_pem(const struct espota_key *key,
                                          const struct espota_secret *passphrase,
                                          struct espota_secret *out, struct espota_error *err)
{
    OSSL_ENCODER_CTX *context =
        OSSL_ENCODER_CTX_new_for_pkey(key->pkey, EVP_PKEY_KEYPAIR, "PEM", "PrivateKeyInfo", NULL);
    enum espota_status status = ESPOTA_OK;

    if (context != NULL && passphrase != NULL && passphrase->bytes != NULL &&
        (OSSL_ENCODER_CTX_set_cipher(context, "AES-256-CBC", NULL) != 1 ||
         OSSL_ENCODER_CTX_set_passphrase(context, (const unsigned char *)passphrase->bytes,
                                         passphrase->length) != 1))
        status = espota_key_error(err, "OpenSSL cannot encrypt the key");
    if (status == ESPOTA_OK)
        status = encode(context, out, err);
    OSSL_ENCODER_CTX_free(context);
    return status;
}

enum espota_status espota_key_public_pem(const struct espota_key *key, struct espota_secret *out,
                                         struct espota_error *err)
{
    OSSL_ENCODER_CTX *context = OSSL_ENCODER_CTX_new_for_pkey(key->pkey, EVP_PKEY_PUBLIC_KEY, "PEM",
                                                              "SubjectPublicKeyInfo", NULL);
    enum espota_status status = encode(context, out, err);

    OSSL_ENCODER_CTX_free(context);
    return status;
}
