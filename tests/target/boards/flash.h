/* SPDX-License-Identifier: MIT */
/* A board's chip as the core wants it, and how it is divided. */
#ifndef ESPOTA_BOARD_FLASH_H
#define ESPOTA_BOARD_FLASH_H

#include "board.h"
#include "core/core.h"

enum {
    CHIP_SIZE = 4 << 20,
    PROGRAM_MAX = 512 << 10,
    FS_START = 2 << 20,
    FS_END = 0x3fa000,
    SETTINGS_AT = 0x3fa000,
    RECORD_AT = 0x3fb000, /* the loader's command or records, up to the end */
};

extern const struct espota_flash board_flash;

/* Whose changes these are. */
extern const enum board_cut flash_cut_word;
uint32_t flash_changes(void);

#endif
