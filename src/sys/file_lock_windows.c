/* SPDX-License-Identifier: MIT */
/* The lock is a file that nobody else may open meanwhile, and that goes away with its handle. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/descriptor.h"
#include "sys/file.h"
#include "sys/wide_windows.h"

enum { ENDING = sizeof(".lock") };

static HANDLE open_alone(const char *path)
{
    wchar_t *wide = espota_wide_path(path);
    HANDLE file = INVALID_HANDLE_VALUE;

    if (wide == NULL)
        return file;
    file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE | DELETE, 0, NULL, OPEN_ALWAYS,
                       FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file == INVALID_HANDLE_VALUE)
        espota_windows_failed();
    free(wide);
    return file;
}

static enum espota_status take(struct espota_file_lock *lock, const char *path,
                               struct espota_error *err)
{
    HANDLE file = open_alone(lock->path);

    if (file != INVALID_HANDLE_VALUE)
        lock->fd = espota_windows_descriptor(file);
    if (lock->fd >= 0)
        return ESPOTA_OK;
    if (errno == espota_windows_errno(ERROR_SHARING_VIOLATION) ||
        errno == espota_windows_errno(ERROR_DELETE_PENDING))
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s is in use by another run (it holds %s); wait for it, or name "
                                "another file",
                                path, lock->path);
    return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot lock %s", lock->path);
}

enum espota_status espota_file_lock_take(struct espota_file_lock *lock, const char *path,
                                         struct espota_error *err)
{
    size_t room = strlen(path) + ENDING;
    enum espota_status status;

    *lock = (struct espota_file_lock)ESPOTA_FILE_LOCK_INIT;
    lock->path = malloc(room);
    if (lock->path == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to lock %s", path);
    (void)snprintf(lock->path, room, "%s.lock", path);
    status = take(lock, path, err);
    if (status != ESPOTA_OK)
        espota_file_lock_release(lock);
    return status;
}

void espota_file_lock_release(struct espota_file_lock *lock)
{
    espota_descriptor_close(&lock->fd);
    free(lock->path);
    lock->path = NULL;
}
