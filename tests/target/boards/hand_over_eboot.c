/* SPDX-License-Identifier: MIT */
/* eboot's: a command, in a sector that a loss of power leaves alone; and as eboot it unpacks gzip.
 */
#include <string.h>

#include "flash.h"
#include "hand_over.h"
#include "port/zlib/zlib.h"

static enum espota_status store(void *context, const uint8_t record[ESPOTA_EBOOT_SIZE])
{
    uint8_t page[ESPOTA_PAGE_SIZE];

    memset(page, 0xff, sizeof(page));
    memcpy(page, record, ESPOTA_EBOOT_SIZE);
    if (board_flash.erase(context, RECORD_AT) != ESPOTA_OK)
        return ESPOTA_E_FAILED;
    return board_flash.write(context, RECORD_AT, page, sizeof(page));
}

static enum espota_status load(void *context, uint8_t record[ESPOTA_EBOOT_SIZE])
{
    return board_flash.read(context, RECORD_AT, record, ESPOTA_EBOOT_SIZE);
}

static const struct espota_boot_memory memory = {.store = store, .load = load};

bool hand_over_take(const struct espota_boot_ops *ops, uint8_t sector[ESPOTA_SECTOR_SIZE],
                    struct espota_boot_report *report)
{
    static struct espota_gunzip_zlib gunzip;
    struct espota_boot_ops all = *ops;

    espota_gunzip_zlib_init(&gunzip);
    all.memory = &memory;
    all.gunzip = &gunzip.table;
    return espota_boot_run(&all, sector, report) == ESPOTA_BOOT_START;
}

void hand_over_configure(struct espota_updater_config *update)
{
    update->boot = &memory;
}

void hand_over_confirm(void)
{
}
