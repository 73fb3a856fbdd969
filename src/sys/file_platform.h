/* SPDX-License-Identifier: MIT */
/* What each system's files do their own way, for the files of src/sys that are every system's. */
#ifndef ESPOTA_SYS_FILE_PLATFORM_H
#define ESPOTA_SYS_FILE_PLATFORM_H

#include <stdbool.h>

/* Between a folder and what is in it, as it is written; as it is read: whether one is at `at`. */
extern const char *const espota_path_separator;
bool espota_path_separates(const char *path, const char *at);

/* Whether others than its owner may read a regular file; false where the system does not tell. */
bool espota_file_is_shared(int fd);

#endif
