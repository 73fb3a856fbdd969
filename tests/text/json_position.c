/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "text/text.h"

static const char *const text = "{ \"a\\\"b\": [1, {\"x\": 2}],\n"
                                "  \"caf\xc3\xa9\": 1, \"top\": true,\n"
                                "  \"rules\": [{\"x\": \"],}\\\\\"},\n"
                                "    { \"y\": {\"x\": 1}, \"x\" : [2] } ]}";

static void expect(size_t element, const char *key, size_t line, size_t column)
{
    struct guarded g = guarded_copy(text, strlen(text));
    struct espota_json_position position =
        espota_json_position_find((const char *)g.bytes, strlen(text), "rules", element, key);

    ck_assert_msg(position.line == line && position.column == column, "%zu %s: %zu:%zu", element,
                  key, position.line, position.column);
    guarded_free(&g);
}

START_TEST(test_values)
{
    expect(0, "a\"b", 1, 1); /* with an escape it is not found: the object */
    expect(0, "top", 2, 21);
    expect(0, "rules", 3, 12);
    expect(1, "x", 3, 19);
    expect(2, "x", 4, 28);
    expect(2, "y", 4, 12);
}
END_TEST

START_TEST(test_what_is_not_there_is_told_by_its_container)
{
    expect(0, "none", 1, 1);
    expect(1, "none", 3, 13);
    expect(2, "none", 4, 5);
    expect(3, "x", 3, 12);
}
END_TEST

START_TEST(test_a_text_that_ends_anywhere)
{
    for (size_t length = 0; length < strlen(text); length++) {
        struct guarded g = guarded_copy(text, length);
        struct espota_json_position position =
            espota_json_position_find((const char *)g.bytes, length, "rules", 2, "x");

        ck_assert_uint_ge(position.line, 1);
        ck_assert_uint_le(position.line, 4);
        guarded_free(&g);
    }
}
END_TEST

UNIT_MAIN("text/json_position", test_values, test_what_is_not_there_is_told_by_its_container,
          test_a_text_that_ends_anywhere)
