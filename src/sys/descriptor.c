/* SPDX-License-Identifier: MIT */
/*
 * What read() and write() leave to each caller (signals in between, less than was asked for, a
 * descriptor that does not block) is done once, here.
 */
#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
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

bool espota_descriptor_again(int fd, bool writing)
{
    struct pollfd item = {fd, writing ? POLLOUT : POLLIN, 0};

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        return false;
    (void)poll(&item, 1, -1);
    return true;
}

bool espota_descriptor_read(int fd, void *out, size_t room, size_t *length)
{
    ssize_t got = read(fd, out, room);

    while (got < 0 && errno != EINTR && espota_descriptor_again(fd, false))
        got = read(fd, out, room);
    *length = got > 0 ? (size_t)got : 0;
    return got >= 0;
}

bool espota_descriptor_write(int fd, const void *data, size_t length)
{
    const uint8_t *at = data;

    while (length > 0) {
        ssize_t took = write(fd, at, length);

        if (took == 0)
            errno = EIO; /* with nothing said it would go on for ever */
        if (took == 0 || (took < 0 && !espota_descriptor_again(fd, true)))
            return false;
        if (took < 0)
            continue;
        at += took;
        length -= (size_t)took; /* took <= length */
    }
    return true;
}

bool espota_descriptor_read_at(int fd, uint64_t offset, void *out, size_t room, size_t *length)
{
    uint8_t *at = out;

    *length = 0;
    while (*length < room) {
        ssize_t got = pread(fd, at + *length, room - *length, (off_t)(offset + *length));

        if (got == 0)
            break;
        if (got < 0 && errno != EINTR)
            return false;
        if (got > 0)
            *length += (size_t)got; /* got <= room - length */
    }
    return true;
}

enum espota_status espota_descriptor_outcome(long result, size_t *done, int *os_error)
{
    *done = result > 0 ? (size_t)result : 0;
    *os_error = result < 0 ? errno : 0;
    if (result >= 0)
        return ESPOTA_OK;
    return errno == EAGAIN || errno == EWOULDBLOCK ? ESPOTA_MORE : ESPOTA_E_BROKEN;
}
