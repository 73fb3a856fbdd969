/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "port/posix/chip.h"
#include "port/zlib/zlib.h"

enum { SIZE = 16 * ESPOTA_SECTOR_SIZE, LAST = SIZE - ESPOTA_SECTOR_SIZE, BLOCK_HEADER = 5 };

/* With all that a header may have; its checksum is wrong, and no loader looks. */
static const uint8_t header[] = {0x1f, 0x8b, 8,   0x1e, 0,   0, 0,   0, 0,    3,
                                 2,    0,    'a', 'b',  'n', 0, 'c', 0, 0xba, 0xd0};
enum { CONTENT = ESPOTA_SECTOR_SIZE - sizeof(header) - BLOCK_HEADER };

static struct stub_chip chip;
static struct espota_gunzip_zlib gunzip;
static uint8_t sector[ESPOTA_SECTOR_SIZE];
static uint8_t out[ESPOTA_SECTOR_SIZE];
static size_t length;

/* One block that is stored, of as many bytes. */
static void pack(size_t size)
{
    uint8_t *at = sector + sizeof(header);

    memset(sector, 0xff, sizeof(sector));
    memcpy(sector, header, sizeof(header));
    at[0] = 1;
    at[1] = (uint8_t)size;
    at[2] = (uint8_t)(size >> 8);
    at[3] = (uint8_t)~at[1];
    at[4] = (uint8_t)~at[2];
    memset(at + BLOCK_HEADER, 'x', size);
}

static void start(void)
{
    ck_assert_int_eq(stub_chip_init(&chip, NULL, SIZE, NULL), ESPOTA_OK);
    ck_assert_int_eq(chip.table.write(&chip, LAST, sector, sizeof(sector)), ESPOTA_OK);
    espota_gunzip_zlib_init(&gunzip);
}

static void finish(void)
{
    stub_chip_deinit(&chip);
}

/* The packed data end with the flash, their trailer is missing: nothing is read for it. */
START_TEST(test_ends_with_the_flash)
{
    pack(CONTENT);
    start();
    ck_assert_int_eq(gunzip.table.start(&gunzip, &chip.table, LAST), ESPOTA_OK);
    ck_assert_int_eq(gunzip.table.next(&gunzip, out, sizeof(out), &length), ESPOTA_OK);
    ck_assert_uint_eq(length, CONTENT);
    ck_assert_int_eq(out[CONTENT - 1], 'x');
    ck_assert_int_eq(gunzip.table.next(&gunzip, out, sizeof(out), &length), ESPOTA_OK);
    ck_assert_uint_eq(length, 0);
    finish();
}
END_TEST

/* Neither CRC nor length in the trailer (here FF) is looked at. */
START_TEST(test_trailer_is_wrong)
{
    pack(100);
    start();
    ck_assert_int_eq(gunzip.table.start(&gunzip, &chip.table, LAST), ESPOTA_OK);
    ck_assert_int_eq(gunzip.table.next(&gunzip, out, sizeof(out), &length), ESPOTA_OK);
    ck_assert_uint_eq(length, 100);
    ck_assert_uint_eq(gunzip.unpacked, 100);
    finish();
}
END_TEST

/* A header that does not end, is of another method, or has flags that nobody knows. */
START_TEST(test_bad_headers)
{
    for (int i = 0; i < 3; i++) {
        pack(100);
        if (i == 0)
            memset(sector + 14, 'n', sizeof(sector) - 14);
        else
            sector[i + 1] = 0xe9;
        start();
        ck_assert_int_eq(gunzip.table.start(&gunzip, &chip.table, LAST), ESPOTA_E_IMAGE);
        finish();
    }
}
END_TEST

UNIT_MAIN("posix/gunzip", test_ends_with_the_flash, test_trailer_is_wrong, test_bad_headers)
