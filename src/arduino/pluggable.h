/* SPDX-License-Identifier: MIT */
/*
 * The state of Arduino's pluggable discovery protocol, without I/O: bytes of
 * commands and events of the catalog in, messages out.
 *
 * To Arduino a port is an address. Where several devices share one, the first is
 * the port; when it goes, the next takes its place. Without a next one the port of
 * a device that went is kept for a while, as Arduino's own discovery keeps it: a
 * board that starts anew after an update stays selected.
 */
#ifndef ESPOTA_ARDUINO_PLUGGABLE_H
#define ESPOTA_ARDUINO_PLUGGABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "mdns/mdns.h"
#include "text/text.h"

enum { ESPOTA_PLUGGABLE_KEPT_MS = 30000 }; /* the port of a device that went */

struct espota_pluggable;

struct espota_pluggable_hooks {
    void *context;
    /* Begins and ends to look for devices. `stop` is called for every start that was OK. */
    enum espota_status (*start)(void *context, struct espota_error *err);
    void (*stop)(void *context);
    void (*write)(void *context, const char *message); /* indented, without the last line end */
};

enum espota_status espota_pluggable_create(const struct espota_pluggable_hooks *hooks,
                                           struct espota_pluggable **out,
                                           struct espota_error *err) ESPOTA_MUST_CHECK;
/* Does not call `stop`. */
void espota_pluggable_destroy(struct espota_pluggable *pluggable);

/* Bytes of standard input; length 0: its end. False once there is nothing more to do. */
bool espota_pluggable_read(struct espota_pluggable *pluggable, const void *data, size_t length);
/* A device came, changed or went, between start and stop. */
void espota_pluggable_event(struct espota_pluggable *pluggable,
                            const struct espota_catalog_event *event, uint64_t now);
/* Takes away the ports whose time is over, and when the next one's is: UINT64_MAX, never. */
void espota_pluggable_tick(struct espota_pluggable *pluggable, uint64_t now);
uint64_t espota_pluggable_deadline(const struct espota_pluggable *pluggable);

/*
 * A device as Arduino's own network discovery describes it: the properties are hostname, port,
 * every TXT string that has exactly one "=", and "." as a copy of board. NULL without memory.
 */
struct espota_json *espota_pluggable_port(const struct espota_device *device, const uint8_t *txt,
                                          size_t txt_length);

#endif
