/* SPDX-License-Identifier: MIT */
/* Descriptors are files' here, numbers of the C library's; sockets have others, and calls of their
 * own. Ctrl-C ends a read that waits, nothing stops a write, and nothing would block. */
#include "sys/descriptor.h"

#include <errno.h>
#include <io.h>
#include <limits.h>

#include "sys/waiting_windows.h"
#include "sys/wide_windows.h"

enum { PIECE_MAX = 1 << 24 }; /* consoles and pipes take no more than so much at once */

static DWORD piece(size_t length)
{
    return length < PIECE_MAX ? (DWORD)length : PIECE_MAX;
}

int espota_descriptor_copy(int fd)
{
    HANDLE process = GetCurrentProcess();
    HANDLE copy;

    if (DuplicateHandle(process, espota_windows_handle(fd), process, &copy, 0, FALSE,
                        DUPLICATE_SAME_ACCESS))
        return espota_windows_descriptor(copy);
    espota_windows_failed();
    return -1;
}

void espota_descriptor_close(int *fd)
{
    int saved = errno;

    if (*fd >= 0)
        (void)_close(*fd);
    *fd = -1;
    errno = saved;
}

bool espota_descriptor_read(int fd, void *out, size_t room, size_t *length)
{
    DWORD got = 0;
    bool read;

    *length = 0;
    espota_waiting_begin();
    read = ReadFile(espota_windows_handle(fd), out, piece(room), &got, NULL);
    espota_waiting_end();
    if (got == 0 && GetLastError() == ERROR_OPERATION_ABORTED) { /* of a console no failure */
        errno = EINTR;
        return false;
    }
    if (!read && GetLastError() != ERROR_BROKEN_PIPE && GetLastError() != ERROR_HANDLE_EOF) {
        espota_windows_failed();
        return false;
    }
    *length = got;
    return true;
}

bool espota_descriptor_write(int fd, const void *data, size_t length)
{
    const uint8_t *at = data;

    while (length > 0) {
        DWORD took = 0;

        if (!WriteFile(espota_windows_handle(fd), at, piece(length), &took, NULL)) {
            espota_windows_failed();
            return false;
        }
        if (took == 0) {
            errno = EIO; /* with nothing said it would go on for ever */
            return false;
        }
        at += took;
        length -= took; /* took <= length */
    }
    return true;
}

/* False with GetLastError(); 0 bytes at the end. */
static bool read_piece(HANDLE file, uint64_t offset, void *out, size_t room, DWORD *got)
{
    OVERLAPPED where = {.Offset = (DWORD)(offset & UINT32_MAX),
                        .OffsetHigh = (DWORD)(offset >> 32)};

    *got = 0;
    return ReadFile(file, out, piece(room), got, &where) || GetLastError() == ERROR_HANDLE_EOF;
}

/* Reading anywhere moves the place where the next read or write in order would be. */
bool espota_descriptor_read_at(int fd, uint64_t offset, void *out, size_t room, size_t *length)
{
    HANDLE file = espota_windows_handle(fd);
    LARGE_INTEGER place, none = {0};
    uint8_t *at = out;
    DWORD got = 1;
    bool done = SetFilePointerEx(file, none, &place, FILE_CURRENT);

    *length = 0;
    while (done && got > 0 && *length < room) {
        done = read_piece(file, offset + *length, at + *length, room - *length, &got);
        *length += got; /* got <= room - length */
    }
    if (!done)
        espota_windows_failed();
    (void)SetFilePointerEx(file, place, NULL, FILE_BEGIN);
    return done;
}
