/* SPDX-License-Identifier: MIT */
#include "sys/stream.h"

#include <errno.h>
#include <unistd.h>

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
