/* SPDX-License-Identifier: MIT */
/* Who may read a file, by its mode. */
#include <stdio.h>
#include <sys/stat.h>

#include "sys/file.h"
#include "sys/file_platform.h"

bool espota_file_is_shared(int fd)
{
    struct stat facts;

    return fstat(fd, &facts) == 0 && S_ISREG(facts.st_mode) &&
           (facts.st_mode & (S_IRWXG | S_IRWXO)) != 0;
}

const char *espota_file_private_command(const char *path, char *out, size_t room)
{
    (void)snprintf(out, room, "chmod 600 %s", path);
    return out;
}
