/* SPDX-License-Identifier: MIT */
/*
 * Every file is opened so that others may meanwhile read, write, rename and remove it, as on other
 * systems. Who may read it, its list of access rights tells; where a file system has none (FAT,
 * some shares), or the list cannot be read, nobody is accused.
 */
#include <aclapi.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file_platform.h"
#include "sys/wide_windows.h"

enum { SHARE_ALL = FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE };

/* Windows counts 100 ns from 1601 on. */
static int64_t unix_ns(FILETIME time)
{
    uint64_t ticks = (uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime;

    return ((int64_t)ticks - 116444736000000000) * 100;
}

static void regular_from(const BY_HANDLE_FILE_INFORMATION *info, struct espota_file_facts *facts)
{
    facts->kind = info->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY ? ESPOTA_FILE_FOLDER
                                                                    : ESPOTA_FILE_REGULAR;
    facts->key.device = info->dwVolumeSerialNumber;
    facts->key.inode = (uint64_t)info->nFileIndexHigh << 32 | info->nFileIndexLow;
    facts->key.size = (uint64_t)info->nFileSizeHigh << 32 | info->nFileSizeLow;
    facts->key.changed_ns = unix_ns(info->ftLastWriteTime);
}

/* False with GetLastError(). */
static bool facts_from(HANDLE file, struct espota_file_facts *facts)
{
    BY_HANDLE_FILE_INFORMATION info;
    LARGE_INTEGER size;
    DWORD type;

    SetLastError(NO_ERROR);
    type = GetFileType(file);
    memset(facts, 0, sizeof(*facts));
    facts->kind = type == FILE_TYPE_CHAR ? ESPOTA_FILE_DEVICE : ESPOTA_FILE_PIPE;
    if (type != FILE_TYPE_DISK)
        return type != FILE_TYPE_UNKNOWN || GetLastError() == NO_ERROR;
    if (GetFileInformationByHandle(file, &info)) {
        regular_from(&info, facts);
    } else if (GetFileSizeEx(file, &size)) { /* an inherited one may tell no more */
        facts->kind = ESPOTA_FILE_REGULAR;
        facts->key.size = (uint64_t)size.QuadPart;
    } else {
        facts->kind = ESPOTA_FILE_DISK;
    }
    return true;
}

static HANDLE open_path(const char *path, DWORD access)
{
    wchar_t *wide = espota_wide_path(path);
    HANDLE file = INVALID_HANDLE_VALUE;

    if (wide == NULL)
        return file;
    /* the flag lets folders be opened, too */
    file =
        CreateFileW(wide, access, SHARE_ALL, NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
    if (file == INVALID_HANDLE_VALUE)
        espota_windows_failed();
    free(wide);
    return file;
}

bool espota_file_facts_at(const char *path, struct espota_file_facts *facts)
{
    HANDLE file = open_path(path, FILE_READ_ATTRIBUTES);
    bool known;

    if (file == INVALID_HANDLE_VALUE)
        return false;
    known = facts_from(file, facts);
    if (!known)
        espota_windows_failed();
    CloseHandle(file);
    return known;
}

bool espota_file_facts_of(int fd, struct espota_file_facts *facts)
{
    if (facts_from(espota_windows_handle(fd), facts))
        return true;
    espota_windows_failed();
    return false;
}

int64_t espota_file_clock_ns(void)
{
    FILETIME now;

    GetSystemTimePreciseAsFileTime(&now);
    return unix_ns(now);
}

int espota_file_open(const char *path)
{
    HANDLE file = open_path(path, GENERIC_READ);

    return file != INVALID_HANDLE_VALUE ? espota_windows_descriptor(file) : -1;
}

bool espota_file_unlink(const char *path)
{
    wchar_t *wide = espota_wide_path(path);
    bool gone = wide != NULL && DeleteFileW(wide);

    if (wide != NULL && !gone)
        espota_windows_failed();
    free(wide);
    return gone;
}

bool espota_folder_make(const char *path, unsigned mode)
{
    wchar_t *wide = espota_wide_path(path);
    bool made = wide != NULL && CreateDirectoryW(wide, NULL);

    (void)mode; /* it inherits whom the folder above lets in */
    if (wide != NULL && !made)
        espota_windows_failed();
    free(wide);
    return made;
}

static bool has_access_rights(HANDLE file)
{
    DWORD flags = 0;

    return GetVolumeInformationByHandleW(file, NULL, 0, NULL, NULL, &flags, NULL, 0) &&
           (flags & FILE_PERSISTENT_ACLS) != 0;
}

/* This process's user; to be freed. */
static TOKEN_USER *own_user(void)
{
    HANDLE token = NULL;
    DWORD size = 0;
    TOKEN_USER *user = NULL;

    if (!OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &token))
        return NULL;
    (void)GetTokenInformation(token, TokenUser, NULL, 0, &size);
    user = size > 0 ? malloc(size) : NULL;
    if (user != NULL && !GetTokenInformation(token, TokenUser, user, size, &size)) {
        free(user);
        user = NULL;
    }
    CloseHandle(token);
    return user;
}

/* The owner by either name, this user, and those who may read everything anyhow. */
static bool is_trusted(PSID who, PSID owner, const TOKEN_USER *user)
{
    return EqualSid(who, owner) || (user != NULL && EqualSid(who, user->User.Sid)) ||
           IsWellKnownSid(who, WinLocalSystemSid) ||
           IsWellKnownSid(who, WinBuiltinAdministratorsSid) ||
           IsWellKnownSid(who, WinCreatorOwnerRightsSid);
}

static bool lets_others_read(PACL list, PSID owner, const TOKEN_USER *user)
{
    const DWORD reading = FILE_READ_DATA | GENERIC_READ | GENERIC_ALL;

    for (DWORD i = 0; list != NULL && i < list->AceCount; i++) {
        ACCESS_ALLOWED_ACE *entry;

        if (!GetAce(list, i, (void **)&entry) || entry->Header.AceType != ACCESS_ALLOWED_ACE_TYPE ||
            (entry->Header.AceFlags & INHERIT_ONLY_ACE) != 0 || (entry->Mask & reading) == 0)
            continue;
        if (!is_trusted(&entry->SidStart, owner, user))
            return true;
    }
    return list == NULL; /* no list at all: everybody may do everything */
}

bool espota_file_is_shared(int fd)
{
    HANDLE file = espota_windows_handle(fd);
    PSECURITY_DESCRIPTOR about = NULL;
    TOKEN_USER *user;
    PSID owner = NULL;
    PACL list = NULL;
    bool shared;

    if (file == INVALID_HANDLE_VALUE || GetFileType(file) != FILE_TYPE_DISK ||
        !has_access_rights(file) ||
        GetSecurityInfo(file, SE_FILE_OBJECT,
                        OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION, &owner, NULL, &list,
                        NULL, &about) != ERROR_SUCCESS)
        return false;
    user = own_user();
    shared = lets_others_read(list, owner, user);
    free(user);
    LocalFree(about);
    return shared;
}

/* The name stands there as it is: cmd.exe and PowerShell write variables differently. */
const char *espota_file_private_command(const char *path, char *out, size_t room)
{
    wchar_t wide[256];
    DWORD length = sizeof(wide) / sizeof(wide[0]);
    char name[512] = "%USERNAME%";

    if (GetUserNameW(wide, &length) && !espota_narrow(wide, name, sizeof(name)))
        (void)snprintf(name, sizeof(name), "%%USERNAME%%");
    (void)snprintf(out, room, "icacls \"%s\" /inheritance:r /grant:r \"%s:F\"", path, name);
    return out;
}

SECURITY_DESCRIPTOR *espota_windows_private(void)
{
    TOKEN_USER *user = own_user();
    DWORD sid = user != NULL ? GetLengthSid(user->User.Sid) : 0;
    DWORD size = (DWORD)(sizeof(ACL) + sizeof(ACCESS_ALLOWED_ACE)) + sid;
    SECURITY_DESCRIPTOR *about = user != NULL ? calloc(1, sizeof(*about) + size) : NULL;
    PACL list = (PACL)(about + 1);

    if (about == NULL || !InitializeSecurityDescriptor(about, SECURITY_DESCRIPTOR_REVISION) ||
        !InitializeAcl(list, size, ACL_REVISION) ||
        !AddAccessAllowedAce(list, ACL_REVISION, FILE_ALL_ACCESS, user->User.Sid) ||
        !SetSecurityDescriptorDacl(about, TRUE, list, FALSE) ||
        !SetSecurityDescriptorControl(about, SE_DACL_PROTECTED, SE_DACL_PROTECTED)) {
        espota_windows_failed();
        free(about);
        about = NULL;
    }
    free(user);
    return about;
}
