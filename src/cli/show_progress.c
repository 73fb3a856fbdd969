/* SPDX-License-Identifier: MIT */
/* The moving part of an upload. 100 % stands there only after the device's word. */
#include "cli/show_upload.h"

#include <stdio.h>

#include "cli/out.h"
#include "sys/sys.h"

enum {
    REDRAW_MS = 100,
    LINE_MS = 1000, /* between two lines of progress at the least */
    CELLS = 60,
    FIRST_CELLS = 4, /* PlatformIO shows an open line once it has four equal characters */
};

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
    unsigned tenths = bar_percent(event->bytes, event->total) / 10;
    unsigned percent = bar_percent(event->bytes, event->total);
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
