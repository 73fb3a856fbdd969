/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <string.h>

#include "text/text.h"

START_TEST(test_it_grows)
{
    struct espota_builder builder = {.text = NULL};

    for (int i = 0; i < 2000; i++)
        espota_builder_add(&builder, "%05d", i);
    espota_builder_add_escaped(&builder, "a<b>&\"'");
    ck_assert(!builder.failed);
    ck_assert_uint_eq(builder.length, strlen(builder.text));
    ck_assert_str_eq(builder.text + 9995, "01999a&#60;b&#62;&#38;&#34;&#39;");
    espota_builder_deinit(&builder);
    ck_assert_ptr_null(builder.text);
}
END_TEST

START_TEST(test_what_does_not_fit_is_cut)
{
    for (size_t room = 1; room < 12; room++) {
        struct espota_builder builder;
        char out[16];

        memset(out, '#', sizeof(out));
        espota_builder_init(&builder, out, room);
        ck_assert_str_eq(out, "");
        espota_builder_add(&builder, "%s", "hello");
        espota_builder_add(&builder, "world");
        ck_assert_uint_eq(builder.length, room > 10 ? 10 : room - 1);
        ck_assert_uint_eq(strlen(out), builder.length);
        ck_assert_mem_eq(out, "helloworld", builder.length);
        ck_assert_int_eq(out[room], '#');
    }
}
END_TEST

UNIT_MAIN("text/builder", test_it_grows, test_what_does_not_fit_is_cut)
