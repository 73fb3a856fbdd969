/* SPDX-License-Identifier: MIT */
/*
 * The core's tables of digests, key stretching, random bytes and signatures, filled from BearSSL,
 * the library that the ESP8266 core itself verifies with.
 */
#ifndef ESPOTA_POSIX_CRYPTO_BEARSSL_H
#define ESPOTA_POSIX_CRYPTO_BEARSSL_H

#include "core/core.h"
#include "espota/error.h"
#include "wire/wire.h"

/* The caller's memory; its content is this module's. */
struct espota_crypto_bearssl {
    struct espota_crypto
        table;              /* hand out &crypto.table; valid until deinit, and not to be copied */
    uint64_t generator[48]; /* BearSSL's, seeded by the operating system */
};

/* E_LOCAL if the operating system gives no random bytes to begin with. */
enum espota_status espota_crypto_bearssl_init(struct espota_crypto_bearssl *crypto,
                                              struct espota_error *err) ESPOTA_MUST_CHECK;
/* No digest may be under way. */
void espota_crypto_bearssl_deinit(struct espota_crypto_bearssl *crypto);

enum { STUB_MODULUS_MAX = 512, STUB_EXPONENT_MAX = 8 };

/* The caller's memory; its content is this module's. */
struct stub_verifier {
    struct espota_verifier table; /* hand out &verifier.table; not to be copied */
    uint8_t modulus[STUB_MODULUS_MAX];
    size_t modulus_size;
    uint8_t exponent[STUB_EXPONENT_MAX];
    size_t exponent_size;
};

/* From a public key file. E_LOCAL for one that no device can verify with. */
enum espota_status stub_verifier_init(struct stub_verifier *verifier, const char *publickey,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
