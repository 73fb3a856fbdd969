/* SPDX-License-Identifier: MIT */
/*
 * An upload from options to exit code, which cmd_upload and espota.py's line have in common, and
 * what people see of it meanwhile: its events as lines and as a bar.
 */
#ifndef ESPOTA_CLI_RUN_UPLOAD_H
#define ESPOTA_CLI_RUN_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/upload.h"

enum show_style {
    SHOW_AUTO, /* a bar on a terminal, lines elsewhere; becomes one of those when it starts */
    SHOW_BAR,
    SHOW_PLAIN, /* a line now and then */
    SHOW_NONE,
    SHOW_CELLS, /* as espota.py --progress: one line that grows by "=" */
    SHOW_DOTS,  /* as espota.py: the same of dots */
};

/* Where targets come from, in the order in which they were typed. */
struct upload_source {
    struct espota_upload_target target;
    bool is_file;                /* target.host is a targets file instead */
    struct espota_secret secret; /* the memory behind a host that holds a password */
};

struct run_upload {
    struct espota_upload_options options; /* log, event and context are set by the run */
    const struct upload_source *sources;
    size_t source_count;
    enum show_style style;
    bool json;
    bool may_ask;            /* for a password, on the terminal */
    const char *report_file; /* .md or .xml; NULL: none */
};

/*
 * Uploads and tells about it. The result is the exit code of native mode; *status (may be NULL) is
 * what it comes to.
 */
int run_upload(struct run_upload *run, enum espota_status *status);

/* For run_upload.c: what is shown, in show_upload.c. */
/* How fast it goes: a mean in which the last seconds weigh most. Start from zero. */
struct bar_rate {
    uint64_t at_ms;
    uint64_t bytes;
    double per_second; /* 0: not known yet */
    bool started;
};

struct show_upload {
    enum show_style style;
    size_t targets;
    size_t ended;
    size_t good;
    uint64_t *acked;    /* of each target; NULL: there is no total rate */
    uint64_t acked_sum; /* of acked */
    struct bar_rate rate;
    uint64_t drawn_ms; /* when the bar or the last line of progress was drawn; 0: never */
    unsigned tenths;   /* SHOW_PLAIN: tenths that were told */
    unsigned cells;    /* SHOW_CELLS, SHOW_DOTS: drawn on the line that is open */
    bool open;         /* ... and whether one is open */
    char *early;       /* why the last target failed before it was begun; NULL: it did not */
    size_t again;      /* how many more failed for that reason */
};

void show_upload_init(struct show_upload *show, enum show_style style);
void show_upload_event(struct show_upload *show, const struct espota_upload_event *event);
void show_upload_deinit(struct show_upload *show);

/* For show_upload.c: the moving part, in show_progress.c. */
void show_progress(struct show_upload *show, const struct espota_upload_event *event);
/* Ends what was drawn before a line is printed; `whole`: the device said OK. */
void show_progress_close(struct show_upload *show, bool whole);

/* For these two: how sizes, times and progress are written. Pure: no clock, no output. */

enum { BAR_TEXT = 24 }; /* room for what bar_size and bar_time write */

/* "812 B", "12.0 KiB", "1.4 MiB". Returns out. */
const char *bar_size(uint64_t bytes, char out[BAR_TEXT]);
/* "0:03", "12:40", "1:02:03"; the part of a second counts as a whole one. Returns out. */
const char *bar_time(double seconds, char out[BAR_TEXT]);

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
