/* SPDX-License-Identifier: MIT */
/*
 * A NOR flash chip: in a file, whose bytes are the chip's, or in memory, where a sector takes
 * room once it is written. Writing clears bits and sets none; what a real chip would silently
 * spoil (bits that were not erased, an address beyond the end) fails here and is explained. And
 * where the parts of an ESP8266's flash lie on it, as the Arduino core lays them out
 * (PROTOCOL 5.9).
 */
#ifndef ESPOTA_POSIX_CHIP_H
#define ESPOTA_POSIX_CHIP_H

#include <stdint.h>

#include "core/core.h"
#include "espota/error.h"
#include "sys/sys.h"

enum {
    STUB_FLASH_MIN = 128 * 1024,
    STUB_FLASH_MAX = 16 * 1024 * 1024,
    STUB_CHIP_USUAL = 4 * 1024 * 1024,
};

/* The caller's memory; its content is this module's. */
struct stub_chip {
    struct espota_flash table; /* hand out &chip.table; valid until deinit, and not to be copied */
    uint32_t size;
    struct espota_disk disk; /* of the chip in a file */
    uint8_t **sectors;       /* of the chip in memory; NULL: none was ever written */
    char problem[96];        /* what was wrong with the last call that failed; "" if none did */
};

/*
 * `path` NULL: in memory, all erased. `size` is a multiple of ESPOTA_SECTOR_SIZE; 0: what the
 * file holds, and STUB_CHIP_USUAL where there is none.
 */
enum espota_status stub_chip_init(struct stub_chip *chip, const char *path, uint32_t size,
                                  struct espota_error *err) ESPOTA_MUST_CHECK;
void stub_chip_deinit(struct stub_chip *chip);

enum espota_status stub_chip_sync(const struct stub_chip *chip,
                                  struct espota_error *err) ESPOTA_MUST_CHECK;

/* Fills in chip sizes and file system. `fs_start` 0: the core's usual place for a chip of that
 * size. */
enum espota_status stub_layout_find(uint32_t flash_size, uint32_t fs_start,
                                    struct espota_updater_config *layout,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
