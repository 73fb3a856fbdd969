/* SPDX-License-Identifier: MIT */
/*
 * The lock is a file beside the one that is guarded, since that one is replaced by a rename. It is
 * removed while it is held, so whoever gets one looks whether it still has its name.
 */
#include "sys/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/descriptor.h"

/* Each try loses only to a process that removed the file between our opening and locking it. */
enum { LOCK_TRIES = 100 };

static const char ending[] = ".lock";

/* Whether the locked file is still the one of that name. */
static bool is_current(int fd, const char *path)
{
    struct stat ours, named;

    return fstat(fd, &ours) == 0 && stat(path, &named) == 0 && ours.st_dev == named.st_dev &&
           ours.st_ino == named.st_ino;
}

/* OK, MORE: try again, E_LOCAL with errno. */
static enum espota_status try_once(struct espota_file_lock *lock)
{
    lock->fd = open(lock->path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
    if (lock->fd < 0)
        return ESPOTA_E_LOCAL;
    if (flock(lock->fd, LOCK_EX | LOCK_NB) != 0) {
        if (errno != EINTR)
            return ESPOTA_E_LOCAL;
    } else if (is_current(lock->fd, lock->path)) {
        return ESPOTA_OK;
    }
    espota_descriptor_close(&lock->fd);
    return ESPOTA_MORE;
}

static enum espota_status take(struct espota_file_lock *lock, const char *path,
                               struct espota_error *err)
{
    enum espota_status status = ESPOTA_MORE;

    for (int i = 0; i < LOCK_TRIES && status == ESPOTA_MORE; i++)
        status = try_once(lock);
    if (status == ESPOTA_OK)
        return ESPOTA_OK;
    if (status == ESPOTA_MORE || errno == EWOULDBLOCK)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s is in use by another run (it holds %s); wait for it, or name "
                                "another file",
                                path, lock->path);
    return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot lock %s", lock->path);
}

enum espota_status espota_file_lock_take(struct espota_file_lock *lock, const char *path,
                                         struct espota_error *err)
{
    size_t room = strlen(path) + sizeof(ending);
    enum espota_status status;

    *lock = (struct espota_file_lock)ESPOTA_FILE_LOCK_INIT;
    lock->path = malloc(room);
    if (lock->path == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to lock %s", path);
    snprintf(lock->path, room, "%s%s", path, ending);
    status = take(lock, path, err);
    if (status != ESPOTA_OK) {
        espota_descriptor_close(&lock->fd);
        free(lock->path);
        lock->path = NULL;
    }
    return status;
}

void espota_file_lock_release(struct espota_file_lock *lock)
{
    if (lock->fd >= 0)
        (void)unlink(lock->path); /* while it is held: nobody else can hold this one */
    espota_descriptor_close(&lock->fd);
    free(lock->path);
    lock->path = NULL;
}
