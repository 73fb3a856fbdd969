/* SPDX-License-Identifier: MIT */
/* The chip, by the SDK's functions, and its layout: CMakeLists.txt tells the linker the same. */
#include <hardware/flash.h>
#include <hardware/regs/addressmap.h>
#include <pico.h>
#include <pico/flash.h>
#include <string.h>

#include "port/pico/layout.h"

enum {
    WAIT_MS = 1000, /* for the other core, if it runs */
    SECTOR = FLASH_SECTOR_SIZE,
    SLOT = (PICO_FLASH_SIZE_BYTES - ESPOTA_PICO_RESERVED - ESPOTA_PICO_PROGRAM - SECTOR) / 2 /
           SECTOR * SECTOR,
    STARTS = 3,
#if PICO_RP2040
    VECTORS = 0x100, /* behind the second stage */
#else
    VECTORS = 0,
#endif
};

_Static_assert((int)SECTOR == (int)ESPOTA_SECTOR_SIZE, "the chip's sectors are the core's");

struct change {
    uint32_t address;
    const void *data; /* NULL: erase */
    size_t length;
};

/* Runs while nothing is executed from flash. */
static void do_change(void *param)
{
    const struct change *change = param;

    if (change->data == NULL)
        flash_range_erase(change->address, change->length);
    else
        flash_range_program(change->address, change->data, change->length);
}

static bool fits(uint32_t address, size_t length)
{
    return length <= PICO_FLASH_SIZE_BYTES && address <= PICO_FLASH_SIZE_BYTES - length;
}

static enum espota_status make(struct change change)
{
    if (!fits(change.address, change.length))
        return ESPOTA_E_FAILED;
    return flash_safe_execute(do_change, &change, WAIT_MS) == PICO_OK ? ESPOTA_OK : ESPOTA_E_FAILED;
}

static const void *seen(uint32_t address)
{
    return (const void *)(uintptr_t)(XIP_BASE + address);
}

static enum espota_status chip_read(void *context, uint32_t address, void *data, size_t length)
{
    (void)context;
    if (!fits(address, length))
        return ESPOTA_E_FAILED;
    memcpy(data, seen(address), length);
    return ESPOTA_OK;
}

static enum espota_status chip_erase(void *context, uint32_t address)
{
    (void)context;
    return make((struct change){address, NULL, SECTOR});
}

/* What is written must not lie in flash itself. */
static enum espota_status chip_write(void *context, uint32_t address, const void *data,
                                     size_t length)
{
    (void)context;
    return make((struct change){address, data, length});
}

static const struct espota_flash chip = {
    .read = chip_read,
    .erase = chip_erase,
    .write = chip_write,
};

const struct espota_boot_layout espota_pico_layout = {
    .kind = ESPOTA_BOOT_ONE_PLACE,
    .flash = &chip,
    .block = SECTOR,
    .slot = {ESPOTA_PICO_PROGRAM, ESPOTA_PICO_PROGRAM + SLOT},
    .slot_size = SLOT,
    .record = {&chip,
               {ESPOTA_PICO_RECORDS, ESPOTA_PICO_RECORDS + SECTOR,
                ESPOTA_PICO_RECORDS + 2 * SECTOR},
               SECTOR},
    .crypto = &espota_boot_crypto,
    .starts = STARTS,
};

const uint32_t *espota_pico_vectors(uint32_t at)
{
    return seen(at + VECTORS);
}

bool espota_pico_is_program(uint32_t at)
{
    const uint32_t *vectors = espota_pico_vectors(at);
    uint32_t first = XIP_BASE + ESPOTA_PICO_PROGRAM;

    return vectors[0] > SRAM_BASE && vectors[0] <= SRAM_END && (vectors[1] & 1) != 0 &&
           vectors[1] > first && vectors[1] - first < SLOT;
}
