/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "serve/inside.h"

static const char nowhere[] = "/nowhere/at/all";

static void assert_none(struct espota_serve_options options)
{
    struct espota_serve *serve = (struct espota_serve *)(uintptr_t)1;
    struct espota_error err = ESPOTA_ERROR_INIT;

    options.size = sizeof(options);
    ck_assert_int_ne(espota_serve_create(&options, &serve, &err), ESPOTA_OK);
    ck_assert_ptr_null(serve);
    ck_assert_str_ne(err.message, "");
}

START_TEST(test_out_is_null_after_a_failure)
{
    assert_none((struct espota_serve_options){.folder = nowhere});
    assert_none((struct espota_serve_options){.manifest = nowhere});
    assert_none((struct espota_serve_options){.folder = "/", .accel = "no slash"});
    assert_none((struct espota_serve_options){.folder = "/", .auth_file = nowhere});
    assert_none((struct espota_serve_options){.folder = "/", .listen = "nonsense"});
}
END_TEST

UNIT_MAIN("serve/serve", test_out_is_null_after_a_failure)
