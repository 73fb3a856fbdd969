/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "boot/boot.h"

#include <stdio.h>

#include "chip.h"

static struct chip chip;
static struct espota_boot_ops ops;
static struct espota_boot_report report;
static uint8_t sector[ESPOTA_SECTOR_SIZE];
static char log_text[256];
static char loads[256];
static bool fail_load;

static void log_line(void *context, const char *line)
{
    ck_assert_ptr_eq(context, &chip);
    strcat(log_text, line);
    strcat(log_text, "|");
}

static enum espota_status load(void *context, uint32_t flash_offset, uint32_t address,
                               uint32_t size)
{
    ck_assert_ptr_eq(context, &chip);
    sprintf(loads + strlen(loads), "%x>%x+%x|", flash_offset, address, size);
    return fail_load ? ESPOTA_E_FAILED : ESPOTA_OK;
}

static void put_u32(uint32_t at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        chip.bytes[at + i] = (uint8_t)(value >> 8 * i);
}

/* A program with a segment of each kind of address. */
static void put_program(uint32_t at)
{
    static const uint32_t addresses[] = {0x40201010, 0x40100000, 0x4010c000, 0x3ffe8000};

    memcpy(chip.bytes + at, "\xe9\x04\x02\x20", 4);
    put_u32(at + 4, 0x401000ac);
    at += 8;
    for (size_t i = 0; i < 4; i++) {
        put_u32(at, addresses[i]);
        put_u32(at + 4, 0x100);
        memset(chip.bytes + at + 8, (int)i, 0x100);
        at += 0x108;
    }
}

static void setup(void)
{
    chip_init(&chip);
    put_program(0x1000);
    put_program(0x41000);
    memset(chip.bytes + 0x40000, 0x11, 4096);
    ops = (struct espota_boot_ops){.context = &chip,
                                   .flash = &chip.table,
                                   .memory = &chip.boot,
                                   .load = load,
                                   .log = log_line};
    log_text[0] = loads[0] = '\0';
    fail_load = false;
}

static void command(uint32_t action, uint32_t a, uint32_t b, uint32_t c)
{
    struct espota_eboot what = {.action = action, .argument = {a, b, c}};

    espota_eboot_write(&what, chip.record);
}

static enum espota_boot_next boot(void)
{
    memset(&report, 0x5a, sizeof(report));
    return espota_boot_run(&ops, sector, &report);
}

START_TEST(test_without_a_command)
{
    setup();
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START);
    ck_assert(!report.command);
    ck_assert_uint_eq(report.what.action, ESPOTA_EBOOT_LOAD_APP);
    ck_assert_uint_eq(report.what.argument[0], 0); /* of the noise in the record nothing is left */
    ck_assert_uint_eq(report.from, 0);
    ck_assert_uint_eq(report.magic, 0xe9);
    ck_assert_uint_eq(report.segments, 4);
    ck_assert_uint_eq(report.entry, 0x401000ac);
    ck_assert_str_eq(log_text, "~|ld|");
    ck_assert_str_eq(loads, "1118>40100000+100|1328>3ffe8000+100|");
    ck_assert_uint_eq(chip.stores, 0);
}
END_TEST

START_TEST(test_copy_then_start)
{
    setup();
    command(ESPOTA_EBOOT_COPY_RAW, 0x40000, 0, 0x1500);
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START);
    ck_assert(report.command);
    ck_assert_int_eq(report.copied, ESPOTA_EBOOT_DONE);
    ck_assert(!report.kept_first);
    ck_assert_uint_eq(report.what.argument[0], 0x40000);
    ck_assert_str_eq(log_text, "@|cp:0|ld|");
    ck_assert_mem_eq(chip.bytes, chip.bytes + 0x40000, 0x2000);
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START); /* the command is gone */
    ck_assert(!report.command);
}
END_TEST

START_TEST(test_start_elsewhere)
{
    setup();
    command(ESPOTA_EBOOT_LOAD_APP, 0x40000, 0, 0);
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START);
    ck_assert_uint_eq(report.from, 0x40000);
    ck_assert_str_eq(loads, "41118>40100000+100|41328>3ffe8000+100|");
    setup();
    command(ESPOTA_EBOOT_COPY_RAW, 0x40000, 0x20000, 0x2000);
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START);
    ck_assert_uint_eq(report.from, 0x20000);
    ck_assert_str_eq(loads, "21118>40100000+100|21328>3ffe8000+100|");
}
END_TEST

/* A copy that failed: the command is cleared, and the next run starts what is at 0. */
START_TEST(test_copy_fails)
{
    setup();
    command(ESPOTA_EBOOT_COPY_RAW, 0x40000, 1, 0x2000);
    ck_assert_int_eq(boot(), ESPOTA_BOOT_RESET);
    ck_assert_int_eq(report.copied, ESPOTA_EBOOT_UNALIGNED);
    ck_assert_str_eq(log_text, "@|cp:1|");
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START);
    ck_assert_str_eq(log_text, "@|cp:1|~|ld|");
    setup();
    command(7, 0, 0, 0); /* an action that nobody knows */
    ck_assert_int_eq(boot(), ESPOTA_BOOT_RESET);
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START);
}
END_TEST

START_TEST(test_programs_that_cannot_be_loaded)
{
    setup();
    command(ESPOTA_EBOOT_LOAD_APP, CHIP_SIZE, 0, 0);
    ck_assert_int_eq(boot(), ESPOTA_BOOT_RESET);
    ck_assert_int_eq(report.loaded, 1);
    ck_assert_str_eq(log_text, "@|ld|e:1|");
    setup();
    put_u32(0x100c, 0x10000000); /* the second segment would begin beyond the chip */
    ck_assert_int_eq(boot(), ESPOTA_BOOT_RESET);
    ck_assert_int_eq(report.loaded, 2);
    setup();
    fail_load = true;
    ck_assert_int_eq(boot(), ESPOTA_BOOT_RESET);
    ck_assert_int_eq(report.loaded, 3);
    setup();
    ops.load = NULL;
    put_u32(0x1114, 0x10000000); /* a segment that goes to memory, longer than the chip */
    ck_assert_int_eq(boot(), ESPOTA_BOOT_RESET);
    ck_assert_int_eq(report.loaded, 3);
    setup(); /* an erased chip: 255 segments of 4 GiB, to an address that is loaded */
    memset(chip.bytes, 0xff, sizeof(chip.bytes));
    ops.load = NULL;
    ops.log = NULL;
    ck_assert_int_eq(boot(), ESPOTA_BOOT_RESET);
    ck_assert_uint_eq(report.magic, 0xff);
    ck_assert_int_eq(report.loaded, 3);
}
END_TEST

START_TEST(test_read_through_without_load)
{
    setup();
    ops.load = NULL;
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START);
    ck_assert_str_eq(loads, "");
    ck_assert_uint_eq(chip.reads, 1 + 4 + 2);
}
END_TEST

START_TEST(test_a_command_that_cannot_be_cleared_is_said)
{
    setup();
    command(ESPOTA_EBOOT_COPY_RAW, 0x40000, 0, 0x2000);
    chip.fail_store = true;
    ck_assert_int_eq(boot(), ESPOTA_BOOT_START);
    ck_assert_str_eq(log_text, "@|cp:0|the command could not be cleared|ld|");
}
END_TEST

UNIT_MAIN("firmware-stub/boot", test_without_a_command, test_copy_then_start, test_start_elsewhere,
          test_copy_fails, test_programs_that_cannot_be_loaded, test_read_through_without_load,
          test_a_command_that_cannot_be_cleared_is_said)
