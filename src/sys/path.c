/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file_platform.h"
#include "sys/place.h"

const char *espota_path_name(const char *path)
{
    const char *name = path;

    for (const char *at = path; *at != '\0'; at++)
        if (espota_path_separates(path, at))
            name = at + 1;
    return name;
}

char *espota_file_folder(const char *path)
{
    size_t length = (size_t)(espota_path_name(path) - path);
    char *folder = malloc(length > 0 ? length + 1 : sizeof("./"));

    if (folder == NULL)
        return NULL;
    memcpy(folder, length > 0 ? path : "./", length > 0 ? length : 2);
    folder[length > 0 ? length : 2] = '\0';
    return folder;
}

bool espota_path_is(const char *text)
{
    return espota_path_name(text) != text;
}

bool espota_path_join(char *out, size_t room, const char *folder, const char *name)
{
    bool ended = folder[0] != '\0' && espota_path_name(folder)[0] == '\0';
    int length = snprintf(out, room, "%s%s%s", folder, ended ? "" : espota_path_separator, name);

    return length >= 0 && (size_t)length < room;
}

char *espota_path_beside(const char *file, const char *name)
{
    size_t folder = espota_path_is_absolute(name) ? 0 : (size_t)(espota_path_name(file) - file);
    size_t room = folder + strlen(name) + 1;
    char *path = malloc(room);

    if (path != NULL)
        snprintf(path, room, "%.*s%s", (int)folder, file, name);
    return path;
}
