/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "http/http.h"

START_TEST(test_ranges)
{
    static const struct {
        const char *value;
        uint64_t size;
        enum espota_status status;
        uint64_t first, length;
    } rows[] = {
        {NULL, 100, ESPOTA_MORE, 0, 0},
        {"bytes=0-9", 100, ESPOTA_OK, 0, 10},
        {"bytes=90-", 100, ESPOTA_OK, 90, 10},
        {"bytes=-1", 100, ESPOTA_OK, 99, 1},
        {"bytes=-500", 100, ESPOTA_OK, 0, 100},
        {"bytes=99-500", 100, ESPOTA_OK, 99, 1},
        {"bytes=100-", 100, ESPOTA_BAD, 0, 0},
        {"bytes=-0", 100, ESPOTA_BAD, 0, 0},
        {"bytes=0-", 0, ESPOTA_BAD, 0, 0},
        {"bytes=5-4", 100, ESPOTA_MORE, 0, 0},
        {"bytes=-", 100, ESPOTA_MORE, 0, 0},
        {"bytes=0-1,3-4", 100, ESPOTA_MORE, 0, 0},
        {"lines=0-1", 100, ESPOTA_MORE, 0, 0},
        {"bytes=a-b", 100, ESPOTA_MORE, 0, 0},
        {"bytes=99999999999999999999-", 100, ESPOTA_MORE, 0, 0},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct espota_byte_range out = {0, 0};

        ck_assert_msg(espota_byte_range_parse(rows[i].value, rows[i].size, &out) == rows[i].status,
                      "%s", rows[i].value);
        ck_assert_uint_eq(out.first, rows[i].first);
        ck_assert_uint_eq(out.length, rows[i].length);
    }
}
END_TEST

UNIT_MAIN("http/byte_range", test_ranges)
