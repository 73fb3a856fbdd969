/* SPDX-License-Identifier: MIT */
#include "sys/output_platform.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int espota_output_nameless(const char *folder)
{
    return open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
}

int espota_output_name(int fd, const char *name)
{
    char path[64];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    return linkat(AT_FDCWD, path, AT_FDCWD, name, AT_SYMLINK_FOLLOW);
}
