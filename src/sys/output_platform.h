/* SPDX-License-Identifier: MIT */
/* What writing files needs of a platform. Nobody but output.c includes this. */
#ifndef ESPOTA_SYS_OUTPUT_PLATFORM_H
#define ESPOTA_SYS_OUTPUT_PLATFORM_H

/* A file in `folder` that has no name and goes away with its descriptor; -1 with errno. */
int espota_output_nameless(const char *folder);
/* Gives it one; -1 with errno, EEXIST if something has that name. */
int espota_output_name(int fd, const char *name);

#endif
