/* SPDX-License-Identifier: MIT */
/* Descriptors as everything in src/sys wants them: close-on-exec, non-blocking, closed once. */
#ifndef ESPOTA_SYS_DESCRIPTOR_H
#define ESPOTA_SYS_DESCRIPTOR_H

#include <stdbool.h>

/* Sets close-on-exec and non-blocking; false with errno. */
bool espota_descriptor_prepare(int fd);
/* A pipe whose ends are both prepared; false with errno, nothing opened. */
bool espota_descriptor_pipe(int ends[2]);
/* Another descriptor for the same open file, close-on-exec; -1 with errno. */
int espota_descriptor_copy(int fd);
/* -1 is fine; sets -1; keeps errno. */
void espota_descriptor_close(int *fd);

#endif
