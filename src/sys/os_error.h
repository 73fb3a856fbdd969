/* SPDX-License-Identifier: MIT */
/* What the system calls an error. */
#ifndef ESPOTA_SYS_OS_ERROR_H
#define ESPOTA_SYS_OS_ERROR_H

/*
 * The system's words for an errno; until the next call. Below 0 it is the system's own number for
 * what no errno tells, which is how those come out of src/sys.
 */
const char *espota_os_text(int os_error);

#endif
