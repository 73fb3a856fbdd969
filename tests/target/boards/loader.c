/* SPDX-License-Identifier: MIT */
/* Runs after each reset, from what is the chip's ROM. */
#include "boot/boot.h"

#include "board.h"
#include "flash.h"

const unsigned flash_cut_word = 1;

static enum espota_status load(void *context, uint32_t at, uint32_t address, uint32_t size)
{
    (void)context;
    return board_flash.read(NULL, at, (void *)(uintptr_t)address, size);
}

static void say(void *context, const char *line)
{
    (void)context;
    board_print("loader: ");
    board_print(line);
    board_print("\n");
}

void board_main(void)
{
    static const struct espota_boot_ops ops = {
        .flash = &board_flash, .memory = &board_record, .load = load, .log = say};
    static uint8_t sector[ESPOTA_SECTOR_SIZE];
    struct espota_boot_report report;

    if (espota_boot_run(&ops, sector, &report) == ESPOTA_BOOT_START && report.magic == 0xe9)
        board_jump(report.entry);
    board_die("nothing to start");
}
