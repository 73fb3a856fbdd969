/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "core/eboot.h"

#include "chip.h"

static struct chip chip;
static uint8_t sector[ESPOTA_SECTOR_SIZE];
static uint8_t image[5 * ESPOTA_SECTOR_SIZE];

static void setup(void)
{
    chip_init(&chip);
    chip_pattern(image, sizeof(image), 7);
    memcpy(chip.bytes + 0x40000, image, sizeof(image));
    chip_pattern(chip.bytes, 3 * ESPOTA_SECTOR_SIZE, 8);
}

START_TEST(test_record_vector)
{
    struct espota_eboot command = {.action = ESPOTA_EBOOT_COPY_RAW,
                                   .argument = {0x100000, 0, 0x40000}};
    static const uint8_t head[] = {0x00, 0x10, 0x00, 0xeb, 1, 0, 0, 0, 0x00, 0x00,
                                   0x10, 0x00, 0,    0,    0, 0, 0, 0, 4,    0};
    uint8_t record[ESPOTA_EBOOT_SIZE];
    struct espota_eboot back;

    espota_eboot_write(&command, record);
    ck_assert_mem_eq(record, head, sizeof(head));
    ck_assert_mem_eq(record + 124, "\xa7\xb7\x95\x4e", 4);
    ck_assert_int_eq(espota_eboot_parse(record, &back), ESPOTA_OK);
    ck_assert_mem_eq(&back, &command, sizeof(back));
}
END_TEST

START_TEST(test_record_is_refused_with_any_bit_wrong)
{
    struct espota_eboot command = {.action = ESPOTA_EBOOT_LOAD_APP, .argument = {0x1000}};
    uint8_t record[ESPOTA_EBOOT_SIZE];
    struct guarded g;

    espota_eboot_write(&command, record);
    g = guarded_copy(record, sizeof(record));
    for (size_t bit = 0; bit < 8 * sizeof(record); bit++) {
        struct espota_eboot back;

        g.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert_int_eq(espota_eboot_parse(g.bytes, &back), ESPOTA_BAD);
        g.bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    guarded_free(&g);
}
END_TEST

/* The magic is compared without its low twelve bits; the checksum covers them all the same. */
START_TEST(test_record_magic_mask)
{
    uint8_t record[ESPOTA_EBOOT_SIZE] = {0xff, 0x1f, 0x00, 0xeb};
    struct espota_eboot back;
    uint32_t crc = 0xffffffff;

    for (size_t i = 0; i < 124; i++) /* not the table of wire/crc */
        for (unsigned bit = 0x80; bit != 0; bit >>= 1) {
            bool flip = (crc >> 31 != 0) != ((record[i] & bit) != 0);

            crc = crc << 1 ^ (flip ? 0x04c11db7 : 0);
        }
    for (unsigned i = 0; i < 4; i++)
        record[124 + i] = (uint8_t)(crc >> 8 * i);
    ck_assert_int_eq(espota_eboot_parse(record, &back), ESPOTA_OK);
    record[1] = 0x2f;
    ck_assert_int_eq(espota_eboot_parse(record, &back), ESPOTA_BAD);
}
END_TEST

START_TEST(test_record_cleared_and_noise)
{
    struct espota_eboot command = {.action = ESPOTA_EBOOT_COPY_RAW, .argument = {1, 2, 3}};
    struct espota_eboot back;
    uint8_t record[ESPOTA_EBOOT_SIZE];
    uint8_t before[ESPOTA_EBOOT_SIZE];

    espota_eboot_write(&command, record);
    memcpy(before, record, sizeof(record));
    espota_eboot_clear(record);
    ck_assert_int_eq(espota_eboot_parse(record, &back), ESPOTA_BAD);
    ck_assert_mem_eq(record + 4, before + 4, 120);
    ck_assert_mem_eq(record, "\0\0\0\0", 4);
    ck_assert_mem_eq(record + 124, "\0\0\0\0", 4);
    for (int fill = 0; fill < 256; fill++) {
        memset(record, fill, sizeof(record));
        ck_assert_int_eq(espota_eboot_parse(record, &back), ESPOTA_BAD);
    }
}
END_TEST

START_TEST(test_copy_plain_rounds_up)
{
    static const uint32_t sizes[] = {1, 2, 4095, 4096, 4097, 5 * 4096};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint32_t rounded = (sizes[i] + 4095) / 4096 * 4096;
        uint8_t behind[ESPOTA_SECTOR_SIZE];
        bool kept = true;

        setup();
        memcpy(behind, chip.bytes + rounded, sizeof(behind));
        ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0, sizes[i], sector, &kept),
                         ESPOTA_EBOOT_DONE);
        ck_assert_mem_eq(chip.bytes, image, rounded);
        ck_assert_mem_eq(chip.bytes + rounded, behind, sizeof(behind));
        ck_assert(!kept);
        ck_assert(!chip.abused);
    }
}
END_TEST

START_TEST(test_copy_keeps_an_equal_first_sector)
{
    bool kept = false;

    setup();
    memcpy(chip.bytes, image, ESPOTA_SECTOR_SIZE);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0, sizeof(image), sector, &kept),
                     ESPOTA_EBOOT_DONE);
    ck_assert(kept);
    ck_assert_uint_eq(chip.erases, 4);
    ck_assert_mem_eq(chip.bytes, image, sizeof(image));
    /* only sector 0 is compared */
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0x10000, 4096, sector, NULL),
                     ESPOTA_EBOOT_DONE);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0x10000, 4096, sector, &kept),
                     ESPOTA_EBOOT_DONE);
    ck_assert(!kept);
    ck_assert_uint_eq(chip.erases, 6);
}
END_TEST

START_TEST(test_copy_one_byte_different_in_the_first_sector)
{
    setup();
    memcpy(chip.bytes, image, ESPOTA_SECTOR_SIZE);
    chip.bytes[ESPOTA_SECTOR_SIZE - 1] ^= 1;
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0, 4096, sector, NULL),
                     ESPOTA_EBOOT_DONE);
    ck_assert_mem_eq(chip.bytes, image, ESPOTA_SECTOR_SIZE);
}
END_TEST

START_TEST(test_copy_refuses_and_ignores)
{
    setup();
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40100, 0, 4096, sector, NULL),
                     ESPOTA_EBOOT_UNALIGNED);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 4, 4096, sector, NULL),
                     ESPOTA_EBOOT_UNALIGNED);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, CHIP_SIZE, 0, 4096, sector, NULL),
                     ESPOTA_EBOOT_READ_SOURCE);
    ck_assert_int_eq(
        espota_eboot_copy(&chip.table, NULL, CHIP_SIZE - 4096, 0x10000, 8192, sector, NULL),
        ESPOTA_EBOOT_READ_SOURCE);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0, 0, sector, NULL),
                     ESPOTA_EBOOT_DONE);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0, 0x80000000, sector, NULL),
                     ESPOTA_EBOOT_DONE);
    ck_assert_uint_eq(chip.writes, 1);
}
END_TEST

START_TEST(test_copy_reports_what_failed)
{
    struct {
        unsigned *which;
        enum espota_eboot_result result;
    } cases[] = {{&chip.fail_read, ESPOTA_EBOOT_READ_SOURCE},
                 {&chip.fail_erase, ESPOTA_EBOOT_ERASE},
                 {&chip.fail_write, ESPOTA_EBOOT_TARGET}};

    for (size_t i = 0; i < 3; i++) {
        unsigned nth = 1;

        for (;; nth++) {
            enum espota_eboot_result result;

            setup();
            *cases[i].which = nth;
            result =
                espota_eboot_copy(&chip.table, NULL, 0x40000, 0x10000, sizeof(image), sector, NULL);
            if (result == ESPOTA_EBOOT_DONE)
                break;
            ck_assert_int_eq(result, cases[i].result);
        }
        ck_assert_uint_eq(nth, i == 0 ? 7 : 6); /* one read more, for the magic */
    }
    /* comparing sector 0: reads of the target fail as the target */
    setup();
    chip.fail_read = 3;
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0, 4096, sector, NULL),
                     ESPOTA_EBOOT_TARGET);
}
END_TEST

/* An unpacker that gives a counting pattern and can fail. */
struct fake_gunzip {
    struct espota_gunzip table;
    uint32_t source;
    uint32_t produced;
    uint32_t end;
    bool bad_header;
    unsigned fail_next;
};

static enum espota_status fake_start(void *context, const struct espota_flash *flash,
                                     uint32_t source)
{
    struct fake_gunzip *fake = context;

    ck_assert_ptr_eq(flash, &chip.table);
    fake->source = source;
    return fake->bad_header ? ESPOTA_BAD : ESPOTA_OK;
}

static enum espota_status fake_next(void *context, uint8_t *out, size_t room, size_t *length)
{
    struct fake_gunzip *fake = context;

    if (fake->fail_next > 0 && --fake->fail_next == 0)
        return ESPOTA_BAD;
    for (*length = 0; *length < room && fake->produced < fake->end; (*length)++)
        out[*length] = (uint8_t)(fake->produced++ % 251);
    return ESPOTA_OK;
}

static void setup_gzip(struct fake_gunzip *fake, uint32_t isize)
{
    setup();
    *fake = (struct fake_gunzip){.end = isize};
    fake->table = (struct espota_gunzip){fake, fake_start, fake_next};
    memcpy(chip.bytes + 0x40000, "\x1f\x8b\x08", 3);
    for (unsigned i = 0; i < 4; i++)
        chip.bytes[0x40000 + 996 + i] = (uint8_t)(isize >> 8 * i);
}

START_TEST(test_copy_gzip_takes_its_length_from_the_end)
{
    struct fake_gunzip fake;

    setup_gzip(&fake, 10000);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, &fake.table, 0x40000, 0, 1000, sector, NULL),
                     ESPOTA_EBOOT_DONE);
    ck_assert_uint_eq(fake.source, 0x40000);
    for (uint32_t i = 0; i < 3 * 4096; i++)
        ck_assert_uint_eq(chip.bytes[i], i < 10000 ? i % 251 : 0xff);
}
END_TEST

START_TEST(test_copy_gzip_failures)
{
    struct fake_gunzip fake;

    setup_gzip(&fake, 10000);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, NULL, 0x40000, 0, 1000, sector, NULL),
                     ESPOTA_EBOOT_GZIP_HEADER);
    ck_assert_int_eq(espota_eboot_copy(&chip.table, &fake.table, 0x40000, 0, 3, sector, NULL),
                     ESPOTA_EBOOT_GZIP_HEADER);
    fake.bad_header = true;
    ck_assert_int_eq(espota_eboot_copy(&chip.table, &fake.table, 0x40000, 0, 1000, sector, NULL),
                     ESPOTA_EBOOT_GZIP_HEADER);
    ck_assert_uint_eq(chip.erases, 0);
    setup_gzip(&fake, 10000);
    fake.fail_next = 2;
    ck_assert_int_eq(
        espota_eboot_copy(&chip.table, &fake.table, 0x40000, 0x10000, 1000, sector, NULL),
        ESPOTA_EBOOT_INFLATE);
    ck_assert_uint_eq(chip.erases, 1);
    setup_gzip(&fake, 0x80000000); /* a negative length to the original */
    ck_assert_int_eq(espota_eboot_copy(&chip.table, &fake.table, 0x40000, 0, 1000, sector, NULL),
                     ESPOTA_EBOOT_DONE);
    ck_assert_uint_eq(chip.erases, 0);
}
END_TEST

/* Fewer bytes than the last four claim: the loader copies what is left in its buffer. */
START_TEST(test_copy_gzip_that_ends_early_reports_success)
{
    struct fake_gunzip fake;

    setup_gzip(&fake, 12288);
    fake.end = 5000;
    ck_assert_int_eq(espota_eboot_copy(&chip.table, &fake.table, 0x40000, 0, 1000, sector, NULL),
                     ESPOTA_EBOOT_DONE);
    ck_assert_mem_eq(chip.bytes + 8192, chip.bytes + 4096, 4096);
    ck_assert_uint_eq(chip.bytes[5000], (5000 - 4096) % 251);
}
END_TEST

UNIT_MAIN("firmware-stub/eboot", test_record_vector, test_record_is_refused_with_any_bit_wrong,
          test_record_magic_mask, test_record_cleared_and_noise, test_copy_plain_rounds_up,
          test_copy_keeps_an_equal_first_sector, test_copy_one_byte_different_in_the_first_sector,
          test_copy_refuses_and_ignores, test_copy_reports_what_failed,
          test_copy_gzip_takes_its_length_from_the_end, test_copy_gzip_failures,
          test_copy_gzip_that_ends_early_reports_success)
