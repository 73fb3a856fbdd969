/* SPDX-License-Identifier: MIT */
/*
 * A device's unpackers from zlib, for any port; of zlib it wants inflate.c, inffast.c, inftrees.c,
 * adler32.c, crc32.c and zutil.c (Z_SOLO will do). Like the original's it looks neither at the CRC
 * nor at what follows; whether an image may be unpacked at all must be asked beforehand.
 */
#ifndef ESPOTA_PORT_ZLIB_H
#define ESPOTA_PORT_ZLIB_H

#include <stdbool.h>
#include <stdint.h>

#include "core/core.h"

/* A window of 32 KiB, or of 4, and what zlib keeps beside it. */
enum { ESPOTA_GUNZIP_MEMORY = 40 * 1024, ESPOTA_INFLATE_MEMORY = 16 * 1024 };

/* What zlib is given of it stays taken until the next image begins. */
struct espota_zlib_room {
    uint8_t *memory;
    uint32_t size, used;
};

/* The caller's memory; its content is this module's. There is nothing to undo. */
struct espota_gunzip_zlib {
    struct espota_gunzip table; /* hand out &gunzip.table; not to be copied */
    const struct espota_flash *flash;
    uint32_t at; /* the next sector to read */
    struct espota_zlib_room room;
    bool finished;     /* the packed data ended */
    uint32_t unpacked; /* bytes that came out */
    uint8_t sector[ESPOTA_SECTOR_SIZE];
    _Alignas(8) uint8_t memory[ESPOTA_GUNZIP_MEMORY];
};

void espota_gunzip_zlib_init(struct espota_gunzip_zlib *gunzip);

/* The same of an image that is unpacked as it comes, for core/esphome_updater.h. */
struct espota_inflate_zlib {
    struct espota_inflate table; /* hand out &inflate.table; not to be copied */
    struct espota_zlib_room room;
    _Alignas(8) uint8_t memory[ESPOTA_INFLATE_MEMORY];
};

void espota_inflate_zlib_init(struct espota_inflate_zlib *inflate);

#endif
