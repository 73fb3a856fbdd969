/* SPDX-License-Identifier: MIT */
/*
 * One table per command is parsed, printed as help, and compared with man pages and completions by
 * a test. Own code and not getopt_long: a table has types and bounds, and a mistyped option gets
 * the one that was meant.
 */
#include "cli/opt.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "cli/similar.h"

const struct opt opt_help_row = {OPT_CALL, 'h', "help", NULL, "print this and exit", .size = 0};

struct parse {
    const struct opt_command *command;
    int argc;
    char **argv;
    int next; /* the argument to look at next */
    void *args;
    size_t place; /* the positional that the next argument fills */
    bool filled;  /* ... and it has one already */
    bool *help;
    struct espota_error *err;
};

static bool is_option(const struct opt *row)
{
    return row->kind != OPT_HEADING;
}

static bool takes_value(const struct opt *row)
{
    return row->value != NULL;
}

/* Found by name: one row; or the number of rows that `name` could be short for. */
struct found {
    const struct opt *row;
    size_t count;
};

static void match_name(const struct opt *row, const char *name, size_t length, struct found *found)
{
    if (!is_option(row) || row->name == NULL || strncmp(row->name, name, length) != 0)
        return;
    if (row->name[length] == '\0') {
        found->row = row;
        found->count = 0; /* a whole name beats every prefix; 0 marks it */
    } else if (found->row == NULL || found->count > 0) {
        found->row = row;
        found->count++;
    }
}

static struct found find_name(const struct opt_command *command, const char *name, size_t length)
{
    struct found found = {NULL, 0};

    for (const struct opt *row = command->options; row->kind != OPT_END; row++)
        match_name(row, name, length, &found);
    match_name(&opt_help_row, name, length, &found);
    return found;
}

static const struct opt *find_letter(const struct opt_command *command, char letter)
{
    for (const struct opt *row = command->options; row->kind != OPT_END; row++) {
        if (is_option(row) && row->letter == letter)
            return row;
    }
    return letter == opt_help_row.letter ? &opt_help_row : NULL;
}

/* ", --name" behind what the message says already; what has no room is left out. */
static void list_name(const struct opt *row, const char *name, size_t length, char *list,
                      size_t room)
{
    size_t used = strlen(list);

    if (!is_option(row) || row->name == NULL || strncmp(row->name, name, length) != 0)
        return;
    if (used + strlen(row->name) + sizeof(", --") <= room)
        (void)snprintf(list + used, room - used, "%s--%s", used > 0 ? ", " : "", row->name);
}

static enum espota_status ambiguous(const struct parse *p, const char *name, size_t length)
{
    char list[256] = "";

    for (const struct opt *row = p->command->options; row->kind != OPT_END; row++)
        list_name(row, name, length, list, sizeof(list));
    list_name(&opt_help_row, name, length, list, sizeof(list));
    return espota_error_set(p->err, ESPOTA_E_USAGE, "option --%.*s could be %s", (int)length, name,
                            list);
}

/* Only the name is shown: what stands behind "=" may be a password. */
static enum espota_status unknown_name(const struct parse *p, const char *name, size_t length)
{
    struct similar near;

    similar_init(&near, name, length);
    for (const struct opt *row = p->command->options; row->kind != OPT_END; row++) {
        if (is_option(row) && row->name != NULL && row->help != NULL)
            similar_offer(&near, row->name);
    }
    if (near.best != NULL)
        return espota_error_set(p->err, ESPOTA_E_USAGE, "unknown option --%.*s; did you mean --%s?",
                                (int)length, name, near.best);
    return espota_error_set(p->err, ESPOTA_E_USAGE, "unknown option --%.*s", (int)length, name);
}

/* Stores a value and says whose it was when it is bad. */
static enum espota_status store(struct parse *p, const struct opt *row, char *value)
{
    enum espota_status status;

    if (row == &opt_help_row) {
        *p->help = true;
        return ESPOTA_OK;
    }
    status = opt_store(row, value, p->args, p->err);
    if (status == ESPOTA_OK)
        return status;
    if (row->name != NULL)
        return espota_error_prefix(p->err, "--%s", row->name);
    return espota_error_prefix(p->err, "-%c", row->letter);
}

/* The next argument as the value of `row`, which was typed as `typed`. */
static enum espota_status store_next(struct parse *p, const struct opt *row, const char *dashes,
                                     const char *typed, size_t length)
{
    if (p->next >= p->argc)
        return espota_error_set(p->err, ESPOTA_E_USAGE, "%s%.*s needs a value: %s", dashes,
                                (int)length, typed, row->value);
    return store(p, row, p->argv[p->next++]);
}

static enum espota_status parse_long(struct parse *p, char *name)
{
    size_t length = strcspn(name, "=");
    char *value = name[length] == '=' ? name + length + 1 : NULL;
    struct found found = find_name(p->command, name, length);

    if (found.row == NULL)
        return unknown_name(p, name, length);
    if (found.count > 1)
        return ambiguous(p, name, length);
    if (takes_value(found.row) && value == NULL)
        return store_next(p, found.row, "--", found.row->name, strlen(found.row->name));
    if (!takes_value(found.row) && value != NULL)
        return espota_error_set(p->err, ESPOTA_E_USAGE, "--%s takes no value", found.row->name);
    return store(p, found.row, value);
}

/* -rd, -p8266, -p 8266 */
static enum espota_status parse_letters(struct parse *p, char *letters)
{
    enum espota_status status = ESPOTA_OK;

    for (; *letters != '\0' && status == ESPOTA_OK && !*p->help; letters++) {
        const struct opt *row = find_letter(p->command, *letters);

        if (row == NULL)
            return espota_error_set(p->err, ESPOTA_E_USAGE, "unknown option -%c", *letters);
        if (!takes_value(row))
            status = store(p, row, NULL);
        else if (letters[1] != '\0')
            return store(p, row, letters + 1);
        else
            return store_next(p, row, "-", letters, 1);
    }
    return status;
}

static enum espota_status parse_positional(struct parse *p, char *value)
{
    const struct opt *row = p->command->positionals;
    enum espota_status status;

    if (row != NULL)
        row += p->place;
    if (row == NULL || row->kind == OPT_END) {
        if (p->command->ignore_strays)
            return ESPOTA_OK;
        return espota_error_set(p->err, ESPOTA_E_USAGE, "unexpected argument '%s'", value);
    }
    status = opt_store(row, value, p->args, p->err);
    if (status != ESPOTA_OK)
        return espota_error_prefix(p->err, "%s", row->value);
    p->filled = true;
    if (row->kind != OPT_CALL) {
        p->place++;
        p->filled = false;
    }
    return ESPOTA_OK;
}

static enum espota_status check_positionals(const struct parse *p)
{
    const struct opt *row = p->command->positionals;

    if (row == NULL)
        return ESPOTA_OK;
    row += p->place;
    if (row->kind != OPT_END && row->min > 0 && !p->filled)
        return espota_error_set(p->err, ESPOTA_E_USAGE, "%s is missing", row->value);
    return ESPOTA_OK;
}

enum espota_status opt_parse(const struct opt_command *command, int argc, char **argv, void *args,
                             bool *help, struct espota_error *err)
{
    struct parse p = {command, argc, argv, 1, args, 0, false, help, err};
    enum espota_status status = ESPOTA_OK;
    bool only_positionals = false;

    *help = false;
    while (p.next < argc && status == ESPOTA_OK && !*help) {
        char *argument = argv[p.next++];

        if (only_positionals || argument[0] != '-' || argument[1] == '\0')
            status = parse_positional(&p, argument);
        else if (argument[1] != '-')
            status = parse_letters(&p, argument + 1);
        else if (argument[2] != '\0')
            status = parse_long(&p, argument + 2);
        else
            only_positionals = true;
    }
    if (status == ESPOTA_OK && !*help)
        status = check_positionals(&p);
    return status;
}

static void print_line(void *context, const char *text)
{
    (void)context;
    out_data("%s\n", text);
}

bool opt_read(const struct opt_command *command, int argc, char **argv, void *args, int *exit_code)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status;
    bool help = false;

    status = opt_parse(command, argc, argv, args, &help, &err);
    if (status != ESPOTA_OK) {
        *exit_code = opt_usage_error(command, "%s", err.message);
        if (status != ESPOTA_E_USAGE)
            *exit_code = espota_status_exit_code(status);
    } else if (help) {
        opt_help(command, print_line, NULL);
        *exit_code = 0;
    }
    return status == ESPOTA_OK && !help;
}

int opt_usage_error(const struct opt_command *command, const char *format, ...)
{
    char message[1024];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    out_error("%s", message);
    out_hint("Try '%s --help'.", command->program);
    return espota_status_exit_code(ESPOTA_E_USAGE);
}
