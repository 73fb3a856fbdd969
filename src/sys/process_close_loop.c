/* SPDX-License-Identifier: MIT */
/* For C libraries whose posix_spawn() closes one descriptor at a time. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "sys/platform.h"

enum { MOST = 65536 };

bool espota_process_close_from(posix_spawn_file_actions_t *actions, int first)
{
    long most = sysconf(_SC_OPEN_MAX); /* -1: there is no limit */

    if (most < 0 || most > MOST)
        most = MOST;
    for (int fd = first; fd < most; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            continue; /* closing one that is not open would be an error */
        errno = posix_spawn_file_actions_addclose(actions, fd);
        if (errno != 0)
            return false;
    }
    return true;
}
