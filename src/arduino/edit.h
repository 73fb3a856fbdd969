/* SPDX-License-Identifier: MIT */
/* What installing changes in one core, and in Arduino's own discovery. */
#ifndef ESPOTA_ARDUINO_EDIT_H
#define ESPOTA_ARDUINO_EDIT_H

#include <stddef.h>

#include "arduino/lines.h"
#include "espota/arduino_install.h"

enum { ESPOTA_ARDUINO_PATH = 2048 };

/* One run, and what it came to. */
struct espota_arduino_work {
    const struct espota_arduino_install_options *options;
    size_t cores, left, discoveries; /* `left`: cores that were left as they are */
    enum espota_status status;       /* of the first failure */
    struct espota_error *err;
};

/* The text of a file; NULL with OK if there is none. free() it. */
enum espota_status espota_arduino_read(const char *path, char **out,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

/* The folders are shorter than ESPOTA_ARDUINO_PATH by 64 and more. */
void espota_arduino_edit_core(struct espota_arduino_work *work, const char *folder,
                              enum espota_core core);
void espota_arduino_leave_core(struct espota_arduino_work *work, const char *folder);
/* A folder that may hold a release of mdns-discovery. */
void espota_arduino_edit_discovery(struct espota_arduino_work *work, const char *folder);

#endif
