/* SPDX-License-Identifier: MIT */
/* Counts the changes of flash, and loses power before the one that was asked for is finished. */
#include "flash.h"

#include <string.h>

#include "board.h"

static uint32_t changes;

uint32_t flash_changes(void)
{
    return changes;
}

static void count(void)
{
    changes++;
    if (changes == board_cut_at(flash_cut_word))
        board_off();
}

static enum espota_status status_of(bool well)
{
    return well ? ESPOTA_OK : ESPOTA_E_FAILED;
}

static bool within(uint32_t address, size_t length)
{
    return address <= CHIP_SIZE && length <= CHIP_SIZE - address; /* address <= CHIP_SIZE */
}

static enum espota_status flash_read(void *context, uint32_t address, void *data, size_t length)
{
    (void)context;
    return status_of(within(address, length) && chip_read(address, data, length));
}

static enum espota_status flash_erase(void *context, uint32_t address)
{
    (void)context;
    if (address % ESPOTA_SECTOR_SIZE != 0 || !within(address, ESPOTA_SECTOR_SIZE))
        return ESPOTA_E_FAILED;
    count();
    return status_of(chip_erase(address));
}

static enum espota_status flash_write(void *context, uint32_t address, const void *data,
                                      size_t length)
{
    const uint8_t *from = data;

    (void)context;
    if (address % ESPOTA_PAGE_SIZE != 0 || length % ESPOTA_PAGE_SIZE != 0 ||
        !within(address, length))
        return ESPOTA_E_FAILED;
    for (size_t at = 0; at < length; at += ESPOTA_PAGE_SIZE) {
        count();
        if (!chip_write(address + (uint32_t)at, from + at))
            return ESPOTA_E_FAILED;
    }
    return ESPOTA_OK;
}

const struct espota_flash board_flash = {
    .read = flash_read, .erase = flash_erase, .write = flash_write};

static enum espota_status store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    uint8_t page[ESPOTA_PAGE_SIZE];

    memset(page, 0xff, sizeof(page));
    memcpy(page, record, ESPOTA_EBOOT_SIZE);
    if (flash_erase(context, RECORD_AT) != ESPOTA_OK)
        return ESPOTA_E_FAILED;
    return flash_write(context, RECORD_AT, page, sizeof(page));
}

static enum espota_status load(void *context, uint8_t record[ESPOTA_EBOOT_SIZE])
{
    return flash_read(context, RECORD_AT, record, ESPOTA_EBOOT_SIZE);
}

const struct espota_boot_memory board_record = {.store = store, .load = load};
