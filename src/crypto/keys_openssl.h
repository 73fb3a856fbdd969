/* SPDX-License-Identifier: MIT */
/* What the files of the room share: how keys are read, and what of OpenSSL they hold. */
#ifndef ESPOTA_CRYPTO_KEYS_OPENSSL_H
#define ESPOTA_CRYPTO_KEYS_OPENSSL_H

#include "crypto/crypto.h"

/* Opens what is not open yet; false: it cannot be. */
bool espota_library_open(struct espota_library *library);
void espota_library_close(struct espota_library *library); /* zeros are fine */

/* The same for a table, and why the last call of OpenSSL failed: kept there for the user, and
 * OpenSSL's queue of errors is left empty. `what` it could not do. */
enum espota_status
espota_crypto_openssl_open(struct espota_crypto_openssl *crypto) ESPOTA_MUST_CHECK;
enum espota_status espota_crypto_openssl_fail(struct espota_crypto_openssl *crypto,
                                              const char *what) ESPOTA_MUST_CHECK;

/*
 * A key and what it lives in. Keys of files have a library of their own; keys in tokens live in
 * OpenSSL's default context, where its configuration says what leads to the token.
 */
struct espota_key {
    void *pkey; /* EVP_PKEY */
    struct espota_library library;
    void *engine; /* ENGINE */
    char name[32];
};

enum espota_status espota_key_new(struct espota_key **out, bool own_library,
                                  struct espota_error *err) ESPOTA_MUST_CHECK;
/* Fills in the name and hands the complete key to `out`; one that cannot be used is destroyed. */
enum espota_status espota_key_finish(struct espota_key *key, struct espota_key **out,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

/* What OpenSSL's callback for passphrases gets. */
struct espota_key_opening {
    const struct espota_passphrase *passphrase; /* NULL: none */
    const char *name;
    bool wanted; /* the callback was called */
    bool had;    /* and something was there to give it */
    struct espota_error asking;
};
int espota_key_passphrase_callback(char *out, int room, int writing, void *opening);

/* Whether OpenSSL ran out of memory in what it did last; empties its queue of errors. */
bool espota_key_no_memory(void);

/* Sets E_LOCAL with OpenSSL's reason behind the text, and empties its queue of errors. */
enum espota_status espota_key_error(struct espota_error *err, const char *text);

/*
 * From the bytes of a file (PEM or DER; PKCS#1, PKCS#8, SEC1; encrypted or not). `name` is for
 * messages. E_LOCAL: no key, or not to be opened with this passphrase.
 */
enum espota_status espota_key_parse(struct espota_key **out, const void *data, size_t length,
                                    bool private_half, const char *name,
                                    const struct espota_passphrase *passphrase,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/* A key in a token: OpenSSL's pkcs11 provider is tried, then its engine. */
enum espota_status espota_key_uri_load(struct espota_key **out, const char *uri, bool private_half,
                                       const struct espota_passphrase *passphrase,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * False for an RSA key whose public exponent is even or less than 3: with 1 every signature is the
 * padded hash itself, which anybody can write; an even one belongs to no private key.
 */
bool espota_key_exponent_is_sound(const struct espota_key *key);
size_t espota_hash_size(enum espota_hash_kind kind);

#endif
