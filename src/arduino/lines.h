/* SPDX-License-Identifier: MIT */
/* The lines for each core, and how they go into and out of a file that a person edits. Pure. */
#ifndef ESPOTA_ARDUINO_LINES_H
#define ESPOTA_ARDUINO_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "text/text.h"

enum espota_core { ESPOTA_CORE_ESP8266, ESPOTA_CORE_ESP32, ESPOTA_CORE_RP2040, ESPOTA_CORE_COUNT };

/* "esp8266", "esp32", "rp2040": also the name of the core's folder. */
const char *espota_core_name(enum espota_core core);

/* The block between its markers; `program` must not hold a quote or a line end. */
void espota_arduino_block(struct espota_builder *to, enum espota_core core, const char *program);

/*
 * `old` (NULL: there is no file) without our block, and with `block` at its end if that is not
 * NULL. Nothing else changes.
 */
void espota_arduino_edit(struct espota_builder *to, const char *old, const char *block);

/* True if our block is in it. */
bool espota_arduino_has_block(const char *text);

/* A script that is run by Python and becomes the program under the name of `tool`. */
void espota_arduino_shim(struct espota_builder *to, const char *tool, const char *program);
/* A script of the shell that becomes Arduino's discovery. */
void espota_arduino_discovery_script(struct espota_builder *to, const char *program);
/* True for a script that one of the two wrote. */
bool espota_arduino_is_shim(const char *text);

#endif
