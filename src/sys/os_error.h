/* SPDX-License-Identifier: MIT */
/* What the system calls an error. */
#ifndef ESPOTA_SYS_OS_ERROR_H
#define ESPOTA_SYS_OS_ERROR_H

/*
 * The system's words for an errno; until the next call. Below 0 it is the system's own number for
 * what no errno tells, which is how those come out of src/sys.
 */
const char *espota_os_text(int os_error);

/* The errno of a write that has just failed, as it is called elsewhere: of a pipe that nobody reads
 * one system's C library tells that it is invalid. */
int espota_os_write_error(int os_error);

#endif
