/* SPDX-License-Identifier: MIT */
/*
 * Memory that runs out: the linker leads every allocation of a test program through here
 * (espota_unit_alloc in tests/unit/CMakeLists.txt), those inside the C library excepted.
 */
#ifndef ESPOTA_TEST_ALLOC_H
#define ESPOTA_TEST_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

/* The nth allocation from now on fails, once; 0: none. */
void alloc_fail_nth(size_t nth);

/* Whether it has failed. */
bool alloc_has_failed(void);

#endif
