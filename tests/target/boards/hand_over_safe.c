/* SPDX-License-Identifier: MIT */
/* The loader that survives: the chip's first megabyte are its slots, its records are at the end. */
#include "board.h"
#include "flash.h"
#include "hand_over.h"

enum { STARTS = 3 };

static struct espota_boot_layout layout = {
    .kind = ESPOTA_BOOT_ONE_PLACE,
    .flash = &board_flash,
    .block = ESPOTA_SECTOR_SIZE,
    .slot = {0, PROGRAM_MAX},
    .slot_size = PROGRAM_MAX,
    .files = FS_START,
    .files_size = PROGRAM_MAX,
    .record = {&board_flash,
               {RECORD_AT, RECORD_AT + ESPOTA_SECTOR_SIZE, RECORD_AT + 2 * ESPOTA_SECTOR_SIZE},
               ESPOTA_SECTOR_SIZE},
    .starts = STARTS,
};

static struct espota_boot_installer installer;

static void say(const struct espota_boot_ops *ops, const struct espota_boot_outcome *outcome)
{
    static const char *const events[] = {[ESPOTA_BOOT_INSTALLED] = "installed",
                                         [ESPOTA_BOOT_REFUSED] = "refused",
                                         [ESPOTA_BOOT_WENT_BACK] = "went back"};

    if (outcome->event == ESPOTA_BOOT_NOTHING)
        return;
    ops->log(ops->context, events[outcome->event]);
    board_print_number("loader: changes ", flash_changes());
    board_print("\n");
}

bool hand_over_take(const struct espota_boot_ops *ops, uint8_t sector[ESPOTA_SECTOR_SIZE],
                    struct espota_boot_report *report)
{
    struct espota_boot_outcome outcome;
    enum espota_boot_verdict verdict;

    layout.crypto = &espota_boot_crypto;
    verdict = espota_boot_safe(&layout, sector, &outcome);
    if (verdict == ESPOTA_BOOT_AGAIN)
        board_reset();
    say(ops, &outcome);
    return verdict == ESPOTA_BOOT_READY && espota_boot_load(ops, outcome.start, sector, report);
}

void hand_over_configure(struct espota_updater_config *update)
{
    espota_boot_installer_init(&installer, &layout);
    update->installer = &installer.table;
}

void hand_over_confirm(void)
{
    if (espota_boot_confirm(&layout, installer.page) != ESPOTA_OK)
        board_die("the confirmation cannot be written");
}
