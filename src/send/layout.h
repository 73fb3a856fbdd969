/* SPDX-License-Identifier: MIT */
/* Where the file system of an ESP8266 begins, by the layouts that the core offers (PROTOCOL 5.9).
 */
#ifndef ESPOTA_SEND_LAYOUT_H
#define ESPOTA_SEND_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/*
 * The lowest start of a file system among the layouts for a flash of `flash_kib` (0: any) that
 * leave room for a sketch of this size. False: none does.
 */
bool espota_layout_least(uint32_t flash_kib, uint32_t sketch, uint32_t *fs_start);

#endif
