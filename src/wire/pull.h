/* SPDX-License-Identifier: MIT */
/*
 * What a device says when it asks a server for its update (PROTOCOL 1.7, 2,
 * 5.6): the path it names and the x- headers it sends. Hostile until parsed.
 */
#ifndef ESPOTA_WIRE_PULL_H
#define ESPOTA_WIRE_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"

enum espota_pull_family {
    ESPOTA_PULL_PLAIN, /* only fetches a file: curl, a simple updater, the RTOS SDK */
    ESPOTA_PULL_ESP8266,
    ESPOTA_PULL_ESP32,
    ESPOTA_PULL_PICO,
    ESPOTA_PULL_FAMILY_COUNT
};

enum espota_pull_mode {
    ESPOTA_PULL_SKETCH,
    ESPOTA_PULL_FILESYSTEM,
    ESPOTA_PULL_VERSION, /* asks only which version there is */
    ESPOTA_PULL_MODE_COUNT
};

enum { ESPOTA_PULL_PATH_MAX = 256, ESPOTA_PULL_VERSION_MAX = 64, ESPOTA_MAC_DIGITS = 12 };

struct espota_pull_request {
    enum espota_pull_family family;
    enum espota_pull_mode mode;
    char path[ESPOTA_PULL_PATH_MAX]; /* decoded, without its leading slash; "" for the root */
    char mac[ESPOTA_MAC_DIGITS + 1]; /* lower-case digits of the station's MAC, else of the base MAC
                                      * (chips without Wi-Fi); "": not said */
    bool base_mac;                   /* `mac` is the base MAC so far */
    char version[ESPOTA_PULL_VERSION_MAX]; /* printable ASCII; "": not said */
    char sketch_md5[33];                   /* lower case; "": not said */
    char sketch_sha256[65];
    uint32_t free_space; /* 0: not said */
    uint32_t sketch_size;
    uint32_t chip_size;
};

const char *espota_pull_family_prefix(enum espota_pull_family family); /* "x-ESP8266-"; not PLAIN */

void espota_pull_request_init(struct espota_pull_request *request);

/*
 * Takes the path of the request line, still encoded, `length` bytes, up to a "?". A missing leading
 * slash is fine (PROTOCOL 8.3). BAD: it leaves the folder, holds a control character, a backslash
 * or a broken escape, or is too long.
 */
enum espota_status espota_pull_request_path(struct espota_pull_request *request, const char *raw,
                                            size_t length) ESPOTA_MUST_CHECK;

/* Takes one header; what it does not know, or what is malformed, changes nothing. */
void espota_pull_request_header(struct espota_pull_request *request, const char *name,
                                const char *value);

const char *espota_pull_family_word(enum espota_pull_family family); /* "esp8266", …, "plain" */
const char *
espota_pull_mode_word(enum espota_pull_mode mode); /* "sketch", "filesystem", "version" */

/*
 * The digits of a MAC in lower case without colons and dashes; false if `text` is none. Patterns
 * may hold `*` and `?` when `pattern` is set, and are as long as a MAC if they have no `*`; `out`
 * has room for `room` bytes.
 */
bool espota_mac_normalise(const char *text, bool pattern, char *out, size_t room);

#endif
