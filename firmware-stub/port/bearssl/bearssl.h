/* SPDX-License-Identifier: MIT */
/*
 * The core's tables of digests, key stretching, random bytes and signatures, filled from BearSSL,
 * the library that the ESP8266 core itself verifies with. For any port; it wants of BearSSL md5,
 * sha2small, hmac, hmac_drbg, the seeder of the system (a port's own: br_prng_seeder_system) and,
 * to verify, rsa_i15 or rsa_i31 with PKCS#1.
 */
#ifndef ESPOTA_PORT_BEARSSL_H
#define ESPOTA_PORT_BEARSSL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "wire/wire.h"

/* The caller's memory; its content is this module's. */
struct espota_crypto_bearssl {
    struct espota_crypto
        table;              /* hand out &crypto.table; valid until deinit, and not to be copied */
    uint64_t generator[48]; /* BearSSL's, seeded by the system */
};

/* E_LOCAL if the system gives no random bytes to begin with. */
enum espota_status
espota_crypto_bearssl_init(struct espota_crypto_bearssl *crypto) ESPOTA_MUST_CHECK;
/* No digest may be under way. */
void espota_crypto_bearssl_deinit(struct espota_crypto_bearssl *crypto);

/* The caller's memory; its content is this module's. There is nothing to undo. */
struct espota_noise_bearssl {
    struct espota_noise_crypto table; /* hand out &noise.table; not to be copied */
    const struct espota_crypto *random;
};

/* `random`: of its table the random bytes are used; it must outlive this. */
void espota_noise_bearssl_init(struct espota_noise_bearssl *noise,
                               const struct espota_crypto *random);

enum { ESPOTA_MODULUS_MAX = 512, ESPOTA_EXPONENT_MAX = 8 };

/* The caller's memory; its content is this module's. */
struct espota_verifier_bearssl {
    struct espota_verifier table; /* hand out &verifier.table; not to be copied */
    uint8_t modulus[ESPOTA_MODULUS_MAX];
    size_t modulus_size;
    uint8_t exponent[ESPOTA_EXPONENT_MAX];
    size_t exponent_size;
};

/* The numbers of an RSA key, most significant byte first; false if they are too long or empty. */
bool espota_verifier_bearssl_init(struct espota_verifier_bearssl *verifier, const void *modulus,
                                  size_t modulus_size, const void *exponent,
                                  size_t exponent_size) ESPOTA_MUST_CHECK;

#endif
