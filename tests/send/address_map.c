/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "send/send.h"

static struct espota_address v4(unsigned number)
{
    struct espota_address address = {.family = 4, .port = (uint16_t)number};

    address.bytes[0] = 10;
    address.bytes[1] = (uint8_t)(number >> 16);
    address.bytes[2] = (uint8_t)(number >> 8);
    address.bytes[3] = (uint8_t)number;
    return address;
}

START_TEST(test_many)
{
    struct espota_address_map map = {NULL, 0, 0};
    struct espota_address address = v4(0);
    unsigned *record, *first = NULL;

    ck_assert_ptr_null(espota_address_map_find(&map, &address));
    for (unsigned i = 0; i < 5000; i++) {
        address = v4(i);
        ck_assert_ptr_null(espota_address_map_find(&map, &address));
        record = espota_address_map_make(&map, &address, sizeof(*record));
        ck_assert_ptr_nonnull(record);
        ck_assert_uint_eq(*record, 0);
        *record = i;
        if (i == 0)
            first = record;
    }
    for (unsigned i = 0; i < 5000; i++) {
        address = v4(i);
        address.port ^= 0x5555; /* is not looked at */
        record = espota_address_map_find(&map, &address);
        ck_assert_ptr_nonnull(record);
        ck_assert_uint_eq(*record, i);
        ck_assert_ptr_eq(espota_address_map_make(&map, &address, sizeof(*record)), record);
        if (i == 0)
            ck_assert_ptr_eq(record, first); /* it stays where it is */
    }
    address = v4(5000);
    ck_assert_ptr_null(espota_address_map_find(&map, &address));
    espota_address_map_deinit(&map);
}
END_TEST

START_TEST(test_forms_of_one_address)
{
    struct espota_address_map map = {NULL, 0, 0};
    struct espota_address address, none = {.family = 0};
    void *record;

    ck_assert(espota_address_parse("192.168.1.5", &address));
    record = espota_address_map_make(&map, &address, 1);
    ck_assert(espota_address_parse("::ffff:192.168.1.5", &address));
    ck_assert_ptr_eq(espota_address_map_find(&map, &address), record);
    ck_assert(espota_address_parse("fe80::1", &address));
    ck_assert_ptr_null(espota_address_map_find(&map, &address));
    address.scope = 7;
    record = espota_address_map_make(&map, &address, 1);
    address.scope = 0;
    ck_assert_ptr_eq(espota_address_map_find(&map, &address), record);
    address.scope = 8;
    ck_assert_ptr_null(espota_address_map_find(&map, &address));
    ck_assert_ptr_null(espota_address_map_find(&map, &none));
    espota_address_map_deinit(&map);
}
END_TEST

UNIT_MAIN("send/address_map", test_many, test_forms_of_one_address)
