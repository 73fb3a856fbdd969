/* SPDX-License-Identifier: MIT */
/*
 * SHA-256 for a loader that must fit 4 KiB: a third of the code of the libraries that programs use,
 * and slower. A port whose chip or ROM has one takes that.
 */
#ifndef ESPOTA_BOOT_SHA256_H
#define ESPOTA_BOOT_SHA256_H

#include "wire/wire.h"

/* digest_start, digest_add, digest_finish and digest_drop for ESPOTA_DIGEST_SHA256, no more. */
extern const struct espota_crypto espota_boot_crypto;

#endif
