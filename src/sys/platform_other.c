/* SPDX-License-Identifier: MIT */
/* In place of platform_linux.c where a system has no more than POSIX: what cannot be done says so,
 * and who asked for it does without. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys/platform.h"

int espota_output_nameless(const char *folder)
{
    (void)folder;
    errno = EOPNOTSUPP;
    return -1;
}

int espota_output_name(int fd, const char *name)
{
    (void)fd;
    (void)name;
    errno = EOPNOTSUPP;
    return -1;
}

int espota_open_beneath(int folder, const char *name, int flags)
{
    (void)folder;
    (void)name;
    (void)flags;
    errno = ENOSYS;
    return -1;
}

int espota_platform_sync(int fd)
{
    return fsync(fd);
}
