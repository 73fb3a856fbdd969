/* SPDX-License-Identifier: MIT */
#include "sys/os_error.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/wide_windows.h"

/* What the C library of Windows has numbers for and no words, as other systems word it; and what
 * Windows words at length. */
static const struct {
    int number;
    const char *text;
} words[] = {
    {EADDRINUSE, "Address already in use"},
    {EADDRNOTAVAIL, "Cannot assign requested address"},
    {EAFNOSUPPORT, "Address family not supported by protocol"},
    {EALREADY, "Operation already in progress"},
    {ECONNABORTED, "Software caused connection abort"},
    {ECONNREFUSED, "Connection refused"},
    {ECONNRESET, "Connection reset by peer"},
    {EHOSTUNREACH, "No route to host"},
    {EINPROGRESS, "Operation now in progress"},
    {EISCONN, "Transport endpoint is already connected"},
    {ELOOP, "Too many levels of symbolic links"},
    {EMSGSIZE, "Message too long"},
    {ENETDOWN, "Network is down"},
    {ENETRESET, "Network dropped connection on reset"},
    {ENETUNREACH, "Network is unreachable"},
    {ENOBUFS, "No buffer space available"},
    {ENOTCONN, "Transport endpoint is not connected"},
    {ENOTSOCK, "Socket operation on non-socket"},
    {EOPNOTSUPP, "Operation not supported"},
    {ETIMEDOUT, "Connection timed out"},
    {EWOULDBLOCK, "Resource temporarily unavailable"},
    {-ERROR_SHARING_VIOLATION, "Another program has it open"},
    {-ERROR_LOCK_VIOLATION, "Another program has locked a part of it"},
};

/* In English, as all that is said, or as Windows has it; without its full stop and line end. */
static const char *system_text(DWORD error)
{
    static char text[512];
    static const DWORD languages[] = {MAKELANGID(LANG_ENGLISH, SUBLANG_ENGLISH_US), 0};
    wchar_t wide[256];
    DWORD length = 0;

    for (int i = 0; i < 2 && length == 0; i++)
        length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL,
                                error, languages[i], wide, sizeof(wide) / sizeof(wide[0]), NULL);
    while (length > 0 && (wide[length - 1] <= L' ' || wide[length - 1] == L'.'))
        wide[--length] = L'\0';
    if (length == 0 || !espota_narrow(wide, text, sizeof(text)))
        snprintf(text, sizeof(text), "Windows error %lu", error);
    return text;
}

const char *espota_os_text(int os_error)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].number == os_error)
            return words[i].text;
    return os_error < 0 ? system_text((DWORD)-os_error) : strerror(os_error);
}

int espota_os_write_error(int os_error)
{
    bool nobody = _doserrno == ERROR_NO_DATA || _doserrno == ERROR_PIPE_NOT_CONNECTED;

    return os_error == EINVAL && nobody ? EPIPE : os_error;
}
