/* SPDX-License-Identifier: MIT */
/* What folder.c needs and each platform has in its own way: folder_linux.c, folder_other.c. */
#ifndef ESPOTA_SYS_FOLDER_PLATFORM_H
#define ESPOTA_SYS_FOLDER_PLATFORM_H

/* open() below a folder; EXDEV or ELOOP for what leads out of it, ENOSYS if it cannot. -1 with
 * errno. */
int espota_open_beneath(int folder, const char *name, int flags);

/* A file without a name, for reading and writing; -1 with errno. */
int espota_open_nameless(void);

#endif
