/* SPDX-License-Identifier: MIT */
/* Where the parts of an ESP8266's flash lie, as the Arduino core lays them out (PROTOCOL 5.9). */
#ifndef ESPOTA_POSIX_LAYOUT_H
#define ESPOTA_POSIX_LAYOUT_H

#include <stdint.h>

#include "espota/error.h"

enum { STUB_FLASH_MIN = 128 * 1024, STUB_FLASH_MAX = 16 * 1024 * 1024 };

struct stub_layout {
    uint32_t fs_start; /* also where programs must end */
    uint32_t fs_end;
};

/* `fs_start` 0: the core's usual place for that size of chip. */
enum espota_status stub_layout_find(uint32_t flash_size, uint32_t fs_start,
                                    struct stub_layout *layout,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
