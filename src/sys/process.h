/* SPDX-License-Identifier: MIT */
/*
 * Small programs of the system, run to read what they print. They inherit
 * nothing that could be secret: no environment but PATH and LC_ALL, no
 * descriptor but an empty input, the output that is read, and nowhere.
 */
#ifndef ESPOTA_SYS_PROCESS_H
#define ESPOTA_SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

struct espota_process {
    const char *const *argv; /* ends with NULL; the name is looked for in the system's folders */
    char *output;            /* filled and terminated; what does not fit is read and dropped */
    size_t room;             /* at least 1 */
    uint32_t timeout_ms;     /* then it is killed, with all that it started */

    size_t length; /* of the output */
    bool cut;      /* there was more */
    int exit_code; /* 128 and the number if a signal ended it; -1 if it cannot be told */
};

/* Whether there is such a program: an answer without running it. */
bool espota_process_is_there(const char *name);

/*
 * Runs it to its end. OK however it ended: look at exit_code. E_NO_ANSWER: it is not installed.
 * E_FAILED: the time was over. E_LOCAL: it could not be started.
 */
enum espota_status espota_process_run(struct espota_process *process,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/* Shared libraries that are loaded when something first needs them, and stay. */

/*
 * Fills `count` function pointers, which stand side by side at `table`, with the functions of
 * these names. E_LOCAL: there is no such library, or it lacks one; `package` is what to install.
 */
enum espota_status espota_module_load(const char *library, const char *package,
                                      const char *const *names, size_t count, void *table,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
