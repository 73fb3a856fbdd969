/* SPDX-License-Identifier: MIT */
/*
 * How far a pull has come, kept in a sector of flash of its own, so that it goes on after a loss of
 * power. The sector's first page says what is pulled; each page behind it notes, once, how much is
 * in flash and its checksum. Pages are only added: one that was cut in the middle has a wrong
 * checksum, and the one before it counts.
 */
#ifndef ESPOTA_STUB_CORE_PULL_BOOKMARK_H
#define ESPOTA_STUB_CORE_PULL_BOOKMARK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flash.h"
#include "espota/status.h"
#include "wire/wire.h"

enum {
    ESPOTA_PULL_ETAG_MAX = 100, /* with its terminator; longer ones are not kept */
    ESPOTA_PULL_NOTES = ESPOTA_SECTOR_SIZE / ESPOTA_PAGE_SIZE - 1,
};

struct espota_pull_bookmark {
    uint32_t asked;   /* a checksum of what was asked for, and of whom */
    uint32_t command; /* as the updater has it */
    uint32_t start;   /* of the image in flash */
    uint32_t size;
    bool has_md5;
    char md5[ESPOTA_MD5_HEX + 1];
    char etag[ESPOTA_PULL_ETAG_MAX]; /* "": none, or one that does not vouch for each byte */

    unsigned notes;
    uint32_t done;      /* of the last note: bytes that are in flash, a multiple of a sector */
    uint32_t checksum;  /* of them, as they are there */
    uint8_t flash_mode; /* what came in the first sector's third byte */
};

/* Erases the sector and says what is pulled. `notes`, `done` and `checksum` start anew. */
enum espota_status espota_pull_bookmark_begin(struct espota_pull_bookmark *bookmark,
                                              const struct espota_flash *flash,
                                              uint32_t sector) ESPOTA_MUST_CHECK;
/* Everything up to `done` is in flash now. MORE: no page is left. */
enum espota_status espota_pull_bookmark_note(struct espota_pull_bookmark *bookmark,
                                             const struct espota_flash *flash, uint32_t sector,
                                             uint32_t done) ESPOTA_MUST_CHECK;
/* MORE: there is none for what is asked, or what it speaks of is no longer what is in flash. */
enum espota_status espota_pull_bookmark_find(struct espota_pull_bookmark *bookmark,
                                             const struct espota_flash *flash, uint32_t sector,
                                             uint32_t asked, uint32_t command) ESPOTA_MUST_CHECK;

#endif
