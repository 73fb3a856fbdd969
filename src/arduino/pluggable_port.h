/* SPDX-License-Identifier: MIT */
/* A device as Arduino's own network discovery describes it. */
#ifndef ESPOTA_ARDUINO_PLUGGABLE_PORT_H
#define ESPOTA_ARDUINO_PLUGGABLE_PORT_H

#include "espota/discover.h"
#include "text/text.h"

/*
 * Its port object: the properties are hostname, port, every TXT string that has exactly one "=",
 * and "." as a copy of board. NULL without memory.
 */
struct espota_json *espota_pluggable_port(const struct espota_device *device, const uint8_t *txt,
                                          size_t txt_length);

#endif
