/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "wire/wire.h"

START_TEST(test_reader_reads_each_width_and_order)
{
    static const uint8_t bytes[] = {0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07,
                                    0x08, 0x09, 0x0a, 0x0b, 0x0c, 0x0d};
    struct guarded g = guarded_copy(bytes, sizeof(bytes));
    struct espota_reader reader;

    espota_reader_init(&reader, g.bytes, sizeof(bytes));
    ck_assert_uint_eq(espota_read_u8(&reader), 0x01);
    ck_assert_uint_eq(espota_read_u16le(&reader), 0x0302);
    ck_assert_uint_eq(espota_read_u16be(&reader), 0x0405);
    ck_assert_uint_eq(espota_read_u32le(&reader), 0x09080706);
    ck_assert_uint_eq(espota_read_u32be(&reader), 0x0a0b0c0d);
    ck_assert(!reader.overrun);
    ck_assert_uint_eq(reader.left, 0);
    guarded_free(&g);
}
END_TEST

START_TEST(test_reader_stays_inside_and_remembers)
{
    static const uint8_t bytes[] = {0xff, 0xff, 0xff};
    struct guarded g = guarded_copy(bytes, sizeof(bytes));
    struct espota_reader reader;

    espota_reader_init(&reader, g.bytes, sizeof(bytes));
    ck_assert_uint_eq(espota_read_u32le(&reader), 0xffff); /* its second half is beyond the end */
    ck_assert(reader.overrun);
    ck_assert_uint_eq(espota_read_u8(&reader), 0);
    ck_assert_ptr_null(espota_read_bytes(&reader, 0));
    guarded_free(&g);
}
END_TEST

START_TEST(test_writer_writes_and_never_overruns)
{
    char expected[] = "\x01\x02\x03\x04\x05hi4294967295"
                      "00ff";
    uint8_t out[64];

    for (size_t room = 0; room <= sizeof(expected) - 1; room++) {
        struct espota_writer writer;

        memset(out, 0xee, sizeof(out));
        espota_writer_init(&writer, out, room);
        espota_write_u8(&writer, 1);
        espota_write_u16be(&writer, 0x0203);
        espota_write_u16be(&writer, 0x0405);
        espota_write_text(&writer, "hi");
        espota_write_decimal(&writer, UINT32_MAX);
        espota_write_hex(&writer, "\x00\xff", 2);
        ck_assert_int_eq(writer.overrun, room < sizeof(expected) - 1);
        ck_assert_mem_eq(out, expected, writer.used);
        for (size_t i = writer.used; i < sizeof(out); i++)
            ck_assert_uint_eq(out[i], 0xee);
    }
}
END_TEST

START_TEST(test_writer_u32_orders)
{
    uint8_t out[8];
    struct espota_writer writer;

    espota_writer_init(&writer, out, sizeof(out));
    espota_write_u32le(&writer, 0x01020304);
    espota_write_u32be(&writer, 0x01020304);
    ck_assert_mem_eq(out, "\x04\x03\x02\x01\x01\x02\x03\x04", 8);
}
END_TEST

UNIT_MAIN("wire/cursor", test_reader_reads_each_width_and_order,
          test_reader_stays_inside_and_remembers, test_writer_writes_and_never_overruns,
          test_writer_u32_orders)
