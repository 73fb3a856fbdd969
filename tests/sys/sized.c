/* SPDX-License-Identifier: MIT */
#include "sys/sized.h"

#include "unit.h"

struct today {
    size_t size;
    int first;
    const char *second;
};

struct tomorrow {
    struct today today;
    const char *third;
};

static const char word[] = "word";

START_TEST(test_an_older_one_keeps_the_first_values)
{
    struct today own = {sizeof(own), 7, word};
    struct today older = {offsetof(struct today, second), 9, "not there yet"};

    ck_assert_int_eq(espota_sized_take(&own, &older, NULL), ESPOTA_OK);
    ck_assert_uint_eq(own.size, sizeof(own));
    ck_assert_int_eq(own.first, 9);
    ck_assert_ptr_eq(own.second, word);
}
END_TEST

START_TEST(test_a_newer_one_may_ask_for_nothing_new)
{
    struct today own = {sizeof(own), 7, NULL};
    struct tomorrow newer = {{sizeof(newer), 9, word}, NULL};
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_int_eq(espota_sized_take(&own, &newer, &err), ESPOTA_OK);
    ck_assert_uint_eq(own.size, sizeof(own));
    ck_assert_int_eq(own.first, 9);
    ck_assert_ptr_eq(own.second, word);
    newer.third = word;
    newer.today.first = 11;
    ck_assert_int_eq(espota_sized_take(&own, &newer, &err), ESPOTA_E_USAGE);
    ck_assert_int_eq(own.first, 9);
}
END_TEST

START_TEST(test_what_is_no_size)
{
    static const size_t sizes[] = {0, 1, sizeof(size_t), 1 << 20, (size_t)-1};
    struct today own = {sizeof(own), 7, NULL};

    ck_assert_int_eq(espota_sized_take(&own, NULL, NULL), ESPOTA_E_USAGE);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        struct today given = {sizes[i], 9, NULL};

        ck_assert_int_eq(espota_sized_take(&own, &given, NULL), ESPOTA_E_USAGE);
        ck_assert_int_eq(own.first, 7);
    }
}
END_TEST

START_TEST(test_a_result_goes_back_as_far_as_there_is_room)
{
    struct today own = {sizeof(own), 7, word};
    struct today older = {offsetof(struct today, second), 0, NULL};
    struct tomorrow newer = {{sizeof(newer), 0, NULL}, word};

    espota_sized_give(&older, &own);
    ck_assert_uint_eq(older.size, offsetof(struct today, second));
    ck_assert_int_eq(older.first, 7);
    ck_assert_ptr_null(older.second);
    espota_sized_give(&newer, &own);
    ck_assert_uint_eq(newer.today.size, sizeof(newer));
    ck_assert_ptr_eq(newer.today.second, word);
    ck_assert_ptr_null(newer.third);
}
END_TEST

UNIT_MAIN("sys/sized", test_an_older_one_keeps_the_first_values,
          test_a_newer_one_may_ask_for_nothing_new, test_what_is_no_size,
          test_a_result_goes_back_as_far_as_there_is_room)
