/* SPDX-License-Identifier: MIT */
/*
 * A flash chip, as the updater and the loader use it. Addresses are offsets in
 * the chip. Each function returns ESPOTA_OK or the reason why not; one that
 * would reach beyond the chip fails. None may be NULL.
 */
#ifndef ESPOTA_STUB_CORE_FLASH_H
#define ESPOTA_STUB_CORE_FLASH_H

#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"

enum {
    ESPOTA_SECTOR_SIZE = 4096, /* what erase erases */
    ESPOTA_PAGE_SIZE = 256,    /* writes begin at a multiple of it and are multiples of it long */
};

struct espota_flash {
    void *context; /* handed to every function */

    /* Any address, any length. */
    enum espota_status (*read)(void *context, uint32_t address, void *data,
                               size_t length) ESPOTA_MUST_CHECK;
    /* Turns the sector at `address`, a multiple of ESPOTA_SECTOR_SIZE, into FF bytes. */
    enum espota_status (*erase)(void *context, uint32_t address) ESPOTA_MUST_CHECK;
    /*
     * Writes whole pages within one sector, into erased bytes only. What is
     * shorter than its last page was filled up with FF.
     */
    enum espota_status (*write)(void *context, uint32_t address, const void *data,
                                size_t length) ESPOTA_MUST_CHECK;
};

#endif
