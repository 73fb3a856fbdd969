/* SPDX-License-Identifier: MIT */
/* Without files that have no name. */
#include "sys/output_platform.h"

#include <errno.h>

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
