/* SPDX-License-Identifier: MIT */
/* For C libraries whose posix_spawn() closes all descriptors from one on: glibc 2.34 and newer. */
#include <errno.h>

#include "sys/platform.h"

bool espota_process_close_from(posix_spawn_file_actions_t *actions, int first)
{
    errno = posix_spawn_file_actions_addclosefrom_np(actions, first);
    return errno == 0;
}
