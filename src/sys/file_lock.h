/* SPDX-License-Identifier: MIT */
/* One process at a time: a file beside the one that is guarded, which may be replaced meanwhile. */
#ifndef ESPOTA_SYS_FILE_LOCK_H
#define ESPOTA_SYS_FILE_LOCK_H

#include "espota/error.h"

struct espota_file_lock {
    int fd; /* -1: not held */
    char *path;
};

#define ESPOTA_FILE_LOCK_INIT                                                                      \
    {                                                                                              \
        -1, NULL                                                                                   \
    }

/* Holds PATH.lock. E_LOCAL at once if another process does. It ends with the process, too. */
enum espota_status espota_file_lock_take(struct espota_file_lock *lock, const char *path,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
/* Lets go and removes PATH.lock. Harmless when not held. */
void espota_file_lock_release(struct espota_file_lock *lock);

#endif
