/* SPDX-License-Identifier: MIT */
/* The moving part of an upload. 100 % stands there only after the device's word. */
#include "cli/run_upload.h"

#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "sys/sys.h"

enum {
    REDRAW_MS = 100,
    LINE_MS = 1000, /* between two lines of progress at the least */
    CELLS = 60,
    FIRST_CELLS = 4, /* PlatformIO shows an open line once it has four equal characters */
    LABEL_MAX = 32,
    BAR_MIN = 10, /* cells */
    BAR_MAX = 40,
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
    if (cells < BAR_MIN)
        return;
    if (cells > BAR_MAX)
        cells = BAR_MAX;
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
    char cells[BAR_MAX + 4];
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

static bool is_due(const struct show_upload *show, uint64_t now, unsigned ms)
{
    return show->drawn_ms == 0 || now >= show->drawn_ms + ms;
}

static void draw_bar(struct show_upload *show, const struct espota_upload_event *event,
                     uint64_t now)
{
    char line[256];

    if (!is_due(show, now, REDRAW_MS) && event->bytes < event->total)
        return;
    bar_line(line, sizeof(line), out_width(), event->target, event->bytes, event->total,
             show->rate.per_second);
    out_status_line(line);
    show->drawn_ms = now;
}

static void draw_fleet(struct show_upload *show, uint64_t now)
{
    char line[256];
    char rate[BAR_TEXT];

    if (!is_due(show, now, REDRAW_MS))
        return;
    (void)snprintf(line, sizeof(line), "%zu of %zu done, %zu failed  %s/s", show->good,
                   show->targets, show->ended - show->good,
                   bar_size((uint64_t)show->rate.per_second, rate));
    out_status_line(line);
    show->drawn_ms = now;
}

static void tell_tenth(struct show_upload *show, const struct espota_upload_event *event,
                       uint64_t now)
{
    unsigned percent = bar_percent(event->bytes, event->total);
    unsigned tenths = percent / 10;
    char rate[BAR_TEXT];

    if (show->drawn_ms == 0)
        show->drawn_ms = now; /* what is over at once needs no such line */
    if (tenths <= show->tenths || !is_due(show, now, LINE_MS))
        return;
    if (show->rate.per_second >= 1)
        out_note("%s: %u %%, %s/s", event->target, percent,
                 bar_size((uint64_t)show->rate.per_second, rate));
    else
        out_note("%s: %u %%", event->target, percent);
    show->tenths = tenths;
    show->drawn_ms = now;
}

static void draw_cells(struct show_upload *show, unsigned cells)
{
    char text[CELLS + 1];
    unsigned count = 0;

    if (!show->open) {
        out_part(show->style == SHOW_CELLS ? "Uploading: [" : "Uploading");
        show->open = true;
    }
    for (; show->cells < cells; show->cells++)
        text[count++] = show->style == SHOW_CELLS ? '=' : '.';
    text[count] = '\0';
    if (count > 0)
        out_part(text);
}

static void grow_cells(struct show_upload *show, const struct espota_upload_event *event)
{
    unsigned cells = bar_percent(event->bytes, event->total) * CELLS / 100;

    if (cells >= FIRST_CELLS || show->style == SHOW_DOTS)
        draw_cells(show, cells);
}

/* What all targets' devices have acknowledged together. */
static uint64_t add_up(struct show_upload *show, const struct espota_upload_event *event)
{
    if (show->acked == NULL || event->index >= show->targets)
        return event->bytes;
    show->acked_sum -= show->acked[event->index];
    show->acked[event->index] = event->bytes;
    show->acked_sum += event->bytes;
    return show->acked_sum;
}

void show_progress(struct show_upload *show, const struct espota_upload_event *event)
{
    uint64_t now = espota_clock_ms();

    bar_rate_update(&show->rate, now, add_up(show, event));
    if (show->style == SHOW_CELLS || show->style == SHOW_DOTS)
        grow_cells(show, event);
    else if (show->style == SHOW_BAR && show->targets > 1)
        draw_fleet(show, now);
    else if (show->style == SHOW_BAR)
        draw_bar(show, event, now);
    else if (show->style == SHOW_PLAIN && show->targets == 1)
        tell_tenth(show, event, now);
}

void show_progress_close(struct show_upload *show, bool whole)
{
    if (whole && (show->style == SHOW_CELLS || show->style == SHOW_DOTS))
        draw_cells(show, CELLS);
    if (show->open)
        out_part(!whole ? "\n" : show->style == SHOW_CELLS ? "] 100%\n" : " 100%\n");
    show->open = false;
    show->cells = 0;
    show->tenths = 0;
    show->drawn_ms = 0;
}
