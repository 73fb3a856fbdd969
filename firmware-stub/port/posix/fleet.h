/* SPDX-License-Identifier: MIT */
/* Any number of devices in this process, from the start to the signal that ends them. */
#ifndef ESPOTA_POSIX_FLEET_H
#define ESPOTA_POSIX_FLEET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/secret.h"
#include "port/posix/pull.h"

enum { STUB_COUNT_MAX = 62500 }; /* 127.1.0.1 to 127.1.249.250 */

enum stub_auth { STUB_AUTH_MD5, STUB_AUTH_SHA256, STUB_AUTH_MD5_ESP32 };

/* What was typed. */
struct stub_options {
    uint16_t port;
    const char *bind; /* NULL: all addresses, or those of a fleet */
    struct espota_secret password;
    const char *password_file;
    enum stub_auth auth;
    const char *publickey; /* NULL: signatures are not looked at */
    const char *hostname;  /* NULL: as the core names a board */

    const char *flash;   /* NULL: in memory */
    uint64_t flash_size; /* 0: the file's, or 4 MiB */
    uint64_t fs_start;   /* 0: the usual place */
    bool atomic_fs;

    const char *http; /* ADDR:PORT of the page for updates; NULL: none */
    const char *user; /* of that page; NULL: "admin" */
    struct stub_pull_options pull;
    bool pull_fs;
    bool pull_asks; /* only which version there is */

    uint32_t count;
    uint32_t uploads; /* 0: no end */
    uint64_t rate;
    uint32_t window;
    uint32_t delay_ms;
    uint32_t loop_delay_ms;
    uint32_t auth_delay_ms;
    bool fast;
    bool quirks;
    bool boot;
    bool mdns;
    bool json;
};

/* Runs until all uploads came or a signal did; OK then. */
enum espota_status stub_fleet_run(const struct stub_options *options,
                                  struct espota_error *err) ESPOTA_MUST_CHECK;

/* --pull: asks for an update, once; see stub_pull. */
enum espota_status stub_fleet_pull(const struct stub_options *options,
                                   struct espota_error *err) ESPOTA_MUST_CHECK;

/* --boot: plays the loader on the flash file and says what it starts. E_IMAGE if that is nothing.
 */
enum espota_status stub_fleet_boot(const struct stub_options *options,
                                   struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
