/* SPDX-License-Identifier: MIT */
/* What checks signatures with the key of a file. */
#ifndef ESPOTA_POSIX_VERIFIER_H
#define ESPOTA_POSIX_VERIFIER_H

#include "espota/error.h"
#include "port/bearssl/bearssl.h"

/* From a public key file. E_LOCAL for one that no device can verify with. */
enum espota_status stub_verifier_init(struct espota_verifier_bearssl *verifier,
                                      const char *publickey,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
