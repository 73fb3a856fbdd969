/* SPDX-License-Identifier: MIT */
/*
 * A flash chip in memory that is as strict as a real one: a write only clears
 * bits, in whole pages within one sector. Any operation can be made to fail
 * once, or to be the one during which the power goes. Beside it the memory of
 * the boot record, which survives a reset but not a loss of power.
 */
#ifndef ESPOTA_TEST_CHIP_H
#define ESPOTA_TEST_CHIP_H

#include <stdbool.h>
#include <string.h>

#include "core/eboot.h"
#include "core/flash.h"
#include "core/updater.h"

enum { CHIP_SIZE = 1024 * 1024 };

struct chip {
    struct espota_flash table;
    struct espota_boot_memory boot;
    uint8_t bytes[CHIP_SIZE];
    uint8_t record[ESPOTA_EBOOT_SIZE];
    unsigned reads;
    unsigned erases;
    unsigned writes;
    unsigned changes; /* erases and writes together */
    unsigned stores;
    unsigned fail_read; /* the number of the read that fails, from 1; 0: none */
    unsigned fail_erase;
    unsigned fail_write;
    bool fail_store;
    unsigned cut_at; /* the number of the change that is half done when the power goes */
    bool dead;       /* until chip_power_up or chip_reset */
    bool abused;     /* something was asked that no real chip can do */
};

static inline enum espota_status chip_read(void *context, uint32_t address, void *data,
                                           size_t length)
{
    struct chip *chip = context;

    if (chip->dead || ++chip->reads == chip->fail_read)
        return ESPOTA_E_FAILED;
    if (address > CHIP_SIZE || length > CHIP_SIZE - address)
        return ESPOTA_E_USAGE;
    memcpy(data, chip->bytes + address, length);
    return ESPOTA_OK;
}

/* True if this change happens as a whole; otherwise only its first half, and the power is gone. */
static inline bool chip_survives(struct chip *chip)
{
    if (++chip->changes != chip->cut_at)
        return true;
    chip->dead = true;
    return false;
}

static inline enum espota_status chip_erase(void *context, uint32_t address)
{
    struct chip *chip = context;
    size_t length = ESPOTA_SECTOR_SIZE;

    if (chip->dead || ++chip->erases == chip->fail_erase)
        return ESPOTA_E_FAILED;
    if (address % ESPOTA_SECTOR_SIZE != 0 || address >= CHIP_SIZE) {
        chip->abused = true;
        return ESPOTA_E_USAGE;
    }
    if (!chip_survives(chip))
        length /= 2;
    memset(chip->bytes + address, 0xff, length);
    return chip->dead ? ESPOTA_E_FAILED : ESPOTA_OK;
}

static inline enum espota_status chip_write(void *context, uint32_t address, const void *data,
                                            size_t length)
{
    struct chip *chip = context;
    const uint8_t *bytes = data;

    if (chip->dead || ++chip->writes == chip->fail_write)
        return ESPOTA_E_FAILED;
    if (address % ESPOTA_PAGE_SIZE != 0 || length % ESPOTA_PAGE_SIZE != 0 || length == 0 ||
        address % ESPOTA_SECTOR_SIZE + length > ESPOTA_SECTOR_SIZE || address >= CHIP_SIZE) {
        chip->abused = true;
        return ESPOTA_E_USAGE;
    }
    if (!chip_survives(chip))
        length /= 2;
    for (size_t i = 0; i < length; i++) {
        chip->abused |= (chip->bytes[address + i] & bytes[i]) != bytes[i];
        chip->bytes[address + i] &= bytes[i];
    }
    return chip->dead ? ESPOTA_E_FAILED : ESPOTA_OK;
}

static inline enum espota_status chip_store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    struct chip *chip = context;

    if (chip->dead || chip->fail_store)
        return ESPOTA_E_FAILED;
    chip->stores++;
    memcpy(chip->record, record, sizeof(chip->record));
    return ESPOTA_OK;
}

static inline enum espota_status chip_load(void *context, uint8_t record[ESPOTA_EBOOT_SIZE])
{
    struct chip *chip = context;

    memcpy(record, chip->record, sizeof(chip->record));
    return chip->dead ? ESPOTA_E_FAILED : ESPOTA_OK;
}

/* Everything is there again; the counters start over. */
static inline void chip_reset(struct chip *chip)
{
    chip->dead = false;
    chip->cut_at = chip->fail_read = chip->fail_erase = chip->fail_write = 0;
    chip->reads = chip->erases = chip->writes = chip->changes = chip->stores = 0;
    chip->fail_store = false;
}

/* The power comes back: what the record's memory held is noise by now. */
static inline void chip_power_up(struct chip *chip)
{
    chip_reset(chip);
    memset(chip->record, 0xa5, sizeof(chip->record));
}

/* Erased, and just powered up. */
static inline void chip_init(struct chip *chip)
{
    memset(chip, 0, sizeof(*chip));
    memset(chip->bytes, 0xff, sizeof(chip->bytes));
    chip->table = (struct espota_flash){chip, chip_read, chip_erase, chip_write};
    chip->boot = (struct espota_boot_memory){chip, chip_store, chip_load};
    chip_power_up(chip);
}

/* Bytes that differ from each other for long enough, the same for the same seed. */
static inline void chip_pattern(uint8_t *out, size_t length, uint32_t seed)
{
    uint32_t state = seed * 2654435761u + 1;

    for (size_t i = 0; i < length; i++) {
        state = state * 1664525u + 1013904223u;
        out[i] = (uint8_t)(state >> 24);
    }
}

/* How an ESP8266 with this chip is divided. */
enum { CHIP_FS_START = 0xbb000, CHIP_FS_END = 0xfb000 };

static inline struct espota_updater_config
chip_update(struct chip *chip, const struct espota_crypto *crypto, uint32_t sketch_size)
{
    return (struct espota_updater_config){
        .flash = &chip->table,
        .crypto = crypto,
        .boot = &chip->boot,
        .sketch_size = sketch_size,
        .fs_start = CHIP_FS_START,
        .fs_end = CHIP_FS_END,
        .chip_size = CHIP_SIZE,
        .configured_size = CHIP_SIZE,
        .flash_mode = ESPOTA_FLASH_MODE_KEEP,
    };
}

#endif
