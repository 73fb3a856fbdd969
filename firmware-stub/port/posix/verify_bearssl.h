/* SPDX-License-Identifier: MIT */
/* The updater's verifier, from BearSSL: what the ESP8266 core itself verifies with. */
#ifndef ESPOTA_POSIX_VERIFY_BEARSSL_H
#define ESPOTA_POSIX_VERIFY_BEARSSL_H

#include "core/core.h"
#include "espota/error.h"

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
