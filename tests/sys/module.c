/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "sys/process.h"

/* The mathematics of the C library, which every system has and few programs load by hand. */
#ifdef __APPLE__
#define LIBRARY "/usr/lib/libSystem.B.dylib"
#else
#define LIBRARY "libm.so.6"
#endif

START_TEST(test_functions_in_their_order)
{
    static const char *const names[] = {"floor", "ceil"};
    struct {
        double (*down)(double);
        double (*up)(double);
    } table = {NULL, NULL};

    ck_assert_int_eq(espota_module_load(LIBRARY, "libm", names, 2, &table, NULL), ESPOTA_OK);
    ck_assert(table.down(1.5) == 1.0);
    ck_assert(table.up(1.5) == 2.0);
}
END_TEST

START_TEST(test_what_is_missing_is_named)
{
    static const char *const names[] = {"floor", "no_such_function"};
    struct espota_error err = ESPOTA_ERROR_INIT;
    void *table[2] = {NULL, NULL};

    ck_assert_int_eq(espota_module_load("libnowhere.so.1", "libnowhere", names, 2, table, &err),
                     ESPOTA_E_LOCAL);
    ck_assert_str_eq(err.message,
                     "this needs the library libnowhere.so.1, which is not here; install "
                     "libnowhere");
    ck_assert_int_eq(espota_module_load(LIBRARY, "libm", names, 2, table, &err), ESPOTA_E_LOCAL);
    ck_assert_ptr_nonnull(strstr(err.message, "no_such_function"));
}
END_TEST

UNIT_MAIN("sys/module", test_functions_in_their_order, test_what_is_missing_is_named)
