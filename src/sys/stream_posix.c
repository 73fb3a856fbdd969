/* SPDX-License-Identifier: MIT */
#include "sys/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/program.h"

enum espota_status espota_stream_stdin(int *fd, struct espota_error *err)
{
    (void)err;
    *fd = STDIN_FILENO;
    return ESPOTA_OK;
}

enum espota_status espota_stream_read(int fd, void *data, size_t room, size_t *done, int *os_error)
{
    ssize_t got;

    do
        got = read(fd, data, room);
    while (got < 0 && errno == EINTR);
    return espota_descriptor_outcome(got, done, os_error);
}

enum { FIRST_INHERITED = 3 };

bool espota_inherited_listener(int *fd)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    bool ours = pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid() &&
                strtol(count, NULL, 10) >= 1;

    espota_environment_remove("LISTEN_PID");
    espota_environment_remove("LISTEN_FDS");
    espota_environment_remove("LISTEN_FDNAMES");
    if (!ours || !espota_descriptor_prepare(FIRST_INHERITED))
        return false;
    *fd = FIRST_INHERITED;
    return true;
}
