/* SPDX-License-Identifier: MIT */
/*
 * The core's table of digests, key stretching and random bytes, filled from
 * BearSSL, the library that the ESP8266 core itself verifies with.
 */
#ifndef ESPOTA_POSIX_CRYPTO_BEARSSL_H
#define ESPOTA_POSIX_CRYPTO_BEARSSL_H

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

#endif
