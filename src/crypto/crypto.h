/* SPDX-License-Identifier: MIT */
/*
 * The door of `crypto`: digests and keys, whoever makes them; only the files of this room know
 * OpenSSL.
 */
#ifndef ESPOTA_CRYPTO_CRYPTO_H
#define ESPOTA_CRYPTO_CRYPTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/secret.h"
#include "espota/sign.h"
#include "wire/wire.h"

/*
 * A library context of our own, with the default provider: no openssl.cnf applies to it, so no
 * setting of the system (a FIPS policy, a default property) takes an algorithm away. Above all not
 * MD5: the protocol of the devices has no other checksum.
 */
struct espota_library {
    void *context; /* OSSL_LIB_CTX; NULL: OpenSSL's default one */
    void *provider;
};

/*
 * Wire's table of digests, key stretching and random bytes, filled from OpenSSL 3. The caller's
 * memory; its content is this module's.
 */
struct espota_crypto_openssl {
    struct espota_crypto table;    /* hand out &crypto.table; valid until deinit */
    struct espota_library library; /* the rest appears when it is first used */
    void *md5;
    void *sha256;
    void *pbkdf2;
    /*
     * What to tell the user after a function of the table failed (with E_LOCAL or E_MEMORY): what
     * failed, OpenSSL's reason, what to do. "" if nothing did.
     */
    char problem[256];
};

/* Costs nothing and cannot fail: OpenSSL is touched by the first digest. */
void espota_crypto_openssl_init(struct espota_crypto_openssl *crypto);
/* No digest may be under way. */
void espota_crypto_openssl_deinit(struct espota_crypto_openssl *crypto);

/*
 * Noise's table, filled from the same OpenSSL. The caller's memory; failures are told in `base`,
 * which must outlive it.
 */
struct espota_noise_openssl {
    struct espota_noise_crypto table; /* hand out &noise.table; valid until deinit */
    struct espota_crypto_openssl *base;
    void *cipher; /* the rest appears when it is first used */
    void *ciphering;
    void *hkdf;
};

void espota_noise_openssl_init(struct espota_noise_openssl *noise,
                               struct espota_crypto_openssl *base);
void espota_noise_openssl_deinit(struct espota_noise_openssl *noise);

/*
 * Signing keys: reading, using, making and writing them. Nothing here decides which key fits
 * which device; that is for who signs.
 */

struct espota_key; /* a private or a public key; wiped when destroyed */

enum espota_key_family { ESPOTA_KEY_RSA, ESPOTA_KEY_EC, ESPOTA_KEY_OTHER };

enum { ESPOTA_HASH_KINDS = 3, ESPOTA_HASH_MAX = 64, ESPOTA_KEY_SIGNATURE_MAX = 1024 };

/* What stands around the hash. */
enum espota_scheme {
    ESPOTA_SCHEME_PKCS1,     /* RSA, type 1 padding over DigestInfo: ESP8266 */
    ESPOTA_SCHEME_PKCS1_RAW, /* RSA, type 1 padding over the bare hash: ESP8266 up to 2.5.2 */
    ESPOTA_SCHEME_PSS,       /* RSA, PSS, MGF1 of the same hash, the longest salt: ESP32 */
    ESPOTA_SCHEME_ECDSA,     /* DER: ESP32 */
};

/* Whether a name is a "pkcs11:" URI instead of a file. */
bool espota_key_is_uri(const char *name);

/* By name: a file or a URI. Warns about a private key file that others may read. */
enum espota_status espota_key_private_load(struct espota_key **out, const char *name,
                                           const struct espota_passphrase *passphrase,
                                           const struct espota_log *log,
                                           struct espota_error *err) ESPOTA_MUST_CHECK;
enum espota_status espota_key_public_load(struct espota_key **out, const char *name,
                                          const struct espota_passphrase *passphrase,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;

void espota_key_destroy(struct espota_key *key); /* NULL is fine */

enum espota_key_family espota_key_family(const struct espota_key *key);
unsigned espota_key_bits(const struct espota_key *key);
/* RSA: the length of every signature; EC: the longest that can be. */
size_t espota_key_signature_size(const struct espota_key *key);
/* "RSA-2048", "ECDSA P-256": borrowed from the key. */
const char *espota_key_name(const struct espota_key *key);

/* A public number of an RSA key ("n", "e"), big-endian without leading zeros. */
enum espota_status espota_key_rsa_number(const struct espota_key *key, const char *name,
                                         uint8_t *out, size_t room, size_t *size,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

/* Signs a hash of `kind`; `out` has room for ESPOTA_KEY_SIGNATURE_MAX. */
enum espota_status espota_key_sign(const struct espota_key *key, enum espota_scheme scheme,
                                   enum espota_hash_kind kind, const uint8_t *hash, uint8_t *out,
                                   size_t *length, struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * OK: this key's private half made the signature over this hash. BAD: it did not. E_MEMORY: it
 * could not be found out.
 */
enum espota_status espota_key_verify(const struct espota_key *key, enum espota_scheme scheme,
                                     enum espota_hash_kind kind, const uint8_t *hash,
                                     const uint8_t *signature, size_t length,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

enum espota_status espota_key_generate(struct espota_key **out, enum espota_key_type type,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * PEM: PKCS#8 of the private key (AES-256 if there is a passphrase), SubjectPublicKeyInfo of the
 * public one. To be wiped and freed by espota_secret_wipe.
 */
enum espota_status espota_key_private_pem(const struct espota_key *key,
                                          const struct espota_secret *passphrase,
                                          struct espota_secret *out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
enum espota_status espota_key_public_pem(const struct espota_key *key, struct espota_secret *out,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Hashes under way over the same bytes: SHA-256, or `all` kinds. The key must outlive them: a
 * library context costs as much time as a signature, and the key's own will do.
 */
struct espota_hashes;
enum espota_status espota_hashes_create(struct espota_hashes **out, const struct espota_key *key,
                                        bool all, struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_hashes_add(struct espota_hashes *hashes, const void *data, size_t length);
/*
 * The hash as it would be with `length` more bytes; what is under way goes on without them.
 * `out` has room for ESPOTA_HASH_MAX.
 */
enum espota_status espota_hashes_with(struct espota_hashes *hashes, enum espota_hash_kind kind,
                                      const void *data, size_t length, uint8_t *out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_hashes_destroy(struct espota_hashes *hashes);

#endif
