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

enum { WORD_MAX = 31 }; /* longer words are not options or commands */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the table of edit distances, from the two rows above it. */
static void next_row(const char *a, size_t i, const char *b, size_t b_length,
                     size_t rows[3][WORD_MAX + 1])
{
    const size_t *two_up = rows[(i + 1) % 3];
    const size_t *up = rows[(i + 2) % 3];
    size_t *row = rows[i % 3];

    row[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
        size_t change = a[i - 1] == b[j - 1] ? 0 : 1;

        row[j] = least(least(up[j], row[j - 1]) + 1, up[j - 1] + change);
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = least(row[j], two_up[j - 2] + 1);
    }
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++)
        next_row(a, i, b, b_length, rows);
    return rows[a_length % 3][b_length];
}

void similar_offer(struct similar *search, const char *word)
{
    size_t length = strlen(word);
    size_t third = search->length / 3 > 1 ? search->length / 3 : 1;
    size_t found;

    if (search->length == 0 || search->length > WORD_MAX || length > WORD_MAX)
        return;
    if (search->length >= 3 && strncmp(search->typed, word, search->length) == 0)
        found = 1;
    else
        found = distance(search->typed, search->length, word, length);
    if (search->best == NULL ? found <= third : found < search->distance) {
        search->best = word;
        search->distance = found;
    }
}

struct parse {
    const struct opt_command *command;
    int argc;
    char **argv;
    int next; /* the argument to look at next */
    void *args;
    const struct opt *place; /* the positional that the next argument fills */
    bool filled;             /* ... and it has one already */
    bool *help;
    struct espota_error *err;
};

/* Found by name: a row, and all that the name could be short for. */
struct found {
    const struct opt *row; /* the last one; NULL: none */
    size_t count;
    char names[256]; /* "--one, --two"; what has no room is left out */
};

static void add_found(struct found *found, const struct opt *row)
{
    size_t used = strlen(found->names);

    found->row = row;
    found->count++;
    if (used + strlen(row->name) + sizeof(", --") <= sizeof(found->names))
        (void)snprintf(found->names + used, sizeof(found->names) - used, "%s--%s",
                       used > 0 ? ", " : "", row->name);
}

static struct found find_name(const struct opt_command *command, const char *name, size_t length)
{
    struct found found = {.row = NULL};

    for (const struct opt *row = command->options;; row++) {
        if (row->name != NULL && strncmp(row->name, name, length) == 0) {
            if (row->name[length] == '\0') /* a whole name beats every prefix */
                return (struct found){.row = row, .count = 1};
            add_found(&found, row);
        }
        if (row->kind == OPT_END)
            return found;
    }
}

static const struct opt *find_letter(const struct opt_command *command, char letter)
{
    const struct opt *row = command->options;

    while (row->kind != OPT_END && row->letter != letter)
        row++;
    return row->letter == letter ? row : NULL;
}

/* Only the name is shown: what stands behind "=" may be a password. */
static enum espota_status unknown_name(const struct parse *p, const char *name, size_t length)
{
    struct similar near = {name, length, NULL, 0};

    for (const struct opt *row = p->command->options; row->kind != OPT_END; row++) {
        if (row->name != NULL && row->help != NULL)
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

    if (row->kind == OPT_END) {
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

static enum espota_status parse_long(struct parse *p, char *name)
{
    size_t length = strcspn(name, "=");
    char *value = name[length] == '=' ? name + length + 1 : NULL;
    struct found found = find_name(p->command, name, length);
    const struct opt *row = found.row;

    if (row == NULL)
        return unknown_name(p, name, length);
    if (found.count > 1)
        return espota_error_set(p->err, ESPOTA_E_USAGE, "option --%.*s could be %s", (int)length,
                                name, found.names);
    if (row->value == NULL && value != NULL)
        return espota_error_set(p->err, ESPOTA_E_USAGE, "--%s takes no value", row->name);
    if (row->value != NULL && value == NULL) {
        if (p->next >= p->argc)
            return espota_error_set(p->err, ESPOTA_E_USAGE, "--%s needs a value: %s", row->name,
                                    row->value);
        value = p->argv[p->next++];
    }
    return store(p, row, value);
}

/* -rd, -p8266, -p 8266 */
static enum espota_status parse_letters(struct parse *p, char *letters)
{
    enum espota_status status = ESPOTA_OK;

    for (; *letters != '\0' && status == ESPOTA_OK && !*p->help; letters++) {
        const struct opt *row = find_letter(p->command, *letters);

        if (row == NULL)
            return espota_error_set(p->err, ESPOTA_E_USAGE, "unknown option -%c", *letters);
        if (row->value != NULL && letters[1] != '\0')
            return store(p, row, letters + 1);
        if (row->value != NULL && p->next >= p->argc)
            return espota_error_set(p->err, ESPOTA_E_USAGE, "-%c needs a value: %s", *letters,
                                    row->value);
        status = store(p, row, row->value != NULL ? p->argv[p->next++] : NULL);
    }
    return status;
}

static enum espota_status parse_positional(struct parse *p, char *value)
{
    if (p->place->kind == OPT_END) {
        if (p->command->ignore_strays)
            return ESPOTA_OK;
        return espota_error_set(p->err, ESPOTA_E_USAGE, "unexpected argument '%s'", value);
    }
    if (opt_store(p->place, value, p->args, p->err) != ESPOTA_OK)
        return espota_error_prefix(p->err, "%s", p->place->value);
    if (p->place->kind == OPT_CALL)
        p->filled = true;
    else
        p->place++;
    return ESPOTA_OK;
}

enum espota_status opt_parse(const struct opt_command *command, int argc, char **argv, void *args,
                             bool *help, struct espota_error *err)
{
    static const struct opt none = OPT_ROWS_END;
    struct parse p = {.command = command,
                      .argc = argc,
                      .argv = argv,
                      .next = 1,
                      .args = args,
                      .place = command->positionals != NULL ? command->positionals : &none,
                      .help = help,
                      .err = err};
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
    if (status == ESPOTA_OK && !*help && p.place->min > 0 && !p.filled)
        status = espota_error_set(err, ESPOTA_E_USAGE, "%s is missing", p.place->value);
    return status;
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
        opt_help(command);
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
