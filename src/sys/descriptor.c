/* SPDX-License-Identifier: MIT */
#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

bool espota_descriptor_prepare(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

bool espota_descriptor_pipe(int ends[2])
{
    if (pipe(ends) != 0) {
        ends[0] = ends[1] = -1;
        return false;
    }
    if (espota_descriptor_prepare(ends[0]) && espota_descriptor_prepare(ends[1]))
        return true;
    espota_descriptor_close(&ends[0]);
    espota_descriptor_close(&ends[1]);
    return false;
}

int espota_descriptor_copy(int fd)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

void espota_descriptor_close(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        close(*fd); /* not again after EINTR: the number may be somebody else's by then */
    *fd = -1;
    errno = saved;
}

enum espota_status espota_stream_read(int fd, void *data, size_t room, size_t *done, int *os_error)
{
    ssize_t got;

    *done = 0;
    do
        got = read(fd, data, room);
    while (got < 0 && errno == EINTR);
    *os_error = got < 0 ? errno : 0;
    if (got < 0)
        return errno == EAGAIN || errno == EWOULDBLOCK ? ESPOTA_MORE : ESPOTA_E_BROKEN;
    *done = (size_t)got;
    return ESPOTA_OK;
}

enum { FIRST_INHERITED = 3 };

bool espota_inherited_listener(int *fd)
{
    const char *pid = getenv("LISTEN_PID");
    const char *count = getenv("LISTEN_FDS");
    bool ours = pid != NULL && count != NULL && strtol(pid, NULL, 10) == (long)getpid() &&
                strtol(count, NULL, 10) >= 1;

    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (!ours || !espota_descriptor_prepare(FIRST_INHERITED))
        return false;
    *fd = FIRST_INHERITED;
    return true;
}
