/* SPDX-License-Identifier: MIT */
#ifndef ESPOTA_SYS_PROCESS_PLATFORM_H
#define ESPOTA_SYS_PROCESS_PLATFORM_H

#include <spawn.h>
#include <stdbool.h>

/* Of the program to start, every descriptor from `first` on is closed; false with errno. */
bool espota_process_close_from(posix_spawn_file_actions_t *actions, int first);

#endif
