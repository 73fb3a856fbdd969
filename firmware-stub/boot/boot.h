/* SPDX-License-Identifier: MIT */
/*
 * The loader: what runs before the program. There are two; a port takes one.
 *
 * This is the ESP8266's, for devices that have it and for tests of hosts: it looks for a command,
 * copies, clears the command and says what is to be started, step by step (PROTOCOL 5.7), its weak
 * places included: nothing is checked but that flash can be read and written, and a loss of power
 * tears the program. The other one, safe.h, survives that.
 */
#ifndef ESPOTA_FIRMWARE_BOOT_H
#define ESPOTA_FIRMWARE_BOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/safe.h"
#include "boot/sha256.h"
#include "core/core.h"
#include "espota/status.h"

enum { ESPOTA_BOOT_APP_OFFSET = 0x1000 }; /* the program's header, behind the loader's sector */

/* The port. */
struct espota_boot_ops {
    void *context;                           /* handed to load and log */
    const struct espota_flash *flash;        /* never NULL */
    const struct espota_boot_memory *memory; /* never NULL, nor either of its functions */
    const struct espota_gunzip *gunzip;      /* NULL: gzip is not supported */

    /* Copies one segment to where it runs. NULL: nothing is loaded, only read through. */
    enum espota_status (*load)(void *context, uint32_t flash_offset, uint32_t address,
                               uint32_t size) ESPOTA_MUST_CHECK;
    /* What the original prints on the serial line: "@" or "~", "cp:0", "ld", "e:1". NULL: silent.
     */
    void (*log)(void *context, const char *line);
};

enum espota_boot_next {
    ESPOTA_BOOT_START, /* jump to `entry` */
    ESPOTA_BOOT_RESET, /* reset the chip; the command is cleared, the next run finds none */
};

struct espota_boot_report {
    bool command; /* there was one, and it is cleared now */
    struct espota_eboot what;
    enum espota_eboot_result copied; /* of COPY_RAW */
    bool kept_first;                 /* sector 0 did not change */
    uint32_t from;                   /* the image's address in flash */
    uint8_t magic;                   /* first byte of the program's header; E9 if it is one */
    uint8_t segments;
    uint32_t entry;
    int loaded; /* 0, or the original's number: 1 no header, 2 no segment header, 3 no segment */
};

/* One run after a reset. `sector` is memory to work in. */
enum espota_boot_next espota_boot_run(const struct espota_boot_ops *ops,
                                      uint8_t sector[ESPOTA_SECTOR_SIZE],
                                      struct espota_boot_report *report) ESPOTA_MUST_CHECK;

/*
 * The end of it alone, for programs of this kind behind another loader: the segments of the one at
 * `from` go to where they run. Sets what the report says of a program; false: it cannot be started.
 * Of the port it takes `flash` and `load`.
 */
bool espota_boot_load(const struct espota_boot_ops *ops, uint32_t from,
                      uint8_t sector[ESPOTA_SECTOR_SIZE],
                      struct espota_boot_report *report) ESPOTA_MUST_CHECK;

#endif
