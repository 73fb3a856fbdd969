/* SPDX-License-Identifier: MIT */
/* Paths have drives or servers and two separators; the user's folders have numbers, and some of
 * them a variable, which goes before. */
#include <ctype.h>
#include <shlobj.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file_platform.h"
#include "sys/place.h"
#include "sys/wide_windows.h"

const char *const espota_path_separator = "\\";

static bool is_drive(const char *path)
{
    return isalpha((unsigned char)path[0]) && path[1] == ':';
}

/* That of "C:name" stands in C's current folder. */
bool espota_path_separates(const char *path, const char *at)
{
    return *at == '/' || *at == '\\' || (at == path + 1 && is_drive(path));
}

bool espota_path_is_same_name(const char *a, const char *b)
{
    return _stricmp(a, b) == 0;
}

bool espota_path_is_absolute(const char *path)
{
    return path[0] == '/' || path[0] == '\\' || is_drive(path);
}

bool espota_path_calls(const char *path, const char *name)
{
    const char *own = espota_path_name(path);
    size_t length = strlen(name);

    return _strnicmp(own, name, length) == 0 &&
           (own[length] == '\0' || _stricmp(own + length, ".exe") == 0);
}

struct folder {
    const wchar_t *variable; /* NULL: none */
    const KNOWNFOLDERID *id;
    const char *below; /* NULL: itself */
};

static const struct folder folders[] = {
    [ESPOTA_PLACE_CONFIG] = {L"APPDATA", &FOLDERID_RoamingAppData, NULL},
    [ESPOTA_PLACE_CACHE] = {L"LOCALAPPDATA", &FOLDERID_LocalAppData, NULL},
    [ESPOTA_PLACE_ARDUINO_DATA] = {L"LOCALAPPDATA", &FOLDERID_LocalAppData, "Arduino15"},
    [ESPOTA_PLACE_ARDUINO_IDE] = {L"USERPROFILE", &FOLDERID_Profile, ".arduinoIDE"},
    [ESPOTA_PLACE_ARDUINO_SKETCH] = {NULL, &FOLDERID_Documents, "Arduino"},
};

static bool from_variable(const wchar_t *variable, char *out, size_t room)
{
    wchar_t wide[MAX_PATH];
    DWORD length = GetEnvironmentVariableW(variable, wide, MAX_PATH);

    return length > 0 && length < MAX_PATH && espota_narrow(wide, out, room);
}

static bool from_system(const KNOWNFOLDERID *id, char *out, size_t room)
{
    wchar_t *wide = NULL;
    bool found = SHGetKnownFolderPath(id, 0, NULL, &wide) == S_OK && espota_narrow(wide, out, room);

    CoTaskMemFree(wide);
    return found;
}

bool espota_place(enum espota_place place, unsigned nth, char *out, size_t room)
{
    const struct folder *folder = &folders[place];
    char base[4 * MAX_PATH];

    if (nth > 0)
        return false;
    if ((folder->variable == NULL || !from_variable(folder->variable, base, sizeof(base)) ||
         !espota_path_is_absolute(base)) &&
        !from_system(folder->id, base, sizeof(base)))
        return false;
    if (folder->below != NULL)
        return espota_path_join(out, room, base, folder->below);
    return strlen(base) < room && strcpy(out, base) != NULL;
}
