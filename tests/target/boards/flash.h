/* SPDX-License-Identifier: MIT */
/* A board's chip as the core wants it, and how it is divided. */
#ifndef ESPOTA_BOARD_FLASH_H
#define ESPOTA_BOARD_FLASH_H

#include "core/core.h"

enum {
    CHIP_SIZE = 4 << 20,
    FS_START = 2 << 20,
    FS_END = 0x3fa000,
    SETTINGS_AT = 0x3fa000,
    RECORD_AT = 0x3fb000, /* the loader's command: a loss of power leaves it alone */
};

extern const struct espota_flash board_flash;
extern const struct espota_boot_memory board_record;

/* Which of the two words of board_cut_at counts here. */
extern const unsigned flash_cut_word;
uint32_t flash_changes(void);

#endif
