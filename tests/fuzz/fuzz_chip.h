/* SPDX-License-Identifier: MIT */
/*
 * A small flash chip and digests of zeros for targets that drive an updater, and a check of every
 * call on them.
 */
#ifndef ESPOTA_FUZZ_CHIP_H
#define ESPOTA_FUZZ_CHIP_H

#include <string.h>

#include "core/updater.h"
#include "fuzz.h"

enum {
    CHIP = 32 * ESPOTA_SECTOR_SIZE,
    SKETCH = 4 * ESPOTA_SECTOR_SIZE,
    FS_START = 20 * ESPOTA_SECTOR_SIZE,
    FS_END = 28 * ESPOTA_SECTOR_SIZE,
};

static uint8_t chip[CHIP];
static unsigned open_digests;
static unsigned stores;

static enum espota_status chip_read(void *context, uint32_t address, void *data, size_t length)
{
    (void)context;
    FUZZ_CHECK(address <= CHIP && length <= CHIP - address);
    memcpy(data, chip + address, length);
    return ESPOTA_OK;
}

static enum espota_status chip_erase(void *context, uint32_t address)
{
    (void)context;
    FUZZ_CHECK(address % ESPOTA_SECTOR_SIZE == 0 && address >= SKETCH && address < FS_END);
    memset(chip + address, 0xff, ESPOTA_SECTOR_SIZE);
    return ESPOTA_OK;
}

static enum espota_status chip_write(void *context, uint32_t address, const void *data,
                                     size_t length)
{
    (void)context;
    FUZZ_CHECK(address % ESPOTA_PAGE_SIZE == 0 && length % ESPOTA_PAGE_SIZE == 0 && length > 0);
    FUZZ_CHECK(address % ESPOTA_SECTOR_SIZE + length <= ESPOTA_SECTOR_SIZE && address < FS_END);
    for (size_t i = 0; i < length; i++)
        FUZZ_CHECK(chip[address + i] == 0xff);
    memcpy(chip + address, data, length);
    return ESPOTA_OK;
}

static enum espota_status chip_store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    struct espota_eboot command;

    (void)context;
    FUZZ_CHECK(espota_eboot_parse(record, &command) == ESPOTA_OK);
    stores++;
    return ESPOTA_OK;
}

static enum espota_status digest_start(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest)
{
    (void)context;
    open_digests++;
    digest->kind = kind;
    return ESPOTA_OK;
}

static void digest_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    (void)context;
    (void)digest;
    (void)data;
    (void)length;
    FUZZ_CHECK(open_digests > 0);
}

static void digest_drop(void *context, struct espota_digest *digest)
{
    (void)context;
    (void)digest;
    FUZZ_CHECK(open_digests > 0);
    open_digests--;
}

static enum espota_status digest_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    memset(out, 0, digest->kind == ESPOTA_DIGEST_MD5 ? ESPOTA_MD5_SIZE : ESPOTA_SHA256_SIZE);
    digest_drop(context, digest);
    return ESPOTA_OK;
}

static const struct espota_flash chip_table = {NULL, chip_read, chip_erase, chip_write};
static const struct espota_boot_memory chip_boot = {NULL, chip_store, NULL};
static const struct espota_crypto chip_crypto = {
    .digest_start = digest_start,
    .digest_add = digest_add,
    .digest_finish = digest_finish,
    .digest_drop = digest_drop,
};
static const struct espota_updater_config chip_update = {
    .flash = &chip_table,
    .crypto = &chip_crypto,
    .boot = &chip_boot,
    .sketch_size = SKETCH,
    .fs_start = FS_START,
    .fs_end = FS_END,
    .chip_size = CHIP,
    .configured_size = CHIP,
    .flash_mode = ESPOTA_FLASH_MODE_KEEP,
};

#endif
