/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "port/posix/chip.h"

enum { KIB = 1024 };

/* The table of PROTOCOL 5.9: what the Arduino core's linker scripts say. */
START_TEST(test_table)
{
    static const struct {
        uint32_t flash, start, end;
    } cases[] = {
        {512 * KIB, 0x7B000, 0x7B000},    {512 * KIB, 0x73000, 0x7B000},
        {512 * KIB, 0x5B000, 0x7B000},    {1024 * KIB, 0xFB000, 0xFB000},
        {1024 * KIB, 0xEB000, 0xFB000},   {1024 * KIB, 0xBB000, 0xFB000},
        {1024 * KIB, 0x7B000, 0xFB000},   {2048 * KIB, 0x1FB000, 0x1FB000},
        {2048 * KIB, 0x1F0000, 0x1FB000}, {2048 * KIB, 0x100000, 0x1FA000},
        {4096 * KIB, 0x3FB000, 0x3FB000}, {4096 * KIB, 0x300000, 0x3FA000},
        {4096 * KIB, 0x200000, 0x3FA000}, {4096 * KIB, 0x100000, 0x3FA000},
        {8192 * KIB, 0x200000, 0x7FA000}, {16384 * KIB, 0x200000, 0xFFA000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct espota_updater_config layout;

        ck_assert_int_eq(stub_layout_find(cases[i].flash, cases[i].start, &layout, NULL),
                         ESPOTA_OK);
        ck_assert_uint_eq(layout.fs_start, cases[i].start);
        ck_assert_uint_eq(layout.fs_end, cases[i].end);
    }
}
END_TEST

START_TEST(test_usual)
{
    static const struct {
        uint32_t flash, start;
    } cases[] = {
        {512 * KIB, 0x6B000},   {1024 * KIB, 0xEB000},   {2048 * KIB, 0x100000},
        {4096 * KIB, 0x200000}, {16384 * KIB, 0x200000}, {STUB_FLASH_MIN, 0xB000},
        {1536 * KIB, 0x170000},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct espota_updater_config layout;

        ck_assert_int_eq(stub_layout_find(cases[i].flash, 0, &layout, NULL), ESPOTA_OK);
        ck_assert_uint_eq(layout.fs_start, cases[i].start);
        ck_assert_uint_gt(layout.fs_end, layout.fs_start);
        ck_assert_uint_lt(layout.fs_end, cases[i].flash);
    }
}
END_TEST

START_TEST(test_refused)
{
    struct espota_updater_config layout;
    struct espota_error error = ESPOTA_ERROR_INIT;

    ck_assert_int_eq(stub_layout_find(STUB_FLASH_MIN - 4096, 0, &layout, &error), ESPOTA_E_USAGE);
    ck_assert_int_eq(stub_layout_find(32u << 20, 0, &layout, &error), ESPOTA_E_USAGE);
    ck_assert_int_eq(stub_layout_find(1024 * KIB + 1, 0, &layout, &error), ESPOTA_E_USAGE);
    ck_assert_int_eq(stub_layout_find(1024 * KIB, 0xEB001, &layout, &error), ESPOTA_E_USAGE);
    ck_assert_int_eq(stub_layout_find(1024 * KIB, 0xFC000, &layout, &error), ESPOTA_E_USAGE);
    ck_assert_ptr_nonnull(strstr(error.message, "0xfb000"));
}
END_TEST

UNIT_MAIN("posix/layout", test_table, test_usual, test_refused)
