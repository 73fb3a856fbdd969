/* SPDX-License-Identifier: MIT */
/* The first line of a file that holds a secret: read without any buffer but the caller's. */
#ifndef ESPOTA_SYS_SECRET_FILE_H
#define ESPOTA_SYS_SECRET_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/error.h"

struct espota_secret_line {
    size_t length;
    bool missing; /* after E_LOCAL: there is no such file */
    bool shared;  /* others than its owner may read the file */
};

/*
 * Reads from `path` ("-": standard input, of which nothing behind the line is taken) to `line`,
 * without the line's end (LF or CRLF), terminated. E_LOCAL: cannot be read, is empty, the line
 * does not fit or has a NUL in it. What is in `line` after a failure is the caller's to wipe.
 */
enum espota_status espota_secret_file_read(const char *path, char *line, size_t room,
                                           struct espota_secret_line *out,
                                           struct espota_error *err) ESPOTA_MUST_CHECK;

/* Forgetting: memory is overwritten even where a compiler could prove that nobody looks again. */
void espota_sys_wipe(void *memory, size_t length);

#endif
