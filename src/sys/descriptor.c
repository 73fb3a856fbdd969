/* SPDX-License-Identifier: MIT */
#include "sys/descriptor.h"

#include <errno.h>
#include <fcntl.h>
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
