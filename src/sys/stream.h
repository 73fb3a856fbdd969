/* SPDX-License-Identifier: MIT */
/* What is there before the program begins and can be waited for: its input, and sockets that the
 * system's manager of services opened. */
#ifndef ESPOTA_SYS_STREAM_H
#define ESPOTA_SYS_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/error.h"

/* Standard input, for the loop and espota_stream_read; it stays open, and is the same each time. */
enum espota_status espota_stream_stdin(int *fd, struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * What is there, at most `room` bytes, by one call of the system: OK with *done (0 at the end),
 * MORE if nothing is there (only of descriptors that do not block), E_BROKEN with *os_error.
 */
enum espota_status espota_stream_read(int fd, void *data, size_t room, size_t *done,
                                      int *os_error) ESPOTA_MUST_CHECK;

/*
 * The first listening socket that the service manager opened for us (LISTEN_FDS of systemd),
 * prepared like our own; the environment's variables are taken away so that no child believes in
 * them. False: there is none.
 */
bool espota_inherited_listener(int *fd);

#endif
