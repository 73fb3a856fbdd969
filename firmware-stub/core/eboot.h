/* SPDX-License-Identifier: MIT */
/*
 * The boot loader's part (PROTOCOL 5.7): the command record that the updater
 * leaves for it in memory that survives a reset, and the copy that it makes.
 *
 * The record is cleared after the copy, so a reset in the middle repeats the
 * copy from its beginning. A loss of power takes the record with it if the
 * memory is RTC memory, as the ESP8266's is: what was half copied stays so. A
 * copy can be repeated only as long as it has not run over its own source,
 * that is while target + size <= source.
 */
#ifndef ESPOTA_STUB_CORE_EBOOT_H
#define ESPOTA_STUB_CORE_EBOOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flash.h"
#include "espota/status.h"

enum {
    ESPOTA_EBOOT_SIZE = 128, /* bytes of a record: 32 little-endian words */
    ESPOTA_EBOOT_ARGUMENTS = 29,
};

#define ESPOTA_EBOOT_COPY_RAW UINT32_C(1)
#define ESPOTA_EBOOT_LOAD_APP UINT32_C(0xffffffff)

/* For COPY_RAW the arguments are source, target, size; for LOAD_APP the image's address. */
struct espota_eboot {
    uint32_t action;
    uint32_t argument[ESPOTA_EBOOT_ARGUMENTS];
};

/* Writes magic, action, arguments and checksum. */
void espota_eboot_write(const struct espota_eboot *command, uint8_t record[ESPOTA_EBOOT_SIZE]);

/* BAD: wrong magic or checksum, that is no command. */
enum espota_status espota_eboot_parse(const uint8_t record[ESPOTA_EBOOT_SIZE],
                                      struct espota_eboot *out) ESPOTA_MUST_CHECK;

/* Makes a record no command, as the loader does: its magic and checksum become 0. */
void espota_eboot_clear(uint8_t record[ESPOTA_EBOOT_SIZE]);

/*
 * Where the record lives. A port whose loader is another one (MCUboot, a
 * loader of its own) parses the record in `store` and tells that loader.
 */
struct espota_boot_memory {
    void *context; /* handed to both functions */

    /* The updater stores a command, the loader a cleared record. Never NULL. */
    enum espota_status (*store)(void *context,
                                const uint8_t record[ESPOTA_EBOOT_SIZE]) ESPOTA_MUST_CHECK;
    /* What is there, whatever it is. NULL: only a loader needs it. */
    enum espota_status (*load)(void *context, uint8_t record[ESPOTA_EBOOT_SIZE]) ESPOTA_MUST_CHECK;
};

/*
 * The unpacker of gzip images. To behave as the original does where packed and
 * unpacked bytes overlap, it reads its source in whole sectors, in order, and
 * each only when it needs it.
 */
struct espota_gunzip {
    void *context; /* handed to both functions */

    /* Reads the gzip header at `source`. Anything but OK is the loader's error 5. */
    enum espota_status (*start)(void *context, const struct espota_flash *flash,
                                uint32_t source) ESPOTA_MUST_CHECK;
    /*
     * Unpacks up to `room` bytes; *length is less only at the end of the
     * packed data. Anything but OK is the loader's error 6.
     */
    enum espota_status (*next)(void *context, uint8_t *out, size_t room,
                               size_t *length) ESPOTA_MUST_CHECK;
};

/* The loader's numbers, as it prints them after "cp:". */
enum espota_eboot_result {
    ESPOTA_EBOOT_DONE = 0,
    ESPOTA_EBOOT_UNALIGNED = 1,
    ESPOTA_EBOOT_ERASE = 2,
    ESPOTA_EBOOT_READ_SOURCE = 3,
    ESPOTA_EBOOT_TARGET = 4, /* the target could not be read or written */
    ESPOTA_EBOOT_GZIP_HEADER = 5,
    ESPOTA_EBOOT_INFLATE = 6,
};

/*
 * Copies `size` bytes from `source` to `target`, rounded up to sectors; a gzip
 * is unpacked, its length taken from its last four bytes and its last sector
 * filled up with FF. `gunzip` NULL: not supported, a gzip is error 5. Sector 0
 * of the chip is left alone if it would not change (*kept_first, which may be
 * NULL). `sector` is memory to work in.
 */
enum espota_eboot_result espota_eboot_copy(const struct espota_flash *flash,
                                           const struct espota_gunzip *gunzip, uint32_t source,
                                           uint32_t target, uint32_t size,
                                           uint8_t sector[ESPOTA_SECTOR_SIZE],
                                           bool *kept_first) ESPOTA_MUST_CHECK;

#endif
