/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "wire/wire.h"

START_TEST(test_published_check_values)
{
    ck_assert_uint_eq(espota_crc32_mpeg2(ESPOTA_CRC32_START, "123456789", 9), 0x0376e6e7);
    ck_assert_uint_eq(~espota_crc32_zlib(ESPOTA_CRC32_START, "123456789", 9), 0xcbf43926);
    ck_assert_uint_eq(~espota_crc32_zlib(ESPOTA_CRC32_START, "a", 1), 0xe8b7be43);
    ck_assert_uint_eq(~espota_crc32_zlib(ESPOTA_CRC32_START, "hello world", 11), 0x0d4a1185);
}
END_TEST

/* The record of PROTOCOL 5.7: a copy from 0x100000 to 0 of 0x40000 bytes. */
START_TEST(test_eboot_record)
{
    uint8_t record[124] = {0};
    struct espota_writer writer;

    espota_writer_init(&writer, record, sizeof(record));
    espota_write_u32le(&writer, 0xeb001000);
    espota_write_u32le(&writer, 1);
    espota_write_u32le(&writer, 0x00100000);
    espota_write_u32le(&writer, 0);
    espota_write_u32le(&writer, 0x00040000);
    ck_assert_uint_eq(espota_crc32_mpeg2(ESPOTA_CRC32_START, record, sizeof(record)), 0x4e95b7a7);
}
END_TEST

START_TEST(test_in_pieces_as_at_once)
{
    uint8_t data[257];
    struct guarded g;

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 7 + i / 5);
    g = guarded_copy(data, sizeof(data));
    for (size_t cut = 0; cut <= sizeof(data); cut++) {
        uint32_t m = espota_crc32_mpeg2(ESPOTA_CRC32_START, g.bytes, cut);
        uint32_t z = espota_crc32_zlib(ESPOTA_CRC32_START, g.bytes, cut);

        ck_assert_uint_eq(espota_crc32_mpeg2(m, g.bytes + cut, sizeof(data) - cut),
                          espota_crc32_mpeg2(ESPOTA_CRC32_START, data, sizeof(data)));
        ck_assert_uint_eq(espota_crc32_zlib(z, g.bytes + cut, sizeof(data) - cut),
                          espota_crc32_zlib(ESPOTA_CRC32_START, data, sizeof(data)));
    }
    guarded_free(&g);
}
END_TEST

START_TEST(test_what_the_sdks_append)
{
    static const struct {
        const char *text;
        uint32_t stored; /* PROTOCOL 8.1 */
    } rows[] = {{"123456789", 0x340bc6d9}, {"a", 0x174841bc}, {"hello world", 0x0d4a1186}};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_uint_eq(espota_crc32_appended(~espota_crc32_zlib(ESPOTA_CRC32_START, rows[i].text,
                                                                   strlen(rows[i].text))),
                          rows[i].stored);
}
END_TEST

UNIT_MAIN("wire/crc", test_what_the_sdks_append, test_published_check_values, test_eboot_record,
          test_in_pieces_as_at_once)
