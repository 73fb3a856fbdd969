/* SPDX-License-Identifier: MIT */
/* Where things are: paths as this system writes them, and the folders that it has for a user. */
#ifndef ESPOTA_SYS_PLACE_H
#define ESPOTA_SYS_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it is a path, and not the name of something: it says what folder something is in. */
bool espota_path_is(const char *text);
/* Means the same whatever the current folder is. */
bool espota_path_is_absolute(const char *path);
/* The last part, behind the last separator: where `path` is a folder's with one behind, "". */
const char *espota_path_name(const char *path);
/* Whether that last part calls the program `name`, as this system calls programs. */
bool espota_path_calls(const char *path, const char *name);
/* "folder/name", with the system's separator unless the folder ends in one. False: no room. */
bool espota_path_join(char *out, size_t room, const char *folder, const char *name);
/* `name` seen from the folder that `file` is in; an absolute one stays. To be freed; NULL without
 * memory. */
char *espota_path_beside(const char *file, const char *name);

enum espota_place {
    ESPOTA_PLACE_CONFIG,        /* what a user has set up */
    ESPOTA_PLACE_CACHE,         /* what can be found out again */
    ESPOTA_PLACE_ARDUINO_DATA,  /* Arduino's cores and tools, and arduino-cli's configuration */
    ESPOTA_PLACE_ARDUINO_IDE,   /* the configuration of Arduino IDE 2 */
    ESPOTA_PLACE_ARDUINO_SKETCH /* the sketchbook where nothing else is set */
};

/*
 * The folder, or the first (0), second … of those that may be it; it need not be there. False:
 * there are no more, the system does not tell, or it does not fit.
 */
bool espota_place(enum espota_place place, unsigned nth, char *out, size_t room);

#endif
