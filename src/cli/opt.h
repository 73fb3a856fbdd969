/* SPDX-License-Identifier: MIT */
/*
 * The command line of one command as a table: the same rows feed the parser and --help.
 *
 *     static const struct opt options[] = {
 *         {.kind = OPT_HEADING, .help = "Where to"},
 *         {OPT_INTEGER, 'p', "port", "N", "the device's port", OPT_AT(struct args, port),
 *          .min = 1, .max = 65535},
 *         OPT_ROWS_OUTPUT,
 *         OPT_ROWS_END,
 *     };
 *
 * Read as getopt_long reads: long options by any unique prefix, a value after "=" or as the next
 * argument, clusters of letters, "--" ends the options. A later option overrides an earlier one.
 */
#ifndef ESPOTA_CLI_OPT_H
#define ESPOTA_CLI_OPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

enum opt_kind {
    OPT_END,     /* the last row; of options it is -h and --help */
    OPT_HEADING, /* only for people: `help` is a title over the rows that follow */
    OPT_FLAG,    /* bool: set to true; the one in `flag` if that is not NULL */
    OPT_STRING,  /* const char *: borrowed from argv */
    OPT_INTEGER, /* an unsigned integer of any size: decimal or 0x… from min to max */
    OPT_SECONDS, /* uint32_t milliseconds, typed as seconds with an optional fraction */
    OPT_BYTES,   /* uint64_t, the same; a suffix k, M or G multiplies by 1024, 1024², 1024³ */
    OPT_CHOICE,  /* enum or unsigned: the place in the words of `value`, from 0 */
    OPT_SECRET,  /* struct espota_secret: a copy; the bytes in argv are overwritten at once */
    OPT_CALL,    /* call() each time; takes no value if `value` is NULL */
};

struct opt {
    enum opt_kind kind;
    char letter;       /* 0: no short form */
    const char *name;  /* the long form without dashes; NULL: none */
    const char *value; /* the value's name in --help ("HOST[:PORT]"); OPT_CHOICE: "auto|md5|…" */
    const char *help;  /* one or more sentences; NULL hides the option */
    size_t at, size;   /* where the value goes: OPT_AT(struct, member) */
    uint64_t min, max; /* numbers (SECONDS in ms); max 0: whatever the member can hold */
    bool *flag;

    /*
     * OPT_CALL. `value` points into argv (NULL if the option takes none) and may be overwritten
     * there. A bad value: E_USAGE and a message, in front of which the option's name is put.
     */
    enum espota_status (*call)(void *args, char *value, struct espota_error *err);
};

#define OPT_AT(type, member) .at = offsetof(type, member), .size = sizeof(((type *)0)->member)
#define OPT_ROWS_END                                                                               \
    {                                                                                              \
        .kind = OPT_END, .letter = 'h', .name = "help", .help = "print this and exit"              \
    }

struct opt_command {
    const char *program; /* "espota-c upload": what a person types in front of the options */
    const char *usage;   /* "[options] IMAGE": what may follow; one form a line */
    const char *summary; /* a sentence or two under the usage */
    const struct opt *options;
    /*
     * Arguments that are not options, in their order; NULL: none. `value` is the name (IMAGE).
     * OPT_STRING takes one, OPT_CALL all that are left; min 1: at least one must be there.
     */
    const struct opt *positionals;
    bool ignore_strays; /* arguments without a place are ignored instead of refused */
    const char *notes;  /* text under the options in --help, wrapped by its author; NULL: none */
};

/*
 * Reads argv[1] to argv[argc - 1] into `args`. *help: -h or --help was met, nothing behind it was
 * read. E_USAGE: the message says which argument is wrong and what it should be; never the value
 * of a secret.
 */
enum espota_status opt_parse(const struct opt_command *command, int argc, char **argv, void *args,
                             bool *help, struct espota_error *err) ESPOTA_MUST_CHECK;

/* Prints the text of --help, on 80 columns. */
void opt_help(const struct opt_command *command);

/*
 * What a command begins with: parses, prints --help or the error. False: the command is over and
 * *exit_code is its result.
 */
bool opt_read(const struct opt_command *command, int argc, char **argv, void *args,
              int *exit_code) ESPOTA_MUST_CHECK;

/* Prints "PROGRAM: error: MESSAGE" and the hint to --help; returns the exit code of bad usage. */
int opt_usage_error(const struct opt_command *command, const char *format, ...) ESPOTA_PRINTF(2, 3);

/* One typed value on its own, by the rules of a row. For callbacks and for tests. */
enum espota_status opt_store(const struct opt *row, char *value, void *args,
                             struct espota_error *err) ESPOTA_MUST_CHECK;

/* "Did you mean": the word nearest to one that was mistyped. Begin with {typed, length}. */
struct similar {
    const char *typed; /* `length` bytes */
    size_t length;
    const char *best; /* the nearest so far; NULL: nothing is near */
    size_t distance;  /* of best */
};

/*
 * Offers a word, which is borrowed. It is near when it begins with what was typed, or when a
 * third of what was typed, and at least one letter, would have to change (two neighbours that
 * changed places count as one).
 */
void similar_offer(struct similar *search, const char *word);

#endif
