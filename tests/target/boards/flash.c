/* SPDX-License-Identifier: MIT */
/*
 * Counts the changes of flash, and loses power at the one that was asked for: in front of it or
 * inside, which leaves what a chip can hold that is read the same each time.
 */
#include "flash.h"

static uint32_t changes;

uint32_t flash_changes(void)
{
    return changes;
}

static uint32_t chance(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Done are a first part or a last one, and of the rest nothing or some bits. `page` NULL: FF. */
static void tear(uint32_t address, const uint8_t *page, size_t length, uint32_t seed)
{
    static uint8_t bytes[ESPOTA_SECTOR_SIZE];
    size_t done = chance(&seed) % (length + 1);
    bool backwards = (chance(&seed) & 64) != 0;
    bool bits = (chance(&seed) & 64) != 0;

    if (!chip_read(address, bytes, length))
        return;
    for (size_t i = 0; i < length; i++) {
        size_t at = backwards ? length - 1 - i : i; /* i < length */
        uint8_t moving = bytes[at] ^ (page != NULL ? bytes[at] & page[at] : 0xff);

        if (i >= done)
            moving &= bits ? (uint8_t)chance(&seed) : 0;
        bytes[at] ^= moving;
    }
    if (page == NULL)
        (void)chip_erase(address);
    for (size_t at = 0; at < length; at += ESPOTA_PAGE_SIZE)
        (void)chip_write(address + (uint32_t)at, bytes + at);
}

static void count(uint32_t address, const uint8_t *page, size_t length)
{
    uint32_t seed = board_cut(BOARD_CUT_TEAR);

    changes++;
    if (changes != board_cut(flash_cut_word))
        return;
    if (seed != 0)
        tear(address, page, length, seed);
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
    count(address, NULL, ESPOTA_SECTOR_SIZE);
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
        count(address + (uint32_t)at, from + at, ESPOTA_PAGE_SIZE);
        if (!chip_write(address + (uint32_t)at, from + at))
            return ESPOTA_E_FAILED;
    }
    return ESPOTA_OK;
}

const struct espota_flash board_flash = {
    .read = flash_read, .erase = flash_erase, .write = flash_write};
