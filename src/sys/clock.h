/* SPDX-License-Identifier: MIT */
/* The two clocks: one that never jumps, for deadlines, and the one on the wall, for people. */
#ifndef ESPOTA_SYS_CLOCK_H
#define ESPOTA_SYS_CLOCK_H

#include <stdint.h>

/* Monotonic milliseconds since some moment in the past; never 0. */
uint64_t espota_clock_ms(void);

/* Seconds since 1970-01-01 UTC; may jump. */
int64_t espota_clock_wall(void);

#endif
