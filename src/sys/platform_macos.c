/* SPDX-License-Identifier: MIT */
/* In place of platform_linux.c. No file is without a name here, and no call keeps a path below a
 * folder: who asked for that does without. */
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

/* fsync leaves what it wrote in the drive's memory; not every file system knows the other call. */
int espota_platform_sync(int fd)
{
    if (fcntl(fd, F_FULLFSYNC) == 0)
        return 0;
    return fsync(fd);
}
