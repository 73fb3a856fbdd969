/* SPDX-License-Identifier: MIT */
#include "cli/bar.h"

#include <stdio.h>
#include <string.h>

enum {
    LABEL_MAX = 32,
    CELLS_MIN = 10,
    CELLS_MAX = 40,
};

const char *bar_size(uint64_t bytes, char out[BAR_TEXT])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB"};
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        (void)snprintf(out, BAR_TEXT, "%u B", (unsigned)bytes);
        return out;
    }
    while (value >= 1023.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
        value /= 1024;
        unit++;
    }
    (void)snprintf(out, BAR_TEXT, "%.1f %s", value, units[unit]);
    return out;
}

const char *bar_time(double seconds, char out[BAR_TEXT])
{
    unsigned long whole = seconds < 0 ? 0 : (unsigned long)(seconds < 1e8 ? seconds : 1e8);

    if ((double)whole < seconds && seconds < 1e8)
        whole++;
    if (whole >= 3600)
        (void)snprintf(out, BAR_TEXT, "%lu:%02lu:%02lu", whole / 3600, whole / 60 % 60, whole % 60);
    else
        (void)snprintf(out, BAR_TEXT, "%lu:%02lu", whole / 60, whole % 60);
    return out;
}

void bar_rate_update(struct bar_rate *rate, uint64_t now_ms, uint64_t bytes)
{
    double seconds;
    double latest;

    if (!rate->started || bytes < rate->bytes) {
        *rate = (struct bar_rate){.at_ms = now_ms, .bytes = bytes, .started = true};
        return;
    }
    if (now_ms < rate->at_ms + 500)
        return;
    seconds = (double)(now_ms - rate->at_ms) / 1000;
    latest = (double)(bytes - rate->bytes) / seconds;
    rate->per_second = rate->per_second > 0 ? 0.7 * rate->per_second + 0.3 * latest : latest;
    rate->at_ms = now_ms;
    rate->bytes = bytes;
}

unsigned bar_percent(uint64_t done, uint64_t total)
{
    double part = total > 0 ? (double)done / (double)total : 0;

    return part >= 0.99 ? 99 : (unsigned)(part * 100);
}

/* "  118.0 KiB/s  0:03 left", or "" while nothing is known. */
static void format_rate(char *out, size_t room, uint64_t done, uint64_t total, double per_second)
{
    char size[BAR_TEXT];
    char left[BAR_TEXT];

    out[0] = '\0';
    if (total > 0 && done >= total)
        (void)snprintf(out, room, "  waiting for the verdict");
    else if (per_second >= 1)
        (void)snprintf(out, room, "  %s/s  %s left", bar_size((uint64_t)per_second, size),
                       bar_time((double)(total - done) / per_second, left));
}

/* " [====>    ]" of so many columns in all, or "" where that is too few. */
static void format_cells(char *out, size_t columns, uint64_t done, uint64_t total)
{
    size_t cells = columns > 3 ? columns - 3 : 0;
    size_t full;

    out[0] = '\0';
    if (cells < CELLS_MIN)
        return;
    if (cells > CELLS_MAX)
        cells = CELLS_MAX;
    full = total > 0 ? (size_t)((double)cells * (double)done / (double)total) : 0;
    full = full < cells ? full : cells;
    out[0] = ' ';
    out[1] = '[';
    memset(out + 2, '=', full);
    memset(out + 2 + full, ' ', cells - full);
    if (full > 0 && full < cells)
        out[1 + full] = '>';
    memcpy(out + 2 + cells, "]", 2);
}

void bar_line(char *out, size_t room, size_t width, const char *label, uint64_t done,
              uint64_t total, double per_second)
{
    char cells[CELLS_MAX + 4];
    char rate[64];
    char name[LABEL_MAX + 4];
    size_t length = strlen(label);
    size_t taken;

    if (length > LABEL_MAX)
        (void)snprintf(name, sizeof(name), "%.*s...", LABEL_MAX - 3, label);
    else
        (void)snprintf(name, sizeof(name), "%s", label);
    format_rate(rate, sizeof(rate), done, total, per_second);
    taken = strlen(name) + strlen("  45%");
    if (taken + strlen(rate) >= width)
        rate[0] = '\0';
    taken += strlen(rate);
    format_cells(cells, width > taken + 1 ? width - 1 - taken : 0, done, total);
    (void)snprintf(out, room, "%s%s %3u%%%s", name, cells, bar_percent(done, total), rate);
}
