/* SPDX-License-Identifier: MIT */
/* Descriptors as everything in src/sys wants them: close-on-exec, non-blocking, closed once. */
#ifndef ESPOTA_SYS_DESCRIPTOR_H
#define ESPOTA_SYS_DESCRIPTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"

/* Sets close-on-exec and non-blocking; false with errno. */
bool espota_descriptor_prepare(int fd);
/* A pipe whose ends are both prepared; false with errno, nothing opened. */
bool espota_descriptor_pipe(int ends[2]);
/* Another descriptor for the same open file, close-on-exec; -1 with errno. */
int espota_descriptor_copy(int fd);
/* -1 is fine; sets -1; keeps errno. */
void espota_descriptor_close(int *fd);

/*
 * After a read or write that failed: true, at once if a signal came in between, and once it is
 * ready if it would have blocked; false for any other errno, which stays. Standard input and output
 * may be non-blocking, which is set for all who share them: they stay as they are.
 */
bool espota_descriptor_again(int fd, bool writing);
/*
 * Some bytes, once there are any; none at the end. False with errno: EINTR if a signal came first.
 */
bool espota_descriptor_read(int fd, void *out, size_t room, size_t *length);
/* All of it, however long it takes; false with errno. */
bool espota_descriptor_write(int fd, const void *data, size_t length);
/* From there on; *length is less than `room` at the end only. False with errno. */
bool espota_descriptor_read_at(int fd, uint64_t offset, void *out, size_t room, size_t *length);

/*
 * What a call that reads or writes some bytes came to: OK with *done, MORE if it would block,
 * E_BROKEN; *os_error is errno, or 0.
 */
enum espota_status espota_descriptor_outcome(long result, size_t *done, int *os_error);

#endif
