/* SPDX-License-Identifier: MIT */
/*
 * How a program hands an update over to the loader, of which there are two: hand_over_eboot.c is
 * eboot's command, hand_over_safe.c the record of the loader that survives. CMake links either.
 */
#ifndef ESPOTA_BOARD_HAND_OVER_H
#define ESPOTA_BOARD_HAND_OVER_H

#include <stdbool.h>

#include "boot/boot.h"

/* The loader's turn after a reset; false: there is nothing to start. `ops` are flash, load, log. */
bool hand_over_take(const struct espota_boot_ops *ops, uint8_t sector[ESPOTA_SECTOR_SIZE],
                    struct espota_boot_report *report);

/* The program's: where its updater leaves an image, and that it has seen that it works. */
void hand_over_configure(struct espota_updater_config *update);
void hand_over_confirm(void);

#endif
