/* SPDX-License-Identifier: MIT */
/*
 * What POSIX systems do their own way with files and programs: platform_linux.c,
 * platform_macos.c, platform_other.c (POSIX and no more), process_close_*.c (by C library). Beside
 * it what the files of files share.
 */
#ifndef ESPOTA_SYS_PLATFORM_H
#define ESPOTA_SYS_PLATFORM_H

#include <spawn.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "sys/file_platform.h"

/* The key in what stat() said. */
void espota_file_key_from(const struct stat *facts, struct espota_file_key *key);

/* open() below a folder; EXDEV or ELOOP for what leads out of it, ENOSYS if it cannot. -1 with
 * errno. */
int espota_open_beneath(int folder, const char *name, int flags);

/* fsync as far down as a loss of power asks for; -1 with errno. */
int espota_platform_sync(int fd);

/* Of the program to start, every descriptor from `first` on is closed; false with errno. */
bool espota_process_close_from(posix_spawn_file_actions_t *actions, int first);

#endif
