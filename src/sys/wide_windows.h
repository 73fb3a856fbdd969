/* SPDX-License-Identifier: MIT */
/*
 * Windows as its files in src/sys see it: names in UTF-16, numbers for errors, handles. All other
 * code has UTF-8, errno and descriptors of the C library.
 */
#ifndef ESPOTA_SYS_WIDE_WINDOWS_H
#define ESPOTA_SYS_WIDE_WINDOWS_H

#define WIN32_LEAN_AND_MEAN /* without the old sockets, which the newer ones cannot stand */
#include <windows.h>

#include <stdbool.h>
#include <stddef.h>

/* To be freed; NULL with errno: no memory, or no UTF-8. */
wchar_t *espota_wide(const char *text);
/* The same for a path; one that is too long for Windows's old bound is written so that it works. */
wchar_t *espota_wide_path(const char *path);
/* False: it does not fit; `out` is "" then. */
bool espota_narrow(const wchar_t *wide, char *out, size_t room);
/* To be freed; NULL without memory. */
char *espota_narrow_copy(const wchar_t *wide);

/* The errno that says the same, or the number below 0, which espota_os_text knows. */
int espota_windows_errno(DWORD error);
/* Sets errno from GetLastError(). */
void espota_windows_failed(void);

/* Of a descriptor; INVALID_HANDLE_VALUE if there is none. */
HANDLE espota_windows_handle(int fd);
/* A descriptor for it, or -1 with errno; the handle is gone then. */
int espota_windows_descriptor(HANDLE handle);

/* A security descriptor for CreateFile that lets in this user alone; to be freed. NULL with errno.
 */
SECURITY_DESCRIPTOR *espota_windows_private(void);

/* What ends the program has to do first: the console as it was before a question. */
void espota_prompt_restore(void);

#endif
