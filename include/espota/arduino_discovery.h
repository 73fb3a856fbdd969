/* SPDX-License-Identifier: MIT */
/*
 * Arduino's pluggable discovery protocol, version 1, as its network discovery
 * speaks it: commands on standard input, JSON messages through `write`.
 */
#ifndef ESPOTA_ARDUINO_DISCOVERY_H
#define ESPOTA_ARDUINO_DISCOVERY_H

#include "espota/discover.h"
#include "espota/error.h"
#include "espota/log.h"
#include "espota/options.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* Start from its _INIT. The struct is copied; what `context` and the log's point to, until destroy.
 */
struct espota_arduino_discovery_options {
    size_t size;
    enum espota_via via;
    struct espota_log log;
    void *context;
    /* One message, indented, without the line end behind it; to be flushed at once. */
    void (*write)(void *context, const char *message);
};
#define ESPOTA_ARDUINO_DISCOVERY_OPTIONS_INIT ESPOTA_FIRST_VALUES(espota_arduino_discovery_options)

struct espota_arduino_discovery;

enum espota_status
espota_arduino_discovery_create(const struct espota_arduino_discovery_options *options,
                                struct espota_arduino_discovery **out,
                                struct espota_error *err) ESPOTA_MUST_CHECK;
/* Until QUIT, the end of standard input, or stop. */
enum espota_status espota_arduino_discovery_run(struct espota_arduino_discovery *discovery,
                                                struct espota_error *err) ESPOTA_MUST_CHECK;
/* May be called from a signal handler. */
void espota_arduino_discovery_stop(struct espota_arduino_discovery *discovery);
void espota_arduino_discovery_destroy(struct espota_arduino_discovery *discovery);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
