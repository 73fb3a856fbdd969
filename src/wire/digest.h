/* SPDX-License-Identifier: MIT */
/*
 * Digests, key stretching and random bytes, as the core asks for them. The
 * host fills the table from OpenSSL, the device's POSIX port from BearSSL, a
 * port to a microcontroller from what its SDK has. The core holds no
 * arithmetic of its own.
 */
#ifndef ESPOTA_WIRE_DIGEST_H
#define ESPOTA_WIRE_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"

enum espota_digest_kind { ESPOTA_DIGEST_MD5, ESPOTA_DIGEST_SHA256 };

enum { ESPOTA_MD5_SIZE = 16, ESPOTA_SHA256_SIZE = 32, ESPOTA_DIGEST_MAX = 32 };

/* A digest under way. The table's functions own the content; the caller owns the memory. */
struct espota_digest {
    enum espota_digest_kind kind;
    union {
        void *pointer;
        uint64_t
            words[16]; /* a BearSSL or SDK context fits; a larger one goes behind the pointer */
    } state;
};

struct espota_crypto {
    void *context; /* handed to every function */

    /* Starts a digest. After OK, exactly one of finish or drop must follow. */
    enum espota_status (*digest_start)(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest) ESPOTA_MUST_CHECK;
    void (*digest_add)(void *context, struct espota_digest *digest, const void *data,
                       size_t length);
    /* Writes 16 (MD5) or 32 (SHA-256) bytes; the digest is over and its state wiped. */
    enum espota_status (*digest_finish)(void *context, struct espota_digest *digest,
                                        uint8_t *out) ESPOTA_MUST_CHECK;
    /* Abandons and wipes. */
    void (*digest_drop)(void *context, struct espota_digest *digest);

    /*
     * PBKDF2-HMAC-SHA256 with a 32-byte result. NULL: not supported; a device
     * then cannot ask for, and a host not answer, the SHA-256 challenge.
     */
    enum espota_status (*pbkdf2_sha256)(void *context, const void *password, size_t password_length,
                                        const void *salt, size_t salt_length, uint32_t rounds,
                                        uint8_t out[ESPOTA_SHA256_SIZE]) ESPOTA_MUST_CHECK;

    /* Unpredictable bytes. */
    enum espota_status (*random)(void *context, void *out, size_t length) ESPOTA_MUST_CHECK;
};

struct espota_digest_part {
    const void *data;
    size_t length;
};

/*
 * The digest of the parts one after the other, as lower-case digits with a terminator: 33 bytes of
 * MD5, 65 of SHA-256.
 */
enum espota_status espota_digest_hex(const struct espota_crypto *crypto,
                                     enum espota_digest_kind kind,
                                     const struct espota_digest_part *parts, size_t count,
                                     char *out) ESPOTA_MUST_CHECK;
/* digest_finish, in the same form. */
enum espota_status espota_digest_finish_hex(const struct espota_crypto *crypto,
                                            struct espota_digest *digest,
                                            char *out) ESPOTA_MUST_CHECK;

#endif
