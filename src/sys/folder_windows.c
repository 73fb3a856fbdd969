/* SPDX-License-Identifier: MIT */
/*
 * A server's clients name files. A name is walked part by part, each opened in the folder that is
 * open already, by the calls below Windows's own, which know no drives, no devices (NUL, COM1), no
 * ".." and no streams; a link in between is refused.
 */
#include "sys/folder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <winternl.h>

#include "sys/descriptor.h"
#include "sys/file_platform.h"
#include "sys/wide_windows.h"

enum {
    SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
    PART_ROOM = 256,
    LISTING_ROOM = 64 * 1024,
};

enum espota_status espota_folder_open(const char *path, int *folder, struct espota_error *err)
{
    struct espota_file_facts facts;

    *folder = espota_file_open(path);
    if (*folder >= 0 && espota_file_facts_of(*folder, &facts) && facts.kind == ESPOTA_FILE_FOLDER)
        return ESPOTA_OK;
    if (*folder >= 0)
        errno = ENOTDIR;
    espota_descriptor_close(folder);
    return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot open the folder %s", path);
}

/* One name in the folder; INVALID_HANDLE_VALUE with errno. */
static HANDLE open_part(HANDLE folder, wchar_t *part, bool is_folder, bool follow)
{
    const USHORT bytes = (USHORT)(wcslen(part) * sizeof(*part));
    UNICODE_STRING name = {bytes, bytes, part};
    OBJECT_ATTRIBUTES what;
    IO_STATUS_BLOCK outcome;
    HANDLE file = INVALID_HANDLE_VALUE;
    ULONG options = FILE_SYNCHRONOUS_IO_NONALERT | (follow ? 0 : FILE_OPEN_REPARSE_POINT) |
                    (is_folder ? FILE_DIRECTORY_FILE : 0);
    NTSTATUS status;

    InitializeObjectAttributes(&what, &name, OBJ_CASE_INSENSITIVE, folder, NULL);
    status = NtCreateFile(&file, FILE_GENERIC_READ, &what, &outcome, NULL, 0, SHARE_ALL, FILE_OPEN,
                          options, NULL, 0);
    if (NT_SUCCESS(status))
        return file;
    errno = espota_windows_errno(RtlNtStatusToDosError(status));
    return INVALID_HANDLE_VALUE;
}

/* A name that leads elsewhere; what a file system keeps in its own way (packed, in a cloud) does
 * not, though it looks alike. */
static bool is_link(HANDLE file, bool *own_way)
{
    FILE_ATTRIBUTE_TAG_INFO info = {0};

    *own_way = false;
    if (!GetFileInformationByHandleEx(file, FileAttributeTagInfo, &info, sizeof(info)) ||
        (info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) == 0)
        return false;
    *own_way = !IsReparseTagNameSurrogate(info.ReparseTag);
    return !*own_way;
}

static HANDLE open_unless_link(HANDLE folder, const char *part, bool is_folder)
{
    wchar_t *wide = espota_wide(part);
    HANDLE file = INVALID_HANDLE_VALUE;
    bool own_way;

    if (wide != NULL)
        file = open_part(folder, wide, is_folder, false);
    if (file != INVALID_HANDLE_VALUE && is_link(file, &own_way)) {
        CloseHandle(file);
        file = INVALID_HANDLE_VALUE;
        errno = ELOOP;
    } else if (file != INVALID_HANDLE_VALUE && own_way) {
        CloseHandle(file);
        file = open_part(folder, wide, is_folder, true);
    }
    free(wide);
    return file;
}

/* Copies the next part of `name`; false with errno: it would lead out, or is none here. */
static bool next_part(const char *name, char part[PART_ROOM], size_t *length)
{
    *length = strcspn(name, "/");
    errno = EXDEV;
    if (*length == 0 || (*length <= 2 && strspn(name, ".") >= *length))
        return false;
    errno = ENOENT; /* what other systems would look for and not find */
    if (*length >= PART_ROOM)
        return false;
    memcpy(part, name, *length);
    part[*length] = '\0';
    return strpbrk(part, "\\:") == NULL;
}

/* -1 with errno. */
static int open_below(int folder, const char *name, bool is_folder)
{
    HANDLE start = espota_windows_handle(folder);
    HANDLE at = start;
    char part[PART_ROOM];
    size_t length;

    do {
        bool known = next_part(name, part, &length);
        bool last = known && name[length] == '\0';
        HANDLE next = known ? open_unless_link(at, part, is_folder || !last) : INVALID_HANDLE_VALUE;

        if (at != start)
            CloseHandle(at);
        at = next;
        name += last ? length : length + 1;
    } while (at != INVALID_HANDLE_VALUE && *name != '\0');
    return at != INVALID_HANDLE_VALUE ? espota_windows_descriptor(at) : -1;
}

static enum espota_status open_failed(const char *name, struct espota_error *err)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
    case ENAMETOOLONG:
        return espota_error_set(err, ESPOTA_E_NO_ANSWER, "there is no file %s", name);
    case EXDEV:
    case ELOOP:
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s leads out of the folder", name);
    default:
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read %s", name);
    }
}

enum espota_status espota_folder_open_file(int folder, const char *name, int *file,
                                           struct espota_file_key *key, struct espota_error *err)
{
    struct espota_file_facts facts;

    *file = open_below(folder, name, false);
    if (*file < 0)
        return open_failed(name, err);
    if (espota_file_facts_of(*file, &facts) && facts.kind == ESPOTA_FILE_REGULAR) {
        *key = facts.key;
        return ESPOTA_OK;
    }
    espota_descriptor_close(file);
    return espota_error_set(err, ESPOTA_E_NO_ANSWER, "%s is no file", name);
}

/* The names of one part of a listing; false: `each` has had enough. */
static bool tell_names(const FILE_FULL_DIR_INFO *entry,
                       bool (*each)(void *context, const char *name), void *context)
{
    for (;;) {
        wchar_t wide[PART_ROOM] = {0};
        char name[3 * PART_ROOM];
        size_t length = entry->FileNameLength / sizeof(wchar_t);

        if (length < PART_ROOM)
            memcpy(wide, entry->FileName, length * sizeof(wchar_t));
        if (length < PART_ROOM && espota_narrow(wide, name, sizeof(name)) && !each(context, name))
            return false;
        if (entry->NextEntryOffset == 0)
            return true;
        entry = (const void *)((const char *)entry + entry->NextEntryOffset);
    }
}

/* A handle of its own: where a listing goes on belongs to the handle. */
static int open_to_list(int folder, const char *below)
{
    wchar_t itself[] = L"";
    HANDLE file;

    if (below[0] != '\0')
        return open_below(folder, below, true);
    file = open_part(espota_windows_handle(folder), itself, true, false);
    return file != INVALID_HANDLE_VALUE ? espota_windows_descriptor(file) : -1;
}

enum espota_status espota_folder_list(int folder, const char *below,
                                      bool (*each)(void *context, const char *name), void *context,
                                      struct espota_error *err)
{
    int fd = open_to_list(folder, below);
    FILE_FULL_DIR_INFO *part = fd >= 0 ? malloc(LISTING_ROOM) : NULL;
    enum espota_status status = ESPOTA_OK;
    bool more = part != NULL;

    if (fd < 0 || part == NULL)
        status = fd < 0 ? open_failed(below, err)
                        : espota_error_set(err, ESPOTA_E_MEMORY, "no memory to list a folder");
    while (more)
        more = GetFileInformationByHandleEx(espota_windows_handle(fd), FileFullDirectoryInfo, part,
                                            LISTING_ROOM) &&
               tell_names(part, each, context);
    free(part);
    espota_descriptor_close(&fd);
    return status;
}

enum espota_status espota_file_map_copy(int file, size_t size, const void **out,
                                        struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;
    size_t got, more;
    char behind;
    DWORD before;
    void *bytes = VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);

    *out = NULL;
    if (bytes == NULL)
        return espota_error_set(err, ESPOTA_E_LOCAL, "no memory for a copy of the file");
    if (!espota_descriptor_read_at(file, 0, bytes, size, &got) ||
        !espota_descriptor_read_at(file, size, &behind, 1, &more))
        status = espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read the file");
    else if (got != size || more != 0)
        status = espota_error_set(err, ESPOTA_E_BROKEN, "the file changes while it is read");
    if (status != ESPOTA_OK) {
        espota_file_unmap(bytes, size);
        return status;
    }
    (void)VirtualProtect(bytes, size, PAGE_READONLY, &before);
    *out = bytes;
    return ESPOTA_OK;
}

void espota_file_unmap(const void *bytes, size_t size)
{
    (void)size;
    (void)VirtualFree((void *)(uintptr_t)bytes, 0, MEM_RELEASE);
}
