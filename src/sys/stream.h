/* SPDX-License-Identifier: MIT */
/* Reading a pipe or a terminal as it comes, when the loop says that there is something. */
#ifndef ESPOTA_SYS_STREAM_H
#define ESPOTA_SYS_STREAM_H

#include <stddef.h>

#include "espota/status.h"

enum { ESPOTA_STREAM_STDIN = 0 };

/*
 * What is there, at most `room` bytes, by one call of the system: OK with *done (0 at the end),
 * MORE if nothing is there (only of descriptors that do not block), E_BROKEN with *os_error.
 */
enum espota_status espota_stream_read(int fd, void *data, size_t room, size_t *done,
                                      int *os_error) ESPOTA_MUST_CHECK;

#endif
