/* SPDX-License-Identifier: MIT */
/*
 * The loader's unpacker, from zlib. Like the original's it looks neither at the CRC nor at what
 * follows; whether an image may be unpacked at all is asked beforehand.
 */
#ifndef ESPOTA_POSIX_GUNZIP_ZLIB_H
#define ESPOTA_POSIX_GUNZIP_ZLIB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"

/* The caller's memory; its content is this module's. */
struct stub_gunzip {
    struct espota_gunzip table; /* hand out &gunzip.table; valid until deinit, not to be copied */
    bool refuse;                /* start fails, whatever the flash holds */
    const struct espota_flash *flash;
    uint32_t at;       /* the next sector to read */
    void *stream;      /* zlib's */
    bool finished;     /* the packed data ended */
    uint32_t unpacked; /* bytes that came out */
    uint8_t sector[ESPOTA_SECTOR_SIZE];
};

void stub_gunzip_init(struct stub_gunzip *gunzip);
void stub_gunzip_deinit(struct stub_gunzip *gunzip);

/*
 * Whether a loader that looked would unpack the `size` bytes at `source` to address 0: one whole
 * gzip member and nothing behind it, the length in its last four bytes true, the CRC good, and no
 * sector overwritten before it was read. What is no gzip is fine as well.
 */
bool stub_gunzip_is_safe(const struct espota_flash *flash, uint32_t source, uint32_t size);

#endif
