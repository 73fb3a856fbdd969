/* SPDX-License-Identifier: MIT */
/*
 * The only place that writes to the terminal. Results (JSON, tables, --help) go to standard
 * output; what a person reads meanwhile goes to standard error.
 */
#ifndef ESPOTA_CLI_OUT_H
#define ESPOTA_CLI_OUT_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/error.h"
#include "espota/log.h"
#include "espota/status.h"

/* First thing in main. `program` stands in front of errors and warnings. */
void out_init(const char *program);

/*
 * Last thing in main: takes the bar away, flushes, and returns the exit code. It is `exit_code`,
 * or that of ESPOTA_E_LOCAL where everything went well but standard output did not take it all.
 */
int out_finish(int exit_code);

/* What is told on standard error: errors only (-q), notes, also details (-v). -q wins. */
extern bool out_quiet, out_verbose;

/* Rows for an option table. Include "cli/opt.h" as well. */
#define OPT_ROWS_OUTPUT                                                                            \
    {OPT_FLAG, 'q', "quiet", NULL, "print errors only", .flag = &out_quiet},                       \
    {                                                                                              \
        OPT_FLAG, 'v', "verbose", NULL, "print what happens on the way", .flag = &out_verbose      \
    }

/* To standard output, as printf does. Flushed at the end, when a person reads it at each line. */
void out_data(const char *format, ...) ESPOTA_PRINTF(1, 2);
/* One line, flushed at once: for streams of events. */
void out_event(const char *line);
/* The same for JSON, which is then freed. False: it is NULL for want of memory. */
bool out_json(char *line);
/* Standard output is gone: a command that only prints may stop. */
bool out_lost(void);

enum out_kind {
    OUT_ERROR,
    OUT_HINT, /* belongs to an error before it */
    OUT_WARNING,
    OUT_NOTE,   /* not with -q, as warnings */
    OUT_DETAIL, /* only with -v */
};
/*
 * One line on standard error. No line end in `format`; bytes that could drive the terminal are
 * shown as "?". Errors and warnings get "PROGRAM: error: " in front.
 */
void out_say(enum out_kind kind, const char *format, ...) ESPOTA_PRINTF(2, 3);
#define out_error(...) out_say(OUT_ERROR, __VA_ARGS__)
#define out_hint(...) out_say(OUT_HINT, __VA_ARGS__)
#define out_warning(...) out_say(OUT_WARNING, __VA_ARGS__)
#define out_note(...) out_say(OUT_NOTE, __VA_ARGS__)
#define out_detail(...) out_say(OUT_DETAIL, __VA_ARGS__)

enum out_tone { OUT_GOOD, OUT_BAD, OUT_DOUBT };
/* A note that begins with a coloured word; with OUT_BAD and OUT_DOUBT it is shown despite -q. */
void out_verdict(enum out_tone tone, const char *word, const char *format, ...) ESPOTA_PRINTF(3, 4);

/* A log for the library whose lines come out here. */
struct espota_log out_log(void);

/* Whether standard error is a terminal whose last line can be rewritten. */
bool out_can_rewrite(void);
/* Rewrite it all the same: somebody who shows it elsewhere asked for it. */
void out_force_status_line(void);
/* Columns of that terminal. */
size_t out_width(void);
/*
 * The line at the bottom of the terminal that is rewritten in place, cut to the width; NULL takes
 * it away. Nothing happens where standard error is no terminal. Every other line takes it away
 * first.
 */
void out_status_line(const char *text);

/* Part of a line on standard error as it is, flushed: for the tools that we stand in for. */
void out_part(const char *text);

#endif
