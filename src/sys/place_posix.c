/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file_platform.h"
#include "sys/place.h"

const char *const espota_path_separator = "/";

bool espota_path_separates(const char *path, const char *at)
{
    (void)path;
    return *at == '/';
}

bool espota_path_is_same_name(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool espota_path_is_absolute(const char *path)
{
    return path[0] == '/';
}

bool espota_path_calls(const char *path, const char *name)
{
    return strcmp(espota_path_name(path), name) == 0;
}

struct folder {
    const char *variable; /* that says where it is; NULL: none does */
    const char
        *in_home[2]; /* as Linux calls it, and macOS: Arduino is ported from one to the other */
};

static const struct folder folders[] = {
    [ESPOTA_PLACE_CONFIG] = {"XDG_CONFIG_HOME", {".config", NULL}},
    [ESPOTA_PLACE_CACHE] = {"XDG_CACHE_HOME", {".cache", NULL}},
    [ESPOTA_PLACE_ARDUINO_DATA] = {NULL, {".arduino15", "Library/Arduino15"}},
    [ESPOTA_PLACE_ARDUINO_IDE] = {NULL, {".arduinoIDE", NULL}},
    [ESPOTA_PLACE_ARDUINO_SKETCH] = {NULL, {"Arduino", "Documents/Arduino"}},
};

bool espota_place(enum espota_place place, unsigned nth, char *out, size_t room)
{
    const struct folder *folder = &folders[place];
    const char *set = folder->variable != NULL ? getenv(folder->variable) : NULL;
    const char *home = getenv("HOME");

    /* The standard says that a relative path is to be ignored. */
    if (set != NULL && set[0] == '/' && nth == 0)
        return snprintf(out, room, "%s", set) < (int)room;
    if (home == NULL || home[0] != '/' || nth > 1 || folder->in_home[nth] == NULL)
        return false;
    return espota_path_join(out, room, home, folder->in_home[nth]);
}
