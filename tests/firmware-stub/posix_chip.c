/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "port/posix/chip.h"

#include <stdio.h>
#include <sys/stat.h>

enum { SIZE = 16 * ESPOTA_SECTOR_SIZE };

static char folder[] = "/tmp/espota-chip-XXXXXX";
static char path[64];

static void make_folder(void)
{
    strcpy(folder + strlen(folder) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/flash", folder);
}

static void remove_folder(void)
{
    unlink(path);
    ck_assert_int_eq(rmdir(folder), 0);
}

/* Each test of the chip's manners runs on a chip in memory (0) and on one in a file (1). */
static const char *place(int which)
{
    return which == 0 ? NULL : path;
}

static void start(struct stub_chip *chip, int which)
{
    make_folder();
    ck_assert_int_eq(stub_chip_init(chip, place(which), SIZE, NULL), ESPOTA_OK);
}

static void finish(struct stub_chip *chip)
{
    stub_chip_deinit(chip);
    remove_folder();
}

static enum espota_status put(struct stub_chip *chip, uint32_t address, int value, size_t length)
{
    uint8_t bytes[2 * ESPOTA_SECTOR_SIZE];

    memset(bytes, value, sizeof(bytes));
    return chip->table.write(chip->table.context, address, bytes, length);
}

static uint8_t at(struct stub_chip *chip, uint32_t address)
{
    uint8_t byte = 0;

    ck_assert_int_eq(chip->table.read(chip->table.context, address, &byte, 1), ESPOTA_OK);
    return byte;
}

START_TEST(test_new_is_erased)
{
    struct stub_chip chip;
    uint8_t all[SIZE];

    start(&chip, _i);
    ck_assert_int_eq(chip.table.read(&chip, 0, all, SIZE), ESPOTA_OK);
    for (size_t i = 0; i < SIZE; i++)
        ck_assert_uint_eq(all[i], 0xff);
    finish(&chip);
}
END_TEST

START_TEST(test_write_and_erase)
{
    struct stub_chip chip;

    start(&chip, _i);
    ck_assert_int_eq(put(&chip, 0x1000, 0x5a, ESPOTA_SECTOR_SIZE), ESPOTA_OK);
    ck_assert_uint_eq(at(&chip, 0xfff), 0xff);
    ck_assert_uint_eq(at(&chip, 0x1000), 0x5a);
    ck_assert_uint_eq(at(&chip, 0x1fff), 0x5a);
    ck_assert_uint_eq(at(&chip, 0x2000), 0xff);
    ck_assert_int_eq(put(&chip, 0x2f00, 0x11, ESPOTA_PAGE_SIZE), ESPOTA_OK);
    ck_assert_uint_eq(at(&chip, 0x2eff), 0xff);
    ck_assert_uint_eq(at(&chip, 0x2f00), 0x11);
    ck_assert_int_eq(chip.table.erase(&chip, 0x1000), ESPOTA_OK);
    ck_assert_uint_eq(at(&chip, 0x1000), 0xff);
    ck_assert_uint_eq(at(&chip, 0x2f00), 0x11);
    ck_assert_str_eq(chip.problem, "");
    finish(&chip);
}
END_TEST

/* A read may begin and end anywhere. */
START_TEST(test_read_over_sectors)
{
    struct stub_chip chip;
    uint8_t bytes[ESPOTA_SECTOR_SIZE + 2];

    start(&chip, _i);
    ck_assert_int_eq(put(&chip, 0x1000, 0x33, ESPOTA_SECTOR_SIZE), ESPOTA_OK);
    ck_assert_int_eq(chip.table.read(&chip, 0xfff, bytes, sizeof(bytes)), ESPOTA_OK);
    ck_assert_uint_eq(bytes[0], 0xff);
    ck_assert_uint_eq(bytes[1], 0x33);
    ck_assert_uint_eq(bytes[ESPOTA_SECTOR_SIZE], 0x33);
    ck_assert_uint_eq(bytes[ESPOTA_SECTOR_SIZE + 1], 0xff);
    finish(&chip);
}
END_TEST

/* Writing clears bits and sets none, and whoever relied on more is told. */
START_TEST(test_write_without_erase)
{
    struct stub_chip chip;

    start(&chip, _i);
    ck_assert_int_eq(put(&chip, 0, 0xf0, ESPOTA_PAGE_SIZE), ESPOTA_OK);
    ck_assert_int_eq(put(&chip, 0, 0x3c, ESPOTA_PAGE_SIZE), ESPOTA_E_FAILED);
    ck_assert_uint_eq(at(&chip, 0), 0x30);
    ck_assert_ptr_nonnull(strstr(chip.problem, "not erased"));
    ck_assert_int_eq(put(&chip, 0, 0x10, ESPOTA_PAGE_SIZE), ESPOTA_OK); /* clears one bit more */
    ck_assert_uint_eq(at(&chip, 0), 0x10);
    finish(&chip);
}
END_TEST

START_TEST(test_out_of_bounds)
{
    struct stub_chip chip;
    uint8_t bytes[8];

    start(&chip, _i);
    ck_assert_int_ne(put(&chip, SIZE, 0, ESPOTA_PAGE_SIZE), ESPOTA_OK);
    ck_assert_int_ne(put(&chip, UINT32_MAX - 255, 0, ESPOTA_PAGE_SIZE), ESPOTA_OK);
    ck_assert_int_ne(put(&chip, 0x100, 0, ESPOTA_SECTOR_SIZE), ESPOTA_OK); /* two sectors */
    ck_assert_int_ne(put(&chip, 0, 0, 2 * ESPOTA_SECTOR_SIZE), ESPOTA_OK);
    ck_assert_int_ne(put(&chip, 0x10, 0, ESPOTA_PAGE_SIZE), ESPOTA_OK);
    ck_assert_int_ne(put(&chip, 0, 0, 100), ESPOTA_OK);
    ck_assert_int_ne(put(&chip, 0, 0, 0), ESPOTA_OK);
    ck_assert_int_ne(chip.table.erase(&chip, SIZE), ESPOTA_OK);
    ck_assert_int_ne(chip.table.erase(&chip, 0x800), ESPOTA_OK);
    ck_assert_int_ne(chip.table.read(&chip, SIZE - 4, bytes, 8), ESPOTA_OK);
    ck_assert_int_ne(chip.table.read(&chip, UINT32_MAX, bytes, 8), ESPOTA_OK);
    ck_assert_int_eq(chip.table.read(&chip, SIZE - 8, bytes, 8), ESPOTA_OK);
    ck_assert_int_eq(chip.table.read(&chip, SIZE, bytes, 0), ESPOTA_OK);
    for (uint32_t i = 0; i < SIZE; i += 97)
        ck_assert_uint_eq(at(&chip, i), 0xff);
    finish(&chip);
}
END_TEST

/* The file is the chip, byte for byte, and stays. */
START_TEST(test_file_keeps_its_content)
{
    struct stub_chip chip;
    struct stat file;

    start(&chip, 1);
    ck_assert_int_eq(stat(path, &file), 0);
    ck_assert_int_eq(file.st_size, SIZE);
    ck_assert_uint_eq(file.st_mode & 0777, 0600);
    ck_assert_int_eq(put(&chip, 0x3000, 0x77, ESPOTA_SECTOR_SIZE), ESPOTA_OK);
    ck_assert_int_eq(stub_chip_sync(&chip, NULL), ESPOTA_OK);
    stub_chip_deinit(&chip);
    ck_assert_int_eq(stub_chip_init(&chip, path, 0, NULL), ESPOTA_OK);
    ck_assert_uint_eq(chip.size, SIZE);
    ck_assert_uint_eq(at(&chip, 0x3fff), 0x77);
    finish(&chip);
}
END_TEST

START_TEST(test_bad_files)
{
    struct stub_chip chip;
    struct stub_chip other;
    struct espota_error error = ESPOTA_ERROR_INIT;

    start(&chip, 1);
    ck_assert_int_eq(stub_chip_init(&other, path, SIZE, &error), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(error.message, "in use by another process"));
    stub_chip_deinit(&chip);
    ck_assert_int_eq(stub_chip_init(&chip, path, 2 * SIZE, &error), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(error.message, "65536 bytes where 131072"));
    ck_assert_int_eq(truncate(path, SIZE - 1), 0);
    ck_assert_int_eq(stub_chip_init(&chip, path, 0, &error), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(error.message, "no flash chip"));
    ck_assert_int_eq(stub_chip_init(&chip, folder, 0, &error), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(error.message, folder));
    remove_folder();
}
END_TEST

/* Someone cuts the file while it is a chip: the chip fails, the process does not. */
START_TEST(test_file_shrinks)
{
    struct stub_chip chip;
    uint8_t byte;

    start(&chip, 1);
    ck_assert_int_eq(truncate(path, 0x1000), 0);
    ck_assert_int_eq(chip.table.read(&chip, 0x1000, &byte, 1), ESPOTA_E_LOCAL);
    ck_assert_int_eq(put(&chip, 0x1000, 0, ESPOTA_PAGE_SIZE), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(chip.problem, "file"));
    finish(&chip);
}
END_TEST

/* A fleet of erased chips costs nothing, and an erased sector gives its memory back. */
START_TEST(test_memory_on_demand)
{
    struct stub_chip chip;

    start(&chip, 0);
    ck_assert_ptr_null(chip.sectors);
    ck_assert_int_eq(chip.table.erase(&chip, 0), ESPOTA_OK);
    ck_assert_ptr_null(chip.sectors);
    ck_assert_int_eq(put(&chip, 0x1000, 0, ESPOTA_SECTOR_SIZE), ESPOTA_OK);
    ck_assert_ptr_nonnull(chip.sectors[1]);
    ck_assert_ptr_null(chip.sectors[0]);
    ck_assert_int_eq(chip.table.erase(&chip, 0x1000), ESPOTA_OK);
    ck_assert_ptr_null(chip.sectors[1]);
    finish(&chip);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("posix/chip");
    TCase *manners = tcase_create("memory and file");
    TCase *file = tcase_create("each alone");
    SRunner *runner = srunner_create(suite);
    int failed;

    tcase_add_loop_test(manners, test_new_is_erased, 0, 2);
    tcase_add_loop_test(manners, test_write_and_erase, 0, 2);
    tcase_add_loop_test(manners, test_read_over_sectors, 0, 2);
    tcase_add_loop_test(manners, test_write_without_erase, 0, 2);
    tcase_add_loop_test(manners, test_out_of_bounds, 0, 2);
    tcase_add_test(file, test_file_keeps_its_content);
    tcase_add_test(file, test_bad_files);
    tcase_add_test(file, test_file_shrinks);
    tcase_add_test(file, test_memory_on_demand);
    suite_add_tcase(suite, manners);
    suite_add_tcase(suite, file);
    srunner_run_all(runner, CK_ENV);
    failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
