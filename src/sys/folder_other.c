/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "sys/folder_platform.h"

int espota_open_beneath(int folder, const char *name, int flags)
{
    (void)folder;
    (void)name;
    (void)flags;
    errno = ENOSYS;
    return -1;
}

int espota_open_nameless(void)
{
    char path[] = "/tmp/espota-image-XXXXXX";
    int fd = mkstemp(path);

    if (fd < 0)
        return -1;
    (void)unlink(path);
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
}
