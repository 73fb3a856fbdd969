/* SPDX-License-Identifier: MIT */
#include "sys/loop.h"
#include "sys/os.h"

uint64_t espota_clock_ms(void)
{
    LARGE_INTEGER count = {0}, rate = {0};
    uint64_t ticks, a_second;

    /* Neither can fail since Windows XP. */
    QueryPerformanceFrequency(&rate);
    QueryPerformanceCounter(&count);
    ticks = (uint64_t)count.QuadPart;
    a_second = rate.QuadPart > 0 ? (uint64_t)rate.QuadPart : 1;
    /* The rest apart, so that nothing overflows; one more, since 0 often means "never". */
    return ticks / a_second * 1000 + ticks % a_second * 1000 / a_second + 1;
}
