/* SPDX-License-Identifier: MIT */
/* --help from an option table, on 80 columns. */
#include <stdio.h>
#include <string.h>

#include "cli/opt.h"
#include "cli/out.h"

enum {
    COLUMNS = 80,
    HELP_AT = 26, /* where the explanations begin */
    LEFT_ROOM = 512,
};

/* The length of the words of this line that fit into `room` columns; at least one word. */
static size_t fitting(const char *text, size_t room)
{
    size_t fits = strcspn(text, " \n");

    while (text[fits] == ' ') {
        size_t next = fits + 1 + strcspn(text + fits + 1, " \n");

        if (next > room)
            break;
        fits = next;
    }
    return fits;
}

/* The line of `text` wrapped from column `at` on, first behind `left`. Returns its end. */
static const char *print_wrapped(const char *left, size_t at, const char *text)
{
    if (strlen(left) + 1 > at && at > 0) {
        out_data("%s\n", left);
        left = "";
    }
    do {
        size_t length = fitting(text, COLUMNS - at);

        out_data("%-*s%.*s\n", (int)at, left, (int)length, text);
        left = "";
        text += length;
        text += strspn(text, " ");
    } while (*text != '\0' && *text != '\n');
    return text;
}

static void print_option(const struct opt *row)
{
    char left[LEFT_ROOM];
    char letter[8] = "    ";
    const char *value = row->value != NULL ? row->value : "";
    const char *space = row->value != NULL ? " " : "";

    if (row->letter != 0)
        (void)snprintf(letter, sizeof(letter), "-%c%s", row->letter, row->name != NULL ? ", " : "");
    if (row->name != NULL)
        (void)snprintf(left, sizeof(left), "  %s--%s%s%s", letter, row->name, space, value);
    else
        (void)snprintf(left, sizeof(left), "  %s%s%s", letter, space, value);
    (void)print_wrapped(left, HELP_AT, row->help);
}

static void print_positionals(const struct opt *row)
{
    char left[LEFT_ROOM];

    out_data("\n");
    for (; row->kind != OPT_END; row++) {
        (void)snprintf(left, sizeof(left), "  %s", row->value);
        (void)print_wrapped(left, HELP_AT, row->help);
    }
}

static void print_options(const struct opt *row)
{
    if (row->kind != OPT_HEADING)
        out_data("\nOptions:\n");
    for (; row->kind != OPT_END; row++) {
        if (row->kind == OPT_HEADING)
            out_data("\n%s:\n", row->help);
        else if (row->help != NULL)
            print_option(row);
    }
    print_option(row);
}

/* One "Usage:" line for each form. */
static void print_usage(const struct opt_command *command)
{
    const char *form = command->usage;
    const char *title = "Usage:";
    char left[LEFT_ROOM];

    do {
        form += *form == '\n';
        (void)snprintf(left, sizeof(left), "%-6s %s", title, command->program);
        form = print_wrapped(left, strlen(left) + 1, form);
        title = "";
    } while (*form != '\0');
}

void opt_help(const struct opt_command *command)
{
    print_usage(command);
    out_data("\n");
    (void)print_wrapped("", 0, command->summary);
    if (command->positionals != NULL)
        print_positionals(command->positionals);
    print_options(command->options);
    if (command->notes != NULL)
        out_data("\n%s\n", command->notes);
}
