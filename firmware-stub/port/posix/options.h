/* SPDX-License-Identifier: MIT */
/* What espota-stub was asked for, and the run of all its devices. */
#ifndef ESPOTA_POSIX_OPTIONS_H
#define ESPOTA_POSIX_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/secret.h"
#include "port/posix/link.h"

enum { STUB_COUNT_MAX = 62500 }; /* 127.1.0.1 to 127.1.249.250 */

enum stub_auth { STUB_AUTH_MD5, STUB_AUTH_SHA256, STUB_AUTH_MD5_ESP32 };

/* Which loader is played: eboot, or the one that survives with one place for programs or two. */
enum stub_layout { STUB_LAYOUT_EBOOT, STUB_LAYOUT_SWAP, STUB_LAYOUT_SLOTS };

/* Which client of the RTOS SDK is played: the program that runs, and so which slot is written. */
enum stub_slot { STUB_SLOT_NONE, STUB_SLOT_USER1, STUB_SLOT_USER2 };

struct stub_options {
    uint16_t port;
    const char *bind; /* NULL: all addresses, or those of a fleet */
    uint32_t count;
    const char *hostname; /* NULL: as the core names a board */
    bool mdns;

    struct espota_secret password;
    const char *password_file;
    enum stub_auth auth;
    const char *publickey; /* NULL: signatures are not looked at */

    bool esphome;         /* in place of invitations: ESPHome's protocol */
    bool deflate;         /* there: as an ESP32; false: as an ESP8266, with gzip */
    bool plain;           /* there: with neither */
    const char *key_file; /* there: NULL: no encryption */
    bool encrypted;       /* there: refuses who comes without */

    const char *http; /* ADDR:PORT of the page for updates; NULL: none */
    const char *user; /* of that page; NULL: "admin" */
    const char *pull; /* URL of a server to ask instead of listening; NULL: none */
    const char *version;
    bool pull_fs;
    bool pull_asks;         /* only which version there is */
    enum stub_slot running; /* STUB_SLOT_NONE: an Arduino device asks */
    bool resume;

    const char *flash;   /* NULL: in memory */
    uint64_t flash_size; /* 0: the file's, or 4 MiB */
    uint64_t fs_start;   /* 0: the usual place */
    bool atomic_fs;
    enum stub_layout layout;
    bool boot; /* only plays the loader */

    uint32_t uploads; /* 0: no end */
    struct stub_link_shape shape;
    uint32_t loop_delay_ms; /* see struct stub_slow */
    uint32_t auth_delay_ms;
    bool fast;
    bool quirks;
    bool json;
};

/*
 * Runs until all uploads came or a signal did; OK then. With `pull` one device asks for an update,
 * once, see stub_node_pull; with `boot` the loader is played on the flash file and what it starts
 * is told, E_IMAGE if that is nothing.
 */
enum espota_status stub_run(const struct stub_options *options,
                            struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
