/* SPDX-License-Identifier: MIT */
/*
 * Keys by name, which is a file or a token's URI; from the bytes of files, and back. A key that
 * anybody can sign for is refused wherever it comes from.
 */
#include "crypto/keys_openssl.h"

#include <openssl/bio.h>
#include <openssl/decoder.h>
#include <openssl/encoder.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"
#include "wire/wire.h"

enum { KEY_FILE_MAX = 65536 };

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
    OSSL_DECODER_CTX *context = OSSL_DECODER_CTX_new_for_pkey(&pkey, input, NULL, NULL, selection,
                                                              key->library.context, NULL);

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
    if (opening->asking.status == ESPOTA_E_INTERRUPTED)
        return espota_error_copy(err, ESPOTA_E_INTERRUPTED, &opening->asking);
    if (!opening->had)
        return espota_error_remedy(err, ESPOTA_E_LOCAL, ESPOTA_REMEDY_GIVE_PASSPHRASE,
                                   "%s is encrypted", name);
    return espota_error_set(err, ESPOTA_E_LOCAL, "the passphrase does not open %s", name);
}

/* BAD: it holds no such key, or the key cannot be opened. */
static enum espota_status try_parse(struct espota_key **out, const void *data, size_t length,
                                    int selection, struct espota_key_opening *opening,
                                    struct espota_error *err)
{
    bool pem = contains(data, length, "-----BEGIN ");
    struct espota_key *key = NULL;
    BIO *bio = NULL;
    bool no_memory;
    enum espota_status status = espota_key_new(&key, true, err);

    if (status != ESPOTA_OK)
        return status;
    if (length <= INT32_MAX)
        bio = BIO_new_mem_buf(data, (int)length);
    if (bio != NULL)
        decode(key, bio, pem ? "PEM" : "DER", selection, opening);
    BIO_free(bio);
    no_memory = espota_key_no_memory();
    if (key->pkey != NULL)
        return espota_key_finish(key, out, err);
    espota_key_destroy(key);
    return no_memory ? espota_error_set(err, ESPOTA_E_MEMORY, "no memory to read the key %s",
                                        opening->name)
                     : ESPOTA_BAD;
}

enum espota_status espota_key_parse(struct espota_key **out, const void *data, size_t length,
                                    bool private_half, const char *name,
                                    const struct espota_passphrase *passphrase,
                                    struct espota_error *err)
{
    struct espota_key_opening opening = {.passphrase = private_half ? passphrase : NULL,
                                         .name = name};
    enum espota_status status;

    *out = NULL;
    if (!private_half && contains(data, length, "PRIVATE KEY-----"))
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s is a private key; give the public one "
                                "(openssl pkey -in %s -pubout writes it)",
                                name, name);
    status = try_parse(out, data, length, private_half ? EVP_PKEY_KEYPAIR : EVP_PKEY_PUBLIC_KEY,
                       &opening, err);
    if (status != ESPOTA_BAD)
        return status;
    if (private_half && opening.wanted)
        return cannot_open(name, &opening, err);
    if (private_half && contains(data, length, "PUBLIC KEY-----"))
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s is a public key; signing needs the private one", name);
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "%s is not a %s key in PEM or DER, or it is damaged", name,
                            private_half ? "private" : "public");
}

static enum espota_status read_file(struct espota_key **out, const char *name, bool private_half,
                                    const struct espota_passphrase *passphrase,
                                    const struct espota_log *log, struct espota_error *err)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    bool shared = false;
    char command[512];
    enum espota_status status = espota_file_read(name, KEY_FILE_MAX, &bytes, &length, &shared, err);

    if (status != ESPOTA_OK)
        return status;
    status = espota_key_parse(out, bytes, length, private_half, name, passphrase, err);
    if (status == ESPOTA_OK && private_half && shared)
        espota_log_say(log, ESPOTA_LOG_WARNING,
                       "others can read the private key %s; take that away with: %s", name,
                       espota_file_private_command(name, command, sizeof(command)));
    espota_wipe(bytes, length);
    free(bytes);
    return status;
}

static enum espota_status load(struct espota_key **out, const char *name, bool private_half,
                               const struct espota_passphrase *passphrase,
                               const struct espota_log *log, struct espota_error *err)
{
    enum espota_status status;

    *out = NULL;
    if (espota_key_is_uri(name))
        status = espota_key_uri_load(out, name, private_half, passphrase, err);
    else
        status = read_file(out, name, private_half, passphrase, log, err);
    if (status != ESPOTA_OK || espota_key_exponent_is_sound(*out))
        return status;
    espota_key_destroy(*out);
    *out = NULL;
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "the key %s has a public exponent that is even or less than 3, which "
                            "protects nothing; make another one",
                            name);
}

enum espota_status espota_key_private_load(struct espota_key **out, const char *name,
                                           const struct espota_passphrase *passphrase,
                                           const struct espota_log *log, struct espota_error *err)
{
    return load(out, name, true, passphrase, log, err);
}

enum espota_status espota_key_public_load(struct espota_key **out, const char *name,
                                          const struct espota_passphrase *passphrase,
                                          struct espota_error *err)
{
    return load(out, name, false, passphrase, NULL, err);
}

bool espota_key_exists(const char *name)
{
    return espota_key_is_uri(name) || espota_file_exists(name);
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
