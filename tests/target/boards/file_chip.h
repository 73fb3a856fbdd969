/* SPDX-License-Identifier: MIT */
/* A chip that is a file outside: it becomes one that forgets only by sectors. */
#ifndef ESPOTA_BOARD_FILE_CHIP_H
#define ESPOTA_BOARD_FILE_CHIP_H

#include "board.h"

/* The board's: any address, any length. */
bool file_read(uint32_t address, void *data, size_t length);
bool file_write(uint32_t address, const void *data, size_t length);

#endif
