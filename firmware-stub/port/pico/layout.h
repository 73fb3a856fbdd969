/* SPDX-License-Identifier: MIT */
/* Where things are on a Pico's flash; loader and program see the same. */
#ifndef ESPOTA_PORT_PICO_LAYOUT_H
#define ESPOTA_PORT_PICO_LAYOUT_H

#include "boot/boot.h"

enum {
    ESPOTA_PICO_RECORDS = 0xd000, /* behind the loader, three sectors */
    ESPOTA_PICO_PROGRAM = 0x10000,
};

extern const struct espota_boot_layout espota_pico_layout;

/* Whether what begins at `at` can run from the first slot; it may lie elsewhere. */
bool espota_pico_is_program(uint32_t at);
/* Address of its vectors, as the processor sees flash. */
const uint32_t *espota_pico_vectors(uint32_t at);

#endif
