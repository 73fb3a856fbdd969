/* SPDX-License-Identifier: MIT */
#include <time.h>

#include "sys/loop.h"

uint64_t espota_clock_ms(void)
{
    struct timespec t = {0, 0};

    /* Cannot fail with a clock that POSIX requires and a valid pointer. */
    clock_gettime(CLOCK_MONOTONIC, &t);
    /* One more, since a machine's clock may start at 0 and 0 often means "never". */
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000 + 1;
}
