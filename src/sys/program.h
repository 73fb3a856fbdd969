/* SPDX-License-Identifier: MIT */
/* What a program of this house needs of its process and its terminal. The library never does. */
#ifndef ESPOTA_SYS_PROGRAM_H
#define ESPOTA_SYS_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

enum espota_program_stream {
    ESPOTA_PROGRAM_STDIN,
    ESPOTA_PROGRAM_STDOUT,
    ESPOTA_PROGRAM_STDERR,
};

/*
 * First thing in main: writing to a closed pipe, or beyond a limit of file sizes, becomes an error
 * instead of a signal, and none of the three standard descriptors can be taken by a socket: one
 * that is closed stays an error to use. SIGINT, SIGTERM and SIGHUP end the process as ever, but
 * what is half written goes away first.
 */
void espota_program_begin(void);

/*
 * Puts main's argument list in UTF-8 in place of the one that main was given, where the system
 * would give it in another way; it stays to the end. False: no memory.
 */
bool espota_program_arguments(int *argc, char ***argv) ESPOTA_MUST_CHECK;

bool espota_program_is_terminal(enum espota_program_stream stream);

/*
 * Whether it is a terminal that knows carriage return, the erasing of a line and colours; where it
 * has to be told to, it is.
 */
bool espota_program_can_rewrite(enum espota_program_stream stream);

/* Columns of a terminal; 80 where they cannot be told. */
size_t espota_program_width(enum espota_program_stream stream);

/*
 * Whether writing over main's argument list takes a word out of what the system shows others of
 * this process.
 */
bool espota_program_hides_arguments(void);

/* What the file of a program is called behind its name: ".exe", or "". */
extern const char *const espota_program_suffix;

/* Takes a variable away from this program and those that it starts. */
void espota_environment_remove(const char *name);

/* The absolute path of this program; false if the system does not tell. */
bool espota_program_path(char *out, size_t room);

/*
 * From now on SIGINT, SIGTERM and SIGHUP call `stop`, in the handler, instead of ending the
 * process; one that was ignored stays ignored. The same signal a second time ends it after all.
 * NULL: nothing is called any more, but the signal is still noted.
 */
void espota_program_on_stop(void (*stop)(void *context), void *context);
/*
 * From now on SIGHUP calls `reload`, in the handler, each time, and stops nothing. For programs
 * that run on and on; after on_stop.
 */
void espota_program_on_reload(void (*reload)(void *context), void *context);
/* The signal that came first, 0: none. The exit code that says so is 128 more. */
int espota_program_stop_signal(void);

/*
 * Asks a question on the terminal: one line of the answer without its end, terminated. Without a
 * terminal, or where standard error is none (nobody would see it): E_LOCAL. E_INTERRUPTED if a
 * signal came instead of an answer. What is typed `hidden` is not shown, and the answer is
 * in no other memory than `answer`. A program that is stopped (Ctrl-Z) meanwhile leaves the
 * terminal as it was, and asks again when it goes on.
 */
enum espota_status espota_program_ask(const char *question, bool hidden, char *answer, size_t room,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/* Files that must not outlive the program, for the signal handler that ends it. */

/* Part of what owns the file. The path stays as it is until it is struck off. */
struct espota_temporary {
    const char *path; /* borrowed */
    struct espota_temporary *volatile next;
};

/* Before the file is made: a signal that comes first finds nothing to remove. */
void espota_temporaries_add(struct espota_temporary *temporary, const char *path);
/* After the file is gone or has its final name. Harmless if it is not there. */
void espota_temporaries_strike(struct espota_temporary *temporary);
/* Removes every file that is on the list; may be called from a signal handler. */
void espota_temporaries_remove(void);

#endif
