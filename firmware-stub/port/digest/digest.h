/* SPDX-License-Identifier: MIT */
/*
 * The core's digests and key stretching without any library, for ports that have none, or another
 * one with each version of their SDK. Small rather than fast: 10,000 rounds of PBKDF2 are 20,000
 * blocks of SHA-256.
 */
#ifndef ESPOTA_PORT_DIGEST_H
#define ESPOTA_PORT_DIGEST_H

#include <stddef.h>
#include <stdint.h>

#include "wire/wire.h"

/* Fills the table; the random bytes are the port's. */
void espota_digest_table(struct espota_crypto *table,
                         enum espota_status (*random)(void *context, void *out, size_t length),
                         void *context);

/* --- md5.c --- */

/* Lies in a digest's memory. */
struct espota_md5 {
    uint32_t state[4];
    uint32_t length; /* bytes so far; images are shorter than 512 MiB */
    uint8_t block[64];
};

void espota_md5_start(struct espota_md5 *md5);
void espota_md5_add(struct espota_md5 *md5, const void *data, size_t length);
void espota_md5_finish(struct espota_md5 *md5, uint8_t out[ESPOTA_MD5_SIZE]);

#endif
