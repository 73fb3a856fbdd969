/* SPDX-License-Identifier: MIT */
/* Runs after each reset, from what is the chip's ROM. */
#include "board.h"
#include "flash.h"
#include "hand_over.h"

const enum board_cut flash_cut_word = BOARD_CUT_LOADER;

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
    static const struct espota_boot_ops ops = {.flash = &board_flash, .load = load, .log = say};
    static uint8_t sector[ESPOTA_SECTOR_SIZE];
    struct espota_boot_report report;

    if (hand_over_take(&ops, sector, &report) && report.magic == 0xe9)
        board_jump(report.entry);
    board_die("nothing to start");
}
