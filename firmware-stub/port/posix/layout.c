/* SPDX-License-Identifier: MIT */
#include "port/posix/layout.h"

#include "core/core.h"

enum {
    KIB = 1024,
    BEHIND_FS = 20 * KIB, /* settings of the program and of the radio, at the end of the chip */
    LARGE_FS = 512 * KIB, /* from here on a file system has blocks of 8 KiB */
    USUAL_SMALL_FS = 64 * KIB,
};

static uint32_t usual_start(uint32_t size)
{
    if (size >= 4096 * KIB)
        return 2048 * KIB;
    if (size >= 2048 * KIB)
        return 1024 * KIB;
    /* Up to 1 MiB a file system's size is counted without what lies behind it. */
    return size > 1024 * KIB ? size - USUAL_SMALL_FS : size - BEHIND_FS - USUAL_SMALL_FS;
}

enum espota_status stub_layout_find(uint32_t flash_size, uint32_t fs_start,
                                    struct stub_layout *layout, struct espota_error *err)
{
    uint32_t end;
    uint32_t fs_size;
    uint32_t block;

    if (flash_size < STUB_FLASH_MIN || flash_size > STUB_FLASH_MAX ||
        flash_size % ESPOTA_SECTOR_SIZE != 0)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "%lu bytes are no flash chip: it has from 128k to 16M, in sectors "
                                "of 4096 bytes",
                                (unsigned long)flash_size);
    end = flash_size - BEHIND_FS; /* flash_size >= STUB_FLASH_MIN */
    if (fs_start == 0)
        fs_start = usual_start(flash_size);
    if (fs_start % ESPOTA_SECTOR_SIZE != 0 || fs_start > end)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "a file system cannot start at 0x%lx: it must be a multiple of "
                                "4096 and at most 0x%lx",
                                (unsigned long)fs_start, (unsigned long)end);
    fs_size = (flash_size > 1024 * KIB ? flash_size : end) - fs_start; /* fs_start <= end */
    block = fs_size < LARGE_FS ? ESPOTA_SECTOR_SIZE : 2 * ESPOTA_SECTOR_SIZE;
    layout->fs_start = fs_start;
    layout->fs_end = fs_start + (end - fs_start) / block * block;
    return ESPOTA_OK;
}
