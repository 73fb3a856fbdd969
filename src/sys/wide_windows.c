/* SPDX-License-Identifier: MIT */
#include "sys/wide_windows.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

wchar_t *espota_wide(const char *text)
{
    int room = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *wide = room > 0 ? calloc((size_t)room, sizeof(*wide)) : NULL;

    if (room <= 0)
        errno = EILSEQ;
    else if (wide == NULL)
        errno = ENOMEM;
    else
        (void)MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, room);
    return wide;
}

/* Before it names of 260 characters and more do not work, nor folders of 248. */
static const wchar_t local_prefix[] = L"\\\\?\\";
static const wchar_t network_prefix[] = L"\\\\?\\UNC";
enum { OLD_BOUND = 240, PREFIX_ROOM = sizeof(network_prefix) / sizeof(network_prefix[0]) };

/* `full` has its drive or its server, and no part of it is "." or "..". */
static wchar_t *with_prefix(wchar_t *full)
{
    bool network = full[0] == L'\\' && full[1] == L'\\';
    const wchar_t *prefix = network ? network_prefix : local_prefix;
    wchar_t *out;

    if (wcslen(full) < OLD_BOUND || wcsncmp(full, local_prefix, 4) == 0 ||
        wcsncmp(full, L"\\\\.\\", 4) == 0)
        return full;
    out = calloc(wcslen(full) + PREFIX_ROOM, sizeof(*out));
    if (out != NULL) {
        wcscpy(out, prefix);
        wcscat(out, full + (network ? 1 : 0));
    } else {
        errno = ENOMEM;
    }
    free(full);
    return out;
}

wchar_t *espota_wide_path(const char *path)
{
    wchar_t *wide = espota_wide(path);
    DWORD room = wide != NULL ? GetFullPathNameW(wide, 0, NULL, NULL) : 0;
    wchar_t *full;

    if (room == 0) /* nothing that could be found, which opening it will say */
        return wide;
    full = calloc(room, sizeof(*full));
    if (full != NULL && GetFullPathNameW(wide, room, full, NULL) < room) {
        free(wide);
        return with_prefix(full);
    }
    free(full); /* the current folder has just become another one */
    return wide;
}

bool espota_narrow(const wchar_t *wide, char *out, size_t room)
{
    int length = room > INT_MAX ? INT_MAX : (int)room;

    if (WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, length, NULL, NULL) > 0)
        return true;
    if (room > 0)
        out[0] = '\0';
    return false;
}

char *espota_narrow_copy(const wchar_t *wide)
{
    int room = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
    char *text = room > 0 ? malloc((size_t)room) : NULL;

    if (text != NULL)
        (void)espota_narrow(wide, text, (size_t)room);
    return text;
}

static const struct {
    DWORD error;
    int number;
} numbers[] = {
    {ERROR_FILE_NOT_FOUND, ENOENT},
    {ERROR_PATH_NOT_FOUND, ENOENT},
    {ERROR_INVALID_NAME, ENOENT},
    {ERROR_INVALID_DRIVE, ENOENT},
    {ERROR_BAD_PATHNAME, ENOENT},
    {ERROR_DIRECTORY, ENOTDIR},
    {ERROR_ACCESS_DENIED, EACCES},
    {ERROR_WRITE_PROTECT, EROFS},
    {ERROR_FILE_EXISTS, EEXIST},
    {ERROR_ALREADY_EXISTS, EEXIST},
    {ERROR_NOT_ENOUGH_MEMORY, ENOMEM},
    {ERROR_OUTOFMEMORY, ENOMEM},
    {ERROR_TOO_MANY_OPEN_FILES, EMFILE},
    {ERROR_INVALID_HANDLE, EBADF},
    {ERROR_DISK_FULL, ENOSPC},
    {ERROR_HANDLE_DISK_FULL, ENOSPC},
    {ERROR_BROKEN_PIPE, EPIPE},
    {ERROR_NO_DATA, EPIPE},
    {ERROR_FILENAME_EXCED_RANGE, ENAMETOOLONG},
    {ERROR_INVALID_PARAMETER, EINVAL},
    {ERROR_NOT_SUPPORTED, ENOSYS},
    {ERROR_NOT_SAME_DEVICE, EXDEV},
    {ERROR_CANT_RESOLVE_FILENAME, ELOOP},
    {ERROR_DIR_NOT_EMPTY, ENOTEMPTY},
};

int espota_windows_errno(DWORD error)
{
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (numbers[i].error == error)
            return numbers[i].number;
    return error <= INT_MAX ? -(int)error : EIO;
}

void espota_windows_failed(void)
{
    errno = espota_windows_errno(GetLastError());
}

HANDLE espota_windows_handle(int fd)
{
    return fd >= 0 ? (HANDLE)_get_osfhandle(fd) : INVALID_HANDLE_VALUE;
}

int espota_windows_descriptor(HANDLE handle)
{
    int fd = _open_osfhandle((intptr_t)handle, _O_BINARY | _O_NOINHERIT);

    if (fd >= 0)
        return fd;
    CloseHandle(handle);
    errno = EMFILE;
    return -1;
}
