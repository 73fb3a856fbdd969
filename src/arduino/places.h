/* SPDX-License-Identifier: MIT */
/* Where Arduino's tools keep cores: environment, configuration, defaults. */
#ifndef ESPOTA_ARDUINO_PLACES_H
#define ESPOTA_ARDUINO_PLACES_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/error.h"
#include "espota/log.h"

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
 * The value of `key` below "directories:" of an arduino-cli.yaml; false if there is none. Pure.
 * `*strange`: directories are given in a form of YAML that is not read here.
 */
bool espota_arduino_config(const char *text, const char *key, char *out, size_t room,
                           bool *strange);

#endif
