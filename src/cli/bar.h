/* SPDX-License-Identifier: MIT */
/* How sizes, times and progress are written for people. Pure formatting: no clock, no output. */
#ifndef ESPOTA_CLI_BAR_H
#define ESPOTA_CLI_BAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BAR_TEXT = 24 }; /* room for what bar_size and bar_time write */

/* "812 B", "12.0 KiB", "1.4 MiB". Returns out. */
const char *bar_size(uint64_t bytes, char out[BAR_TEXT]);
/* "0:03", "12:40", "1:02:03"; the part of a second counts as a whole one. Returns out. */
const char *bar_time(double seconds, char out[BAR_TEXT]);

/* How fast it goes: a mean in which the last seconds weigh most. Start from zero. */
struct bar_rate {
    uint64_t at_ms;
    uint64_t bytes;
    double per_second; /* 0: not known yet */
    bool started;
};
/* `bytes` in all by now; fewer than before: it starts again. */
void bar_rate_update(struct bar_rate *rate, uint64_t now_ms, uint64_t bytes);

/* At most 99 while the verdict is out. */
unsigned bar_percent(uint64_t done, uint64_t total);

/*
 * "LABEL [=====>     ]  45%  118.0 KiB/s  0:03 left" in fewer than `width` columns. A label that
 * is long is cut; where the width is small the bar goes first, then the rate.
 */
void bar_line(char *out, size_t room, size_t width, const char *label, uint64_t done,
              uint64_t total, double per_second);

#endif
