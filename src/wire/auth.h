/* SPDX-License-Identifier: MIT */
/*
 * The response to a challenge, the same arithmetic on both ends. Vectors:
 * PROTOCOL 1.10.
 */
#ifndef ESPOTA_WIRE_AUTH_H
#define ESPOTA_WIRE_AUTH_H

#include <stddef.h>

#include "wire/digest.h"
#include "wire/invitation.h"

/* What the device stored in place of the password. */
enum espota_password_form {
    ESPOTA_FORM_MD5,    /* md5hex(password) */
    ESPOTA_FORM_SHA256, /* sha256hex(password) */
};

enum { ESPOTA_PBKDF2_ROUNDS = 10000 };

/* The stored form of a password: 32 or 64 lower-case digits and a terminator. Wipe it after use. */
enum espota_status espota_password_hash(const struct espota_crypto *crypto,
                                        enum espota_password_form form, const void *password,
                                        size_t length,
                                        char out[ESPOTA_NONCE_MAX + 1]) ESPOTA_MUST_CHECK;

/*
 * The response to `nonce` with the client's `cnonce` (both terminated, of equal
 * length). 32 digits: the MD5 scheme; 64: PBKDF2-HMAC-SHA256. `hash` is the
 * terminated stored form. `out` gets as many digits as the nonce has. E_USAGE if
 * the lengths fit no scheme, E_FAILED if the table has no PBKDF2, else the table's own.
 */
enum espota_status espota_auth_response(const struct espota_crypto *crypto, const char *hash,
                                        const char *nonce, const char *cnonce,
                                        char out[ESPOTA_NONCE_MAX + 1]) ESPOTA_MUST_CHECK;

#endif
