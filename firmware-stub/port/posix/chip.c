/* SPDX-License-Identifier: MIT */
/*
 * Sectors of a chip in memory exist once they were written: a fleet of a thousand devices with 4
 * MiB each fits where most of it is 0xff.
 */
#include "port/posix/chip.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum espota_status fail(struct stub_chip *chip, enum espota_status status,
                               const char *format, ...) ESPOTA_PRINTF(3, 4);

static enum espota_status fail(struct stub_chip *chip, enum espota_status status,
                               const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(chip->problem, sizeof(chip->problem), format, args);
    va_end(args);
    return status;
}

static bool within(const struct stub_chip *chip, uint32_t address, size_t length)
{
    return address <= chip->size && length <= chip->size - address; /* address <= size */
}

static bool in_file(const struct stub_chip *chip)
{
    return chip->disk.fd >= 0;
}

/* Within one sector. */
static enum espota_status get(const struct stub_chip *chip, uint32_t address, uint8_t *out,
                              size_t length)
{
    const uint8_t *sector;

    if (in_file(chip))
        return espota_disk_read(&chip->disk, address, out, length);
    sector = chip->sectors != NULL ? chip->sectors[address / ESPOTA_SECTOR_SIZE] : NULL;
    if (sector == NULL)
        memset(out, 0xff, length);
    else
        memcpy(out, sector + address % ESPOTA_SECTOR_SIZE, length);
    return ESPOTA_OK;
}

static enum espota_status chip_read(void *context, uint32_t address, void *data, size_t length)
{
    struct stub_chip *chip = context;
    uint8_t *out = data;

    if (!within(chip, address, length))
        return fail(chip, ESPOTA_E_USAGE, "a read of %zu bytes at 0x%x reaches beyond its end",
                    length, (unsigned)address);
    while (length > 0) {
        size_t room = ESPOTA_SECTOR_SIZE - address % ESPOTA_SECTOR_SIZE; /* never below 1 */
        size_t piece = length < room ? length : room;

        if (get(chip, address, out, piece) != ESPOTA_OK)
            return fail(chip, ESPOTA_E_LOCAL, "its file could not be read at 0x%x",
                        (unsigned)address);
        out += piece;
        address += (uint32_t)piece;
        length -= piece; /* piece <= length */
    }
    return ESPOTA_OK;
}

static enum espota_status chip_erase(void *context, uint32_t address)
{
    struct stub_chip *chip = context;

    if (address % ESPOTA_SECTOR_SIZE != 0 || !within(chip, address, ESPOTA_SECTOR_SIZE))
        return fail(chip, ESPOTA_E_USAGE, "no sector to erase begins at 0x%x", (unsigned)address);
    if (in_file(chip)) {
        uint8_t erased[ESPOTA_SECTOR_SIZE];

        memset(erased, 0xff, sizeof(erased));
        if (espota_disk_write(&chip->disk, address, erased, sizeof(erased)) != ESPOTA_OK)
            return fail(chip, ESPOTA_E_LOCAL, "its file could not be written at 0x%x",
                        (unsigned)address);
    } else if (chip->sectors != NULL) {
        free(chip->sectors[address / ESPOTA_SECTOR_SIZE]);
        chip->sectors[address / ESPOTA_SECTOR_SIZE] = NULL;
    }
    return ESPOTA_OK;
}

/* The memory behind an address, erased if it is new; NULL without memory. */
static uint8_t *sector_for(struct stub_chip *chip, uint32_t address)
{
    uint8_t **sector;

    if (chip->sectors == NULL)
        chip->sectors = calloc(chip->size / ESPOTA_SECTOR_SIZE, sizeof(*chip->sectors));
    if (chip->sectors == NULL)
        return NULL;
    sector = &chip->sectors[address / ESPOTA_SECTOR_SIZE];
    if (*sector == NULL && (*sector = malloc(ESPOTA_SECTOR_SIZE)) != NULL)
        memset(*sector, 0xff, ESPOTA_SECTOR_SIZE);
    return *sector;
}

static enum espota_status put(struct stub_chip *chip, uint32_t address, const uint8_t *bytes,
                              size_t length)
{
    uint8_t *sector;

    if (in_file(chip))
        return espota_disk_write(&chip->disk, address, bytes, length) == ESPOTA_OK
                   ? ESPOTA_OK
                   : fail(chip, ESPOTA_E_LOCAL, "its file could not be written at 0x%x",
                          (unsigned)address);
    sector = sector_for(chip, address);
    if (sector == NULL)
        return fail(chip, ESPOTA_E_MEMORY, "there is no memory for the sector at 0x%x",
                    (unsigned)address);
    memcpy(sector + address % ESPOTA_SECTOR_SIZE, bytes, length);
    return ESPOTA_OK;
}

static enum espota_status chip_write(void *context, uint32_t address, const void *data,
                                     size_t length)
{
    struct stub_chip *chip = context;
    const uint8_t *wanted = data;
    uint8_t cells[ESPOTA_SECTOR_SIZE];
    enum espota_status status;

    if (address % ESPOTA_PAGE_SIZE != 0 || length % ESPOTA_PAGE_SIZE != 0 || length == 0 ||
        length > ESPOTA_SECTOR_SIZE - address % ESPOTA_SECTOR_SIZE ||
        !within(chip, address, length))
        return fail(chip, ESPOTA_E_USAGE, "%zu bytes at 0x%x are not pages of one sector", length,
                    (unsigned)address);
    if (get(chip, address, cells, length) != ESPOTA_OK)
        return fail(chip, ESPOTA_E_LOCAL, "its file could not be read at 0x%x", (unsigned)address);
    for (size_t i = 0; i < length; i++)
        cells[i] &= wanted[i];
    status = put(chip, address, cells, length);
    if (status != ESPOTA_OK)
        return status;
    return memcmp(cells, wanted, length) == 0
               ? ESPOTA_OK
               : fail(chip, ESPOTA_E_FAILED, "what was written at 0x%x was not erased before",
                      (unsigned)address);
}

enum espota_status stub_chip_init(struct stub_chip *chip, const char *path, uint32_t size,
                                  struct espota_error *err)
{
    enum espota_status status;

    *chip = (struct stub_chip){
        .table = {.context = chip, .read = chip_read, .erase = chip_erase, .write = chip_write},
        .size = size != 0 ? size : STUB_CHIP_USUAL,
        .disk = ESPOTA_DISK_INIT,
    };
    if (path == NULL)
        return ESPOTA_OK;
    status = espota_disk_init(&chip->disk, path, chip->size, size != 0, 0xff, err);
    if (status != ESPOTA_OK)
        return espota_error_prefix(err, "the flash chip");
    if (chip->disk.size % ESPOTA_SECTOR_SIZE != 0 || chip->disk.size > UINT32_MAX) {
        status =
            espota_error_set(err, ESPOTA_E_LOCAL,
                             "'%s' holds %llu bytes, which is no flash chip; give --flash-size "
                             "and a file that does not exist yet",
                             path, (unsigned long long)chip->disk.size);
        stub_chip_deinit(chip);
        return status;
    }
    chip->size = (uint32_t)chip->disk.size;
    return ESPOTA_OK;
}

void stub_chip_deinit(struct stub_chip *chip)
{
    for (uint32_t i = 0; chip->sectors != NULL && i < chip->size / ESPOTA_SECTOR_SIZE; i++)
        free(chip->sectors[i]);
    free(chip->sectors);
    chip->sectors = NULL;
    espota_disk_deinit(&chip->disk);
}

enum espota_status stub_chip_sync(const struct stub_chip *chip, struct espota_error *err)
{
    return in_file(chip) ? espota_disk_sync(&chip->disk, err) : ESPOTA_OK;
}

/* --- where things are on it --- */

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
                                    struct espota_updater_config *layout, struct espota_error *err)
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
    layout->chip_size = layout->configured_size = flash_size;
    layout->fs_start = fs_start;
    layout->fs_end = fs_start + (end - fs_start) / block * block;
    return ESPOTA_OK;
}
