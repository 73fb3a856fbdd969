/* SPDX-License-Identifier: MIT */
/*
 * Putting espota-c in the place of espota.py and signing.py in Arduino's cores:
 * a block of lines between two markers in each core's platform.local.txt.
 */
#ifndef ESPOTA_ARDUINO_INSTALL_H
#define ESPOTA_ARDUINO_INSTALL_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/error.h"
#include "espota/log.h"
#include "espota/options.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Start from its _INIT. All is borrowed for the call alone. */
struct espota_arduino_install_options {
    size_t size;
    const char *program; /* absolute path of espota-c, as it shall stand in the lines */
    const char *core; /* "esp8266", "esp32", "rp2040", or a folder with a platform.txt; NULL: all */
    const char *data_dir; /* of Arduino's tools; NULL: where they put it */
    bool shim;            /* also small scripts in place of espota.py and signing.py */
    bool discovery; /* also a small script in place of the mdns-discovery that arduino-cli runs */
    bool remove;    /* take everything away again */
    bool dry_run;   /* only tell */

    struct espota_log log;
    void *context;
    /* What was (or would be) done, one line a file. */
    void (*done)(void *context, const char *path, const char *what);
};
#define ESPOTA_ARDUINO_INSTALL_OPTIONS_INIT ESPOTA_FIRST_VALUES(espota_arduino_install_options)

/* `*cores`: how many were found. E_NO_ANSWER: none, or not the discovery. */
enum espota_status espota_arduino_install(const struct espota_arduino_install_options *options,
                                          size_t *cores,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
