/* SPDX-License-Identifier: MIT */
/* What every unit test shares: the main of a check program, and buffers that end at a guard page.
 */
#ifndef ESPOTA_TEST_UNIT_H
#define ESPOTA_TEST_UNIT_H

#include <check.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* UNIT_MAIN("support/text", test_a, test_b): the whole program but the tests. */
#define UNIT_MAIN(name, ...)                                                                       \
    int main(void)                                                                                 \
    {                                                                                              \
        const TTest *const unit_tests[] = {__VA_ARGS__};                                           \
        Suite *unit_suite = suite_create(name);                                                    \
        TCase *unit_case = tcase_create(name);                                                     \
        SRunner *unit_runner;                                                                      \
        int unit_failed;                                                                           \
                                                                                                   \
        tcase_set_timeout(unit_case, 300); /* only a bound against hanging */                      \
        for (size_t unit_i = 0; unit_i < sizeof(unit_tests) / sizeof(unit_tests[0]); unit_i++)     \
            tcase_add_test(unit_case, unit_tests[unit_i]);                                         \
        suite_add_tcase(unit_suite, unit_case);                                                    \
        unit_runner = srunner_create(unit_suite);                                                  \
        srunner_run_all(unit_runner, CK_ENV);                                                      \
        unit_failed = srunner_ntests_failed(unit_runner);                                          \
        srunner_free(unit_runner);                                                                 \
        return unit_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;                                     \
    }

struct guarded {
    uint8_t *bytes; /* bytes[length] faults */
    void *map;
    size_t map_size;
};

/* A copy of `length` bytes whose end lies against a page that faults. */
static inline struct guarded guarded_copy(const void *data, size_t length)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t pages = (length + page - 1) / page * page;
    struct guarded g;

    g.map_size = pages + page;
    g.map = mmap(NULL, g.map_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(g.map, MAP_FAILED);
    ck_assert_int_eq(mprotect((uint8_t *)g.map + pages, page, PROT_NONE), 0);
    g.bytes = (uint8_t *)g.map + pages - length; /* pages >= length by construction */
    if (length > 0)
        memcpy(g.bytes, data, length);
    return g;
}

static inline void guarded_free(struct guarded *g)
{
    munmap(g->map, g->map_size);
}

#endif
