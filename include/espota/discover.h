/* SPDX-License-Identifier: MIT */
/*
 * The devices that announce themselves on the network. Create, run, destroy;
 * what is found, changes and goes is told through `event`.
 */
#ifndef ESPOTA_DISCOVER_H
#define ESPOTA_DISCOVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/log.h"
#include "espota/options.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* How the network is asked. */
enum espota_via {
    ESPOTA_VIA_AUTO,  /* the first of those below that answers */
    ESPOTA_VIA_AVAHI, /* the Avahi daemon */
    ESPOTA_VIA_DNSSD, /* dns_sd: macOS, Bonjour */
    ESPOTA_VIA_QUERY, /* questions of our own; needs no daemon */
};

enum espota_device_kind {
    ESPOTA_KIND_UNKNOWN, /* speaks _arduino._tcp, and that is all that can be told */
    ESPOTA_KIND_ESP8266,
    ESPOTA_KIND_ESP32,
    ESPOTA_KIND_PICO,
    ESPOTA_KIND_ARDUINO, /* JAndrassy's ArduinoOTA or WiFi101OTA: upload by HTTP */
    ESPOTA_KIND_ESPHOME,
    ESPOTA_KIND_COUNT
};

/* "unknown", "esp8266", "esp32", "pico", "arduino", "esphome"; never NULL. */
const char *espota_device_kind_word(enum espota_device_kind kind);

enum espota_device_auth {
    ESPOTA_DEVICE_AUTH_UNKNOWN,
    ESPOTA_DEVICE_AUTH_NO,
    ESPOTA_DEVICE_AUTH_YES
};

/* "unknown", "no", "yes"; never NULL. */
const char *espota_device_auth_word(enum espota_device_auth auth);

/* What a device says of itself. Its words are escaped already: they may be shown. */
struct espota_device {
    uint64_t id;        /* the same in all events about this device */
    char name[256];     /* the instance */
    char address[80];   /* numeric; "fe80::1%eth0" where it must be */
    char board[64];     /* "" if it names none */
    char hostname[256]; /* without the final dot */
    /* Where it takes updates; of ESPHome's, which do not say, by platform; 0: not known. */
    uint16_t port;
    enum espota_device_kind kind;
    enum espota_device_auth auth;

    /* ESPHome's */
    char platform[24]; /* "ESP8266", "ESP32", "RP2", "BK7231T", …; "" if it names none */
    char version[32];  /* of ESPHome; the same */
    bool encrypted;    /* it has a key, and takes an update with it alone where it was told so */
};

enum espota_device_event { ESPOTA_DEVICE_ADD, ESPOTA_DEVICE_CHANGE, ESPOTA_DEVICE_REMOVE };

/* Start from its _INIT. The struct is copied; what its pointers point to is borrowed until destroy.
 */
struct espota_discover_options {
    size_t size;
    enum espota_via via;
    uint32_t timeout_ms; /* at the most so long; 0 with watch: until stopped */
    bool watch;          /* go on after the devices that are there have answered */
    bool any;            /* ESPHome's devices as well */
    const char *name;    /* a pattern for the instance name (*, ?, any case); NULL: all */

    struct espota_log log;
    void *context;
    /* False: that was enough, the run ends. */
    bool (*event)(void *context, enum espota_device_event event,
                  const struct espota_device *device);
};

#ifdef __cplusplus
static inline espota_discover_options espota_discover_options_init()
{
    espota_discover_options options = espota_first_values<espota_discover_options>();

    options.timeout_ms = 3000;
    return options;
}
#define ESPOTA_DISCOVER_OPTIONS_INIT espota_discover_options_init()
#else
#define ESPOTA_DISCOVER_OPTIONS_INIT                                                               \
    {                                                                                              \
        .size = sizeof(struct espota_discover_options), .timeout_ms = 3000                         \
    }
#endif

struct espota_discover;

enum espota_status espota_discover_create(const struct espota_discover_options *options,
                                          struct espota_discover **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * Runs to the end: `event` said enough, the time is over, or nothing new has come for a second
 * after the last question. OK whether something was found or not; E_LOCAL or E_USAGE if the
 * network cannot be asked in the way that was chosen.
 */
enum espota_status espota_discover_run(struct espota_discover *discover,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * The same in a loop of the program's own, as espota_upload_begin and the rest do it: `pump`
 * returns ESPOTA_MORE until the run is over.
 */
enum espota_status espota_discover_begin(struct espota_discover *discover,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
int espota_discover_fd(const struct espota_discover *discover);
int espota_discover_wait_ms(const struct espota_discover *discover);
enum espota_status espota_discover_pump(struct espota_discover *discover,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;

/* Ends the run; may be called from a signal handler. */
void espota_discover_stop(struct espota_discover *discover);
void espota_discover_destroy(struct espota_discover *discover);

/* Whether a name fits a pattern as `name` above is one. */
bool espota_name_matches(const char *pattern, const char *name);

/* An event as one line of JSON without its end, to be freed; NULL without memory. */
char *espota_discover_event_json(enum espota_device_event event,
                                 const struct espota_device *device);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
