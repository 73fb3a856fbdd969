/* SPDX-License-Identifier: MIT */
/* --help from an option table, on 80 columns. */
#include "cli/opt.h"

#include <stdio.h>
#include <string.h>

enum {
    COLUMNS = 80,
    HELP_AT = 26, /* where the explanations begin */
    LINE_ROOM = 512,
};

struct page {
    void (*line)(void *context, const char *text);
    void *context;
};

static void put(const struct page *page, const char *text)
{
    page->line(page->context, text);
}

/* The length of the words at `text` that fit into `room` columns; at least one word. */
static size_t fitting(const char *text, size_t room)
{
    size_t fits = strcspn(text, " ");

    while (text[fits] != '\0') {
        size_t next = fits + 1 + strcspn(text + fits + 1, " ");

        if (next > room)
            break;
        fits = next;
    }
    return fits;
}

/* `text` wrapped from column `at` on, the first line behind `left`. */
static void put_wrapped(const struct page *page, const char *left, size_t at, const char *text)
{
    char line[LINE_ROOM];

    if (strlen(left) + 1 > at && at > 0) {
        put(page, left);
        left = "";
    }
    do {
        size_t length = fitting(text, COLUMNS - at);

        (void)snprintf(line, sizeof(line), "%-*s%.*s", (int)at, left, (int)length, text);
        put(page, line);
        left = "";
        text += length;
        text += strspn(text, " ");
    } while (*text != '\0');
}

static void put_option(const struct page *page, const struct opt *row)
{
    char left[LINE_ROOM];
    char letter[8] = "    ";
    const char *value = row->value != NULL ? row->value : "";
    const char *space = row->value != NULL ? " " : "";

    if (row->letter != 0)
        (void)snprintf(letter, sizeof(letter), "-%c%s", row->letter, row->name != NULL ? ", " : "");
    if (row->name != NULL)
        (void)snprintf(left, sizeof(left), "  %s--%s%s%s", letter, row->name, space, value);
    else
        (void)snprintf(left, sizeof(left), "  %s%s%s", letter, space, value);
    put_wrapped(page, left, HELP_AT, row->help);
}

static void put_positionals(const struct page *page, const struct opt *row)
{
    char left[LINE_ROOM];
    bool any = false;

    for (; row != NULL && row->kind != OPT_END; row++) {
        if (row->help == NULL)
            continue;
        if (!any)
            put(page, "");
        any = true;
        (void)snprintf(left, sizeof(left), "  %s", row->value);
        put_wrapped(page, left, HELP_AT, row->help);
    }
}

static void put_options(const struct page *page, const struct opt *row)
{
    char title[LINE_ROOM];

    if (row->kind != OPT_HEADING) {
        put(page, "");
        put(page, "Options:");
    }
    for (; row->kind != OPT_END; row++) {
        if (row->kind == OPT_HEADING) {
            put(page, "");
            (void)snprintf(title, sizeof(title), "%s:", row->help);
            put(page, title);
        } else if (row->help != NULL) {
            put_option(page, row);
        }
    }
    put_option(page, &opt_help_row);
}

/* Each line of `text` as it is. */
static void put_lines(const struct page *page, const char *text)
{
    char line[LINE_ROOM];

    while (*text != '\0') {
        size_t length = strcspn(text, "\n");

        (void)snprintf(line, sizeof(line), "%.*s", (int)length, text);
        put(page, line);
        text += length;
        text += *text == '\n' ? 1 : 0;
    }
}

/* One "Usage:" line for each form. */
static void put_usage(const struct page *page, const struct opt_command *command)
{
    const char *form = command->usage;
    const char *title = "Usage:";
    char left[LINE_ROOM];
    char text[LINE_ROOM];

    do {
        size_t length = strcspn(form, "\n");

        (void)snprintf(left, sizeof(left), "%-6s %s", title, command->program);
        (void)snprintf(text, sizeof(text), "%.*s", (int)length, form);
        put_wrapped(page, left, strlen(left) + 1, text);
        title = "";
        form += length;
        form += *form == '\n' ? 1 : 0;
    } while (*form != '\0');
}

void opt_help(const struct opt_command *command, void (*line)(void *context, const char *text),
              void *context)
{
    struct page page = {line, context};

    put_usage(&page, command);
    put(&page, "");
    put_wrapped(&page, "", 0, command->summary);
    put_positionals(&page, command->positionals);
    put_options(&page, command->options);
    if (command->notes != NULL) {
        put(&page, "");
        put_lines(&page, command->notes);
    }
}
