/* SPDX-License-Identifier: MIT */
/* What the files of installing know of each other: lines, files that are edited, places. */
#ifndef ESPOTA_ARDUINO_INSTALL_PARTS_H
#define ESPOTA_ARDUINO_INSTALL_PARTS_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/arduino_install.h"
#include "text/text.h"

enum { ESPOTA_ARDUINO_PATH = 2048 };

/* lines.c: what is written for each core, and how it goes into and out of a file that a person
 * edits. Pure. */
enum espota_core { ESPOTA_CORE_ESP8266, ESPOTA_CORE_ESP32, ESPOTA_CORE_RP2040, ESPOTA_CORE_COUNT };

/* "esp8266", "esp32", "rp2040": also the name of the core's folder. */
const char *espota_core_name(enum espota_core core);

/* The block between its markers; `program` must not hold a quote or a line end. */
void espota_arduino_block(struct espota_builder *to, enum espota_core core, const char *program);

/*
 * `old` (NULL: there is no file) without our block, and with `block` at its end if that is not
 * NULL, in the line ends that `old` has. Nothing else changes.
 */
void espota_arduino_edit(struct espota_builder *to, const char *old, const char *block);

/* True if our block is in it. */
bool espota_arduino_has_block(const char *text);

/* A script that is run by Python and becomes the program under the name of `tool`. */
void espota_arduino_shim(struct espota_builder *to, const char *tool, const char *program);
/* A script of the shell that becomes Arduino's discovery. */
void espota_arduino_discovery_script(struct espota_builder *to, const char *program);
/* True for a script that one of the two wrote, and for any espota-c. */
bool espota_arduino_is_ours(const char *bytes, size_t length);

/* edit.c: one run, and what it came to. */
struct espota_arduino_work {
    const struct espota_arduino_install_options *options;
    size_t cores, left, discoveries; /* `left`: cores that were left as they are */
    enum espota_status status;       /* of the first failure */
    struct espota_error *err;
};

/* All of a file with a zero behind it; NULL with OK if there is none. free() it. */
enum espota_status espota_arduino_read(const char *path, char **out, size_t *length,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

/* folder/name, or folder/name/below if that is not NULL: of the folders that follow it fits. */
void espota_arduino_path(char out[ESPOTA_ARDUINO_PATH], const char *folder, const char *name,
                         const char *below);

/* The folders are shorter than ESPOTA_ARDUINO_PATH by 64 and more. */
void espota_arduino_edit_core(struct espota_arduino_work *work, const char *folder,
                              enum espota_core core);
void espota_arduino_leave_core(struct espota_arduino_work *work, const char *folder);
/* A folder that may hold a release of mdns-discovery. */
void espota_arduino_edit_discovery(struct espota_arduino_work *work, const char *folder);

/* places.c: where Arduino's tools keep cores: environment, configuration, defaults. */
struct espota_arduino_place {
    bool sketchbook; /* a "user" folder with hardware/; else a "data" folder with packages/ */
    char path[1024];
};

enum { ESPOTA_ARDUINO_PLACES = 8 };

struct espota_arduino_places {
    struct espota_arduino_place list[ESPOTA_ARDUINO_PLACES];
    size_t count;
};

/*
 * As arduino-cli finds them: ARDUINO_DIRECTORIES_DATA and _USER (and their older names), else what
 * the arduino-cli.yaml of arduino-cli and of the IDE say, else where they are by default. What a
 * configuration says and is not understood is logged.
 */
enum espota_status espota_arduino_places(struct espota_arduino_places *places,
                                         const struct espota_log *log,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * config.c: the value of `key` below "directories:" of an arduino-cli.yaml; false if there is none.
 * Pure. `*strange`: directories are given in a form of YAML that is not read here.
 */
bool espota_arduino_config(const char *text, const char *key, char *out, size_t room,
                           bool *strange);

#endif
