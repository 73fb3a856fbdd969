/* SPDX-License-Identifier: MIT */
/*
 * A file that is not whole yet has a name here, too, but Windows is told to remove it with its last
 * handle: even a run that is killed leaves nothing, but in the moments after it was made and before
 * it has its own name. That is taken back when it is whole.
 */
#include <aclapi.h>
#include <errno.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file_platform.h"
#include "sys/wide_windows.h"

enum {
    SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
    /* Whoever looks at a file that has just been written, to index it or to find a virus in it,
     * holds it for moments. */
    TRIES = 40,
    PAUSE_MS = 50,
    RENAME_INFO_EX = 22, /* FileRenameInfoEx, which headers for older Windows do not have */
};

/* False with GetLastError(). */
static bool mark_for_removal(int fd, bool removed)
{
    FILE_DISPOSITION_INFO info = {.DeleteFile = removed};

    return SetFileInformationByHandle(espota_windows_handle(fd), FileDispositionInfo, &info,
                                      sizeof(info));
}

bool espota_output_is_named(const char *path)
{
    wchar_t *wide = espota_wide_path(path);
    bool named = wide != NULL && GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;

    free(wide);
    return named;
}

/* Where it leads, by the name that Windows has for what is open there. */
static char *followed(const wchar_t *wide)
{
    HANDLE file =
        CreateFileW(wide, 0, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    DWORD room = file != INVALID_HANDLE_VALUE ? GetFinalPathNameByHandleW(file, NULL, 0, 0) : 0;
    wchar_t *name = room > 0 ? calloc(room, sizeof(*name)) : NULL;
    char *path = NULL;

    if (name != NULL && GetFinalPathNameByHandleW(file, name, room, 0) < room)
        path = espota_narrow_copy(name);
    free(name);
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    return path;
}

char *espota_output_real(const char *path)
{
    wchar_t *wide = espota_wide_path(path);
    DWORD attributes = wide != NULL ? GetFileAttributesW(wide) : INVALID_FILE_ATTRIBUTES;
    char *real = NULL;

    if (attributes != INVALID_FILE_ATTRIBUTES && (attributes & FILE_ATTRIBUTE_REPARSE_POINT) != 0)
        real = followed(wide);
    free(wide);
    return real != NULL ? real : strdup(path);
}

/* Nobody but an administrator makes links here, and pipes are not in folders. */
enum espota_status espota_output_refuse_planted(const char *path, struct espota_error *err)
{
    (void)path;
    (void)err;
    return ESPOTA_OK;
}

/* What another program has open is another matter: it may be over by the commit. */
bool espota_output_may_write(const char *path)
{
    wchar_t *wide = espota_wide_path(path);
    HANDLE file = INVALID_HANDLE_VALUE;
    bool may;

    if (wide != NULL)
        file = CreateFileW(wide, GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    may =
        file != INVALID_HANDLE_VALUE || (wide != NULL && GetLastError() == ERROR_SHARING_VIOLATION);
    if (wide != NULL && !may)
        espota_windows_failed();
    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    free(wide);
    return may;
}

int espota_output_open_special(const char *path, bool wait)
{
    wchar_t *wide = espota_wide_path(path);
    HANDLE file = INVALID_HANDLE_VALUE;

    (void)wait; /* opening never does */
    if (wide == NULL)
        return -1;
    file = CreateFileW(wide, GENERIC_WRITE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        espota_windows_failed();
    free(wide);
    return file != INVALID_HANDLE_VALUE ? espota_windows_descriptor(file) : -1;
}

int espota_output_scratch(void)
{
    wchar_t folder[MAX_PATH + 1], name[MAX_PATH + 1];
    HANDLE file;

    if (GetTempPathW(MAX_PATH, folder) == 0 || GetTempFileNameW(folder, L"esp", 0, name) == 0) {
        espota_windows_failed();
        return -1;
    }
    file = CreateFileW(name, GENERIC_READ | GENERIC_WRITE | DELETE, FILE_SHARE_DELETE, NULL,
                       CREATE_ALWAYS, FILE_ATTRIBUTE_TEMPORARY | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    if (file != INVALID_HANDLE_VALUE)
        return espota_windows_descriptor(file);
    espota_windows_failed();
    (void)DeleteFileW(name);
    return -1;
}

int espota_output_nameless(const char *folder)
{
    (void)folder;
    errno = EOPNOTSUPP;
    return -1;
}

int espota_output_name(int fd, const char *name)
{
    (void)fd;
    (void)name;
    errno = EOPNOTSUPP;
    return -1;
}

/* Who may do what with the file at `place`, to be freed; NULL: there is none, or nobody says. */
static SECURITY_DESCRIPTOR *rights_of(const char *place)
{
    wchar_t *wide = espota_wide_path(place);
    SECURITY_DESCRIPTOR *about = NULL;
    DWORD size = 0;

    if (wide != NULL)
        (void)GetFileSecurityW(wide, DACL_SECURITY_INFORMATION, NULL, 0, &size);
    if (size > 0)
        about = malloc(size);
    if (about != NULL && !GetFileSecurityW(wide, DACL_SECURITY_INFORMATION, about, size, &size)) {
        free(about);
        about = NULL;
    }
    free(wide);
    return about;
}

int espota_output_create_named(const char *name, const char *place, unsigned mode)
{
    SECURITY_DESCRIPTOR *rights = rights_of(place);
    SECURITY_ATTRIBUTES attributes = {.nLength = sizeof(attributes)};
    wchar_t *wide = espota_wide_path(name);
    HANDLE file = INVALID_HANDLE_VALUE;
    int fd = -1;

    if (rights == NULL && (mode & 077) == 0)
        rights = espota_windows_private();
    attributes.lpSecurityDescriptor = rights; /* NULL: as the folder has it */
    if (wide != NULL) {
        file = CreateFileW(wide, GENERIC_READ | GENERIC_WRITE | DELETE, SHARE_ALL, &attributes,
                           CREATE_NEW, 0, NULL);
        if (file != INVALID_HANDLE_VALUE)
            fd = espota_windows_descriptor(file);
        else
            espota_windows_failed();
    }
    if (fd >= 0)
        (void)mark_for_removal(fd, true); /* some network drives cannot: then as elsewhere */
    free(wide);
    free(rights);
    return fd;
}

unsigned espota_output_new_mode(unsigned mode)
{
    return mode;
}

unsigned espota_output_keep_owner(int fd, const char *place)
{
    (void)fd; /* it was made with the rights of the one that is there */
    (void)place;
    return 0;
}

bool espota_output_settle(int fd, unsigned mode)
{
    (void)mode;
    if (FlushFileBuffers(espota_windows_handle(fd)))
        return true;
    espota_windows_failed();
    return false;
}

/* Why a file cannot be replaced: Windows says "access denied" where it means "somebody has it". */
static DWORD why_not(const wchar_t *path, DWORD error)
{
    HANDLE file;

    if (error != ERROR_ACCESS_DENIED)
        return error;
    file = CreateFileW(path, DELETE, SHARE_ALL, NULL, OPEN_EXISTING, 0, NULL);
    if (file == INVALID_HANDLE_VALUE)
        return GetLastError() == ERROR_FILE_NOT_FOUND ? error : GetLastError();
    CloseHandle(file); /* whoever had it let it go just now */
    return ERROR_SHARING_VIOLATION;
}

/*
 * As other systems do it: whoever has the old file open keeps it, if he shares it. Windows 10 on
 * its own disks can; elsewhere this fails and the older way, which asks for more, is gone.
 */
static bool rename_under_readers(int fd, const wchar_t *to)
{
    const size_t length = wcslen(to) * sizeof(*to);
    const size_t size = sizeof(FILE_RENAME_INFO) + length;
    FILE_RENAME_INFO *info = calloc(1, size);
    bool renamed;

    if (info == NULL)
        return false;
    info->Flags = FILE_RENAME_FLAG_REPLACE_IF_EXISTS | FILE_RENAME_FLAG_POSIX_SEMANTICS;
    info->FileNameLength = (DWORD)length;
    memcpy(info->FileName, to, length);
    renamed = SetFileInformationByHandle(
        espota_windows_handle(fd), (FILE_INFO_BY_HANDLE_CLASS)RENAME_INFO_EX, info, (DWORD)size);
    free(info);
    return renamed;
}

/* One try; the error, or NO_ERROR. */
static DWORD move(int fd, const wchar_t *from, const wchar_t *to, DWORD flags)
{
    DWORD error = NO_ERROR;

    (void)mark_for_removal(fd, false);
    if (((flags & MOVEFILE_REPLACE_EXISTING) == 0 || !rename_under_readers(fd, to)) &&
        !MoveFileExW(from, to, flags | MOVEFILE_WRITE_THROUGH))
        error = GetLastError();
    if (error != NO_ERROR)
        (void)mark_for_removal(fd, true);
    return error;
}

static bool place(int fd, const char *temporary, const char *path, DWORD flags)
{
    wchar_t *from = espota_wide_path(temporary);
    wchar_t *to = espota_wide_path(path);
    DWORD error = from != NULL && to != NULL ? NO_ERROR : ERROR_NOT_ENOUGH_MEMORY;

    for (int i = 0; i < TRIES && from != NULL && to != NULL; i++) {
        error = move(fd, from, to, flags);
        if (error != NO_ERROR)
            error = why_not(to, error);
        if (error != ERROR_SHARING_VIOLATION && error != ERROR_LOCK_VIOLATION)
            break;
        Sleep(PAUSE_MS);
    }
    free(from);
    free(to);
    if (error != NO_ERROR)
        errno = espota_windows_errno(error);
    return error == NO_ERROR;
}

bool espota_output_rename(int fd, const char *temporary, const char *path)
{
    return place(fd, temporary, path, MOVEFILE_REPLACE_EXISTING);
}

bool espota_output_rename_new(int fd, const char *temporary, const char *path)
{
    return place(fd, temporary, path, 0);
}

void espota_output_sync_folder(const char *path)
{
    (void)path; /* the rename was told to write through */
}
