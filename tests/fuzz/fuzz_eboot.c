/* SPDX-License-Identifier: MIT */
/* Any bytes as the loader's command, and any command to the loader's copy, on a small chip. */
#include "fuzz.h"

#include <stdbool.h>
#include <string.h>

#include "core/eboot.h"

enum { CHIP = 16 * ESPOTA_SECTOR_SIZE };

static uint8_t chip[CHIP];
static unsigned unpacked;

static enum espota_status chip_read(void *context, uint32_t address, void *data, size_t length)
{
    (void)context;
    FUZZ_CHECK(length > 0 && length <= ESPOTA_SECTOR_SIZE);
    if (address > CHIP || length > CHIP - address)
        return ESPOTA_E_FAILED;
    memcpy(data, chip + address, length);
    return ESPOTA_OK;
}

static enum espota_status chip_erase(void *context, uint32_t address)
{
    (void)context;
    FUZZ_CHECK(address % ESPOTA_SECTOR_SIZE == 0);
    if (address >= CHIP)
        return ESPOTA_E_FAILED;
    memset(chip + address, 0xff, ESPOTA_SECTOR_SIZE);
    return ESPOTA_OK;
}

static enum espota_status chip_write(void *context, uint32_t address, const void *data,
                                     size_t length)
{
    (void)context;
    FUZZ_CHECK(address % ESPOTA_SECTOR_SIZE == 0 && length == ESPOTA_SECTOR_SIZE);
    FUZZ_CHECK(address < CHIP); /* it was erased before */
    memcpy(chip + address, data, length);
    return ESPOTA_OK;
}

static enum espota_status unpack_start(void *context, const struct espota_flash *flash,
                                       uint32_t source)
{
    (void)context;
    (void)flash;
    return source / ESPOTA_SECTOR_SIZE % 4 == 3 ? ESPOTA_BAD : ESPOTA_OK;
}

static enum espota_status unpack_next(void *context, uint8_t *out, size_t room, size_t *length)
{
    (void)context;
    FUZZ_CHECK(room > 0 && room <= ESPOTA_SECTOR_SIZE);
    *length = ++unpacked > 3 ? room / 2 : room;
    memset(out, (int)unpacked, *length);
    return unpacked > 9 ? ESPOTA_BAD : ESPOTA_OK;
}

static void check_record(const uint8_t *record, const struct espota_eboot *command)
{
    uint8_t again[ESPOTA_EBOOT_SIZE];
    struct espota_eboot back;

    espota_eboot_write(command, again);
    FUZZ_CHECK(espota_eboot_parse(again, &back) == ESPOTA_OK);
    FUZZ_CHECK(memcmp(&back, command, sizeof(back)) == 0);
    FUZZ_CHECK(memcmp(again + 4, record + 4, 120) == 0);
    espota_eboot_clear(again);
    FUZZ_CHECK(espota_eboot_parse(again, &back) == ESPOTA_BAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct espota_flash flash = {NULL, chip_read, chip_erase, chip_write};
    static const struct espota_gunzip gunzip = {NULL, unpack_start, unpack_next};
    uint8_t record[ESPOTA_EBOOT_SIZE] = {0};
    static uint8_t sector[ESPOTA_SECTOR_SIZE];
    struct espota_eboot command;
    bool kept;

    memcpy(record, data, size < sizeof(record) ? size : sizeof(record));
    if (espota_eboot_parse(record, &command) == ESPOTA_OK)
        check_record(record, &command);
    memset(chip, 0xff, sizeof(chip));
    for (size_t at = 0; at < CHIP && size > 0; at += size)
        memcpy(chip + at, data, size < CHIP - at ? size : CHIP - at);
    unpacked = 0;
    /* the arguments as they stand in the record, whether it is one or not */
    if (espota_eboot_copy(&flash, size % 2 == 0 ? &gunzip : NULL, command.argument[0],
                          command.argument[1], command.argument[2], sector,
                          &kept) == ESPOTA_EBOOT_DONE)
        FUZZ_CHECK(command.argument[0] % ESPOTA_SECTOR_SIZE == 0);
    return 0;
}
