/* SPDX-License-Identifier: MIT */
/*
 * Passwords that a user keeps for devices, one a line:
 *
 *     # a comment; blank lines count for nothing
 *     door           secret
 *     192.168.1.*    a word and # another
 *     lamp:8267      " with blanks around "
 *
 * HOST, blanks, and then the password as it is to the end of the line, without the blanks around.
 * Where it stands between double quotes, it is what is between them, as it is. The first line
 * whose HOST fits a device counts.
 */
#ifndef ESPOTA_CLI_PASSWORDS_H
#define ESPOTA_CLI_PASSWORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/secret.h"
#include "text/text.h"

/* --- passwords.c: the text of the file. Pure. --- */

enum { PASSWORD_HOST_MAX = ESPOTA_HOST_MAX + 16 }; /* "[HOST]:65535", "HOST.local" */

struct password_line {
    const char *start; /* of the line, up to and with its end: `end` */
    const char *end;
    char host[PASSWORD_HOST_MAX + 1]; /* "": a comment, or blank */
    const char *password;             /* inside the text, not terminated */
    size_t length;
};

/* Walks over a text, which is borrowed. */
struct password_reader {
    const char *at;
    const char *end;
    unsigned long number; /* of the line that came last */
};

void password_reader_init(struct password_reader *reader, const char *text, size_t length);
/* The next line; MORE: there is none. E_LOCAL with the line's number, and nothing of the line. */
enum espota_status password_reader_next(struct password_reader *reader, struct password_line *line,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;

/* What a device is called, each with ".local" and without. */
struct password_names {
    char text[6][PASSWORD_HOST_MAX + 1];
    size_t count;
};

/*
 * `host`: as it was given, a name or an address; `port`: the one that it is reached at, 0: any.
 * `name`: as it announced itself, or whatever else a user sees it called by.
 */
void password_names_init(struct password_names *names, const char *host, uint16_t port,
                         const char *name);
bool password_line_fits(const struct password_line *line, const struct password_names *names);

/* The line that counts. MORE: there is none. */
enum espota_status password_find(const char *text, size_t length,
                                 const struct password_names *names, struct password_line *out,
                                 struct espota_error *err) ESPOTA_MUST_CHECK;

/* HOST as it is typed in the way in which it stands in the file. E_USAGE. */
enum espota_status password_host_take(const char *typed, char out[PASSWORD_HOST_MAX + 1],
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/* Text with passwords in it, on the heap. */
struct password_text {
    char *bytes; /* NULL: none */
    size_t length;
};

void password_text_deinit(struct password_text *text); /* wipes it; harmless on zeros */

/*
 * A new text in which `host` (as _host_take made it) has this password, or none where that is NULL.
 * All else stays. The new line counts for that host: it stands in front of the first line that
 * fits it, and at the end otherwise. *before: the lines of that very host that there were.
 * E_USAGE: a password that cannot stand in a line.
 */
enum espota_status password_edit(const struct password_text *old, const char *host,
                                 const struct espota_secret *password, struct password_text *out,
                                 size_t *before, struct espota_error *err) ESPOTA_MUST_CHECK;

/* --- password_file.c: where it is, and who may read it --- */

enum { PASSWORD_PATH = 4096 };

/* E_LOCAL where the system has no place for it. */
enum espota_status password_file_path(char path[PASSWORD_PATH],
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * All of it; no text where there is no file. E_LOCAL for one that others can read, with the command
 * that takes that away. Deinit in any case.
 */
enum espota_status password_file_read(const char *path, struct password_text *out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
/* password_edit on the file, while no other process does the same. */
enum espota_status password_file_edit(const char *path, const char *host,
                                      const struct espota_secret *password, size_t *before,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * The password that is kept for a device, in `out`; OK without one where none is. `line`, which has
 * room for PASSWORD_HOST_MAX + 1, gets whose it is.
 */
enum espota_status password_file_find(const struct password_names *names, char *line,
                                      struct espota_secret *out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
