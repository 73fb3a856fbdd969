/* SPDX-License-Identifier: MIT */
/*
 * The only file that writes to the terminal: what is data, what is for people, colours and the
 * line that is rewritten must know of each other.
 */
#include "cli/out.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"

enum { LINE_ROOM = 2048 };

bool out_quiet, out_verbose;

/* There is one terminal, so this and the two above are the globals of the program. */
static struct {
    const char *program;
    bool colour;      /* on standard error */
    bool rewritable;  /* standard error is a terminal that knows carriage return and erase */
    bool status_line; /* one is shown */
    bool annotate;    /* GitHub's runner makes notes on the run of lines that begin with :: */
    int lost;         /* errno of the first failed write to standard output */
} out = {.program = "espota-c"};

static const char red[] = "\033[1;31m";
static const char yellow[] = "\033[1;33m";
static const char green[] = "\033[1;32m";
static const char normal[] = "\033[0m";

static bool is_set(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0';
}

static bool is_zero(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && strcmp(value, "0") == 0;
}

/* NO_COLOR, then CLICOLOR_FORCE, then CLICOLOR, then the terminal. */
static bool want_colour(bool terminal)
{
    if (is_set("NO_COLOR"))
        return false;
    if (is_set("CLICOLOR_FORCE") && !is_zero("CLICOLOR_FORCE"))
        return true;
    return terminal && !is_zero("CLICOLOR");
}

void out_init(const char *program)
{
    out.program = program;
    out.rewritable = espota_program_can_rewrite(ESPOTA_PROGRAM_STDERR);
    out.colour = want_colour(out.rewritable);
    out.annotate = is_set("GITHUB_ACTIONS");
}

bool out_can_rewrite(void)
{
    return out.rewritable;
}

void out_force_status_line(void)
{
    out.rewritable = true;
}

size_t out_width(void)
{
    return espota_program_width(ESPOTA_PROGRAM_STDERR);
}

static void erase_status_line(void)
{
    if (out.status_line)
        (void)fputs("\r\033[K", stderr);
    out.status_line = false;
}

/* The first failure is the one that counts: later ones only follow from it. */
static void check_data(bool ok)
{
    if (!ok && out.lost == 0)
        out.lost = espota_os_write_error(errno != 0 ? errno : EIO);
}

void out_data(const char *format, ...)
{
    va_list args;

    erase_status_line();
    va_start(args, format);
    check_data(vprintf(format, args) >= 0 && !ferror(stdout)); /* not every printf tells */
    va_end(args);
}

void out_event(const char *line)
{
    erase_status_line();
    check_data(puts(line) >= 0 && fflush(stdout) == 0);
}

bool out_json(char *line)
{
    bool there = line != NULL;

    if (there)
        out_event(line);
    free(line);
    return there;
}

bool out_lost(void)
{
    return out.lost != 0;
}

int out_finish(int exit_code)
{
    erase_status_line();
    errno = 0;
    check_data(fflush(stdout) == 0 && !ferror(stdout));
    if (out.lost == 0)
        return exit_code;
    out_error("cannot write to standard output: %s", espota_os_text(out.lost));
    return exit_code != 0 ? exit_code : espota_status_exit_code(ESPOTA_E_LOCAL);
}

/* What came from outside was made printable where it came in; this is the second lock. */
static void disarm(char *text)
{
    for (; *text != '\0'; text++) {
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == '\x7f')
            *text = '?';
    }
}

/* "MARK TEXT" in one write, the mark in colour. */
static void put_line(const char *colour, const char *mark, const char *format, va_list args)
{
    char text[LINE_ROOM];

    (void)vsnprintf(text, sizeof(text), format, args);
    disarm(text);
    erase_status_line();
    if (mark[0] == '\0')
        (void)fprintf(stderr, "%s\n", text);
    else if (out.colour)
        (void)fprintf(stderr, "%s%s%s %s\n", colour, mark, normal, text);
    else
        (void)fprintf(stderr, "%s %s\n", mark, text);
    (void)fflush(stderr);
}

/* "::error title=PROGRAM::TEXT" (a % would begin an escape there). */
static void annotate(const char *kind, const char *word, const char *format, va_list args)
{
    char text[LINE_ROOM];

    (void)vsnprintf(text, sizeof(text), format, args);
    disarm(text);
    (void)fprintf(stderr, "::%s title=%s::%s%s", kind, out.program, word,
                  word[0] != '\0' ? " " : "");
    for (const char *c = text; *c != '\0'; c++)
        (void)(*c == '%' ? fputs("%25", stderr) : fputc(*c, stderr));
    (void)fputc('\n', stderr);
    (void)fflush(stderr);
}

void out_say(enum out_kind kind, const char *format, ...)
{
    bool always = kind == OUT_ERROR || kind == OUT_HINT;
    const char *word = kind == OUT_ERROR ? "error" : "warning";
    char mark[64] = "";
    va_list args;

    if (!always && (out_quiet || (kind == OUT_DETAIL && !out_verbose)))
        return;
    if (kind == OUT_ERROR || kind == OUT_WARNING)
        (void)snprintf(mark, sizeof(mark), "%s: %s:", out.program, word);
    va_start(args, format);
    if (out.annotate && mark[0] != '\0')
        annotate(word, "", format, args);
    else
        put_line(kind == OUT_ERROR ? red : yellow, mark, format, args);
    va_end(args);
}

void out_verdict(enum out_tone tone, const char *word, const char *format, ...)
{
    static const char *const colours[] = {
        [OUT_GOOD] = green, [OUT_BAD] = red, [OUT_DOUBT] = yellow};
    va_list args;

    if (out_quiet && tone == OUT_GOOD)
        return;
    va_start(args, format);
    if (out.annotate && tone != OUT_GOOD)
        annotate(tone == OUT_BAD ? "error" : "warning", word, format, args);
    else
        put_line(colours[tone], word, format, args);
    va_end(args);
}

static void log_line(void *context, enum espota_log_level level, const char *line)
{
    (void)context;
    out_say(level == ESPOTA_LOG_WARNING ? OUT_WARNING
            : level == ESPOTA_LOG_NOTE  ? OUT_NOTE
                                        : OUT_DETAIL,
            "%s", line);
}

struct espota_log out_log(void)
{
    return (struct espota_log){log_line, NULL};
}

void out_status_line(const char *text)
{
    char line[LINE_ROOM];
    size_t width = out_width();

    if (!out.rewritable)
        return;
    if (text == NULL) {
        erase_status_line();
        (void)fflush(stderr);
        return;
    }
    /* One column stays free: a full line would make some terminals wrap. */
    if (width > sizeof(line))
        width = sizeof(line);
    (void)snprintf(line, width > 1 ? width : 2, "%s", text);
    disarm(line);
    (void)fprintf(stderr, "\r%s\033[K", line);
    (void)fflush(stderr);
    out.status_line = true;
}

void out_part(const char *text)
{
    erase_status_line();
    (void)fputs(text, stderr);
    (void)fflush(stderr);
}
