/* SPDX-License-Identifier: MIT */
/*
 * Signing images, checking signatures, making keys and the headers that carry them into a sketch.
 * A name of a key is a file (PEM or DER; PKCS#1, PKCS#8, SEC1; encrypted or not) or a "pkcs11:"
 * URI. "-" is standard input or output.
 */
#ifndef ESPOTA_SIGN_H
#define ESPOTA_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/log.h"
#include "espota/options.h"
#include "espota/secret.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

enum espota_sign_format {
    ESPOTA_SIGN_AUTO,           /* by the image and the key */
    ESPOTA_SIGN_ESP8266,        /* payload, RSA signature, its length; the Pico's as well */
    ESPOTA_SIGN_ESP8266_LEGACY, /* the same without DigestInfo: cores up to 2.5.2 */
    ESPOTA_SIGN_ESP32,          /* payload, 512-byte trailer */
};
/* "esp8266", "esp8266-legacy", "esp32"; "auto". */
const char *espota_sign_format_word(enum espota_sign_format format);

enum espota_hash_kind { ESPOTA_HASH_SHA256, ESPOTA_HASH_SHA384, ESPOTA_HASH_SHA512 };
const char *espota_hash_name(enum espota_hash_kind kind); /* "SHA-256" */

/* Where the passphrase of an encrypted key, or the PIN of a token, comes from. */
struct espota_passphrase {
    struct espota_secret given; /* borrowed; bytes NULL: not given */
    void *context;
    /*
     * Asks a person for the passphrase of `what`; the library wipes `out`. Any status but OK:
     * there is none. NULL: nobody to ask.
     */
    enum espota_status (*ask)(void *context, const char *what, struct espota_secret *out,
                              struct espota_error *err);
};

/*
 * Whether a key of this name is there: a file, or anything behind a URI. What cannot be told (a
 * folder that is not to be read) counts as there, so that using it says why it fails.
 */
bool espota_key_exists(const char *name);

/* Start from its _INIT. The struct is copied, and the key's name; what the passphrase and the log
 * point to is borrowed until destroy. */
struct espota_signer_options {
    size_t size;
    const char *privatekey;
    struct espota_passphrase passphrase;
    enum espota_sign_format format; /* not LEGACY: that is a second output */
    enum espota_hash_kind hash;     /* ESP32 format only */
    bool gzip;                      /* compress, then sign */
    bool force;                     /* sign also what this key has signed already */
    bool plain; /* signing.py's manner: any image in ESP8266's format, whatever it is */
    struct espota_log log;
};
#define ESPOTA_SIGNER_OPTIONS_INIT ESPOTA_FIRST_VALUES(espota_signer_options)

/* What was signed. Start from its _INIT. */
struct espota_signed {
    size_t size;
    enum espota_sign_format format;
    enum espota_hash_kind hash;
    const char *key;   /* "RSA-2048"; borrowed from the signer */
    const char *chip;  /* by the image's first bytes; "unknown" where they do not tell */
    uint64_t payload;  /* bytes that the signature covers */
    uint64_t bytes;    /* of the output */
    uint64_t original; /* bytes read; differs from payload with gzip */
};
#define ESPOTA_SIGNED_INIT ESPOTA_FIRST_VALUES(espota_signed)

struct espota_signer; /* a key in hand, for any number of images */

enum espota_status espota_signer_create(struct espota_signer **out,
                                        const struct espota_signer_options *options,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * Signs `in` into `out`, which may be the same file, and with a legacy signature into `legacy`
 * unless that is NULL. Both outputs are checked with the public half before either appears.
 * E_IMAGE: already signed by this key. E_USAGE: an output is the key's file, or both are one file.
 */
enum espota_status espota_signer_sign(struct espota_signer *signer, const char *in, const char *out,
                                      const char *legacy, struct espota_signed *result,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
/* What is being signed ends with E_INTERRUPTED; may be called from a signal handler. */
void espota_signer_stop(struct espota_signer *signer);
void espota_signer_destroy(struct espota_signer *signer); /* NULL is fine */

/* Start from its _INIT. All is borrowed for the call alone. */
struct espota_verify_options {
    size_t size;
    const char *publickey;
    const char *file;
    enum espota_sign_format format;      /* AUTO: whichever the file is signed in */
    struct espota_passphrase passphrase; /* a token's PIN */
};
#define ESPOTA_VERIFY_OPTIONS_INIT ESPOTA_FIRST_VALUES(espota_verify_options)

/* Start from its _INIT. */
struct espota_verified {
    size_t size;
    bool good;
    enum espota_sign_format format; /* of a good signature */
    enum espota_hash_kind hash;
    char key[32];
    uint64_t bytes;   /* of the file */
    uint64_t payload; /* of a good one: without its trailer */
    char reason[256]; /* of one that is not good: a sentence */
};
#define ESPOTA_VERIFIED_INIT ESPOTA_FIRST_VALUES(espota_verified)

/* OK with result.good, E_IMAGE with a reason, or what kept it from looking. */
enum espota_status espota_verify(const struct espota_verify_options *options,
                                 struct espota_verified *result,
                                 struct espota_error *err) ESPOTA_MUST_CHECK;
/* One line of JSON without its end, to be freed; NULL without memory. */
char *espota_verified_json(const struct espota_verify_options *options,
                           const struct espota_verified *result);

enum espota_key_type {
    ESPOTA_KEY_TYPE_RSA_2048,
    ESPOTA_KEY_TYPE_RSA_3072,
    ESPOTA_KEY_TYPE_RSA_4096,
    ESPOTA_KEY_TYPE_ECDSA_P256,
    ESPOTA_KEY_TYPE_ECDSA_P384,
};

/* Makes a pair. Neither file may exist; the private one is readable by its owner alone. */
enum espota_status espota_keygen(enum espota_key_type type, const char *private_file,
                                 const char *public_file, const struct espota_secret *passphrase,
                                 struct espota_error *err) ESPOTA_MUST_CHECK;

/* Start from its _INIT. All is borrowed for the call alone. */
struct espota_header_options {
    size_t size;
    enum espota_sign_format format; /* ESP8266, ESP32, or AUTO: by the key */
    bool missing_is_fine;           /* signing.py's manner: no key gives ARDUINO_SIGNING 0 */
    const char *publickey;
    const char *file;
};
#define ESPOTA_HEADER_OPTIONS_INIT ESPOTA_FIRST_VALUES(espota_header_options)

/*
 * Writes the header that carries a public key into a sketch. *changed: false if the file was
 * like that already and was not touched; *enabled: false if there was no key.
 */
enum espota_status espota_header(const struct espota_header_options *options, bool *changed,
                                 bool *enabled, struct espota_error *err) ESPOTA_MUST_CHECK;

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
