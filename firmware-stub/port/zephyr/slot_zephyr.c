/* SPDX-License-Identifier: MIT */
/*
 * slot1_partition. MCUboot copies or swaps what lies there, once it finds its trailer at the end of
 * the slot, which boot_request_upgrade writes into flash that must be erased.
 */
#include <zephyr/dfu/mcuboot.h>
#include <zephyr/drivers/flash.h>
#include <zephyr/storage/flash_map.h>

#include "port/zephyr/slot.h"

static const struct flash_area *slot;

enum espota_status espota_slot_open(void)
{
    return flash_area_open(FIXED_PARTITION_ID(slot1_partition), &slot) == 0 ? ESPOTA_OK
                                                                            : ESPOTA_E_LOCAL;
}

static enum espota_status told(int result)
{
    return result == 0 ? ESPOTA_OK : ESPOTA_E_FAILED;
}

static enum espota_status slot_read(void *context, uint32_t address, void *data, size_t length)
{
    ARG_UNUSED(context);
    return told(flash_area_read(slot, address, data, length));
}

/* A page that is larger than a sector goes with its first one. */
static enum espota_status slot_erase(void *context, uint32_t address)
{
    off_t at = slot->fa_off + (off_t)address;
    struct flash_pages_info page;

    ARG_UNUSED(context);
    if (flash_get_page_info_by_offs(flash_area_get_device(slot), at, &page) != 0)
        return ESPOTA_E_FAILED;
    if (page.size <= ESPOTA_SECTOR_SIZE)
        return told(flash_area_erase(slot, address, ESPOTA_SECTOR_SIZE));
    return page.start_offset == at ? told(flash_area_erase(slot, address, page.size)) : ESPOTA_OK;
}

static enum espota_status slot_write(void *context, uint32_t address, const void *data,
                                     size_t length)
{
    ARG_UNUSED(context);
    return told(flash_area_write(slot, address, data, length));
}

const struct espota_flash espota_slot_flash = {
    .read = slot_read,
    .erase = slot_erase,
    .write = slot_write,
};

/* The trailer's sector is none of the image's. How much more a swap needs imgtool knows, which is
 * told the slot's size. */
static uint32_t space(void *context, uint32_t command)
{
    ARG_UNUSED(context);
    return command == ESPOTA_COMMAND_FLASH ? slot->fa_size - ESPOTA_SECTOR_SIZE : 0;
}

/* An older trailer goes first: it speaks of an image that is about to be overwritten. */
static enum espota_update_error begin(void *context, uint32_t command, uint32_t size,
                                      uint32_t *start)
{
    struct flash_pages_info page;
    off_t last = slot->fa_off + (off_t)(slot->fa_size - 1);

    if (command != ESPOTA_COMMAND_FLASH)
        return ESPOTA_UPDATE_COMMAND;
    if (size > space(context, command))
        return ESPOTA_UPDATE_SPACE;
    if (flash_get_page_info_by_offs(flash_area_get_device(slot), last, &page) != 0 ||
        flash_area_erase(slot, page.start_offset - slot->fa_off, page.size) != 0)
        return ESPOTA_UPDATE_ERASE;
    *start = 0;
    return ESPOTA_UPDATE_OK;
}

/* On trial: MCUboot goes back unless the program confirms itself. */
static enum espota_update_error install(void *context, const struct espota_staged *image)
{
    ARG_UNUSED(context);
    ARG_UNUSED(image);
    return boot_request_upgrade(BOOT_UPGRADE_TEST) == 0 ? ESPOTA_UPDATE_OK : ESPOTA_UPDATE_WRITE;
}

const struct espota_installer espota_slot_installer = {
    .looks_itself = true,
    .space = space,
    .begin = begin,
    .install = install,
};
