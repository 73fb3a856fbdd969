/* SPDX-License-Identifier: MIT */
#include "sys/process_platform.h"

#include <errno.h>

bool espota_process_close_from(posix_spawn_file_actions_t *actions, int first)
{
    errno = posix_spawn_file_actions_addclosefrom_np(actions, first);
    return errno == 0;
}
