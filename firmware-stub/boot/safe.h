/* SPDX-License-Identifier: MIT */
/*
 * A loader that no cut can break, for ports without eboot (boot.h has that one). Whatever happens
 * to the power, also inside a write or an erase, the old program or the new one is there, whole.
 *
 * Two kinds of device. On one a program runs from slot 0 alone: a new one is staged in slot 1, one
 * block behind its beginning, and changes places with the old one block by block through the block
 * that is free. On the other a program runs from either slot, and nothing is moved. A staged file
 * system is copied to its place from where it lies, as often as it takes.
 *
 * A new program is on trial: it must call espota_boot_confirm within its number of starts, or the
 * old one comes back. A confirmed program's version becomes the floor, below which none is taken.
 */
#ifndef ESPOTA_BOOT_SAFE_H
#define ESPOTA_BOOT_SAFE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/record.h"
#include "core/core.h"
#include "espota/status.h"

enum espota_boot_kind {
    ESPOTA_BOOT_ONE_PLACE, /* programs run from slot 0 */
    ESPOTA_BOOT_TWO_SLOTS, /* programs run from where they lie, and are built for it */
};

/*
 * The device, as loader and program have to know it; both must be given the same. Addresses are
 * multiples of `block`, and no two areas share a block.
 */
struct espota_boot_layout {
    enum espota_boot_kind kind;
    const struct espota_flash *flash;
    /*
     * What the chip erases, a multiple of ESPOTA_SECTOR_SIZE. Where it is larger, flash->erase
     * erases a block when it is asked for the block's first sector, and does nothing for others.
     */
    uint32_t block;
    uint32_t slot[2];
    uint32_t slot_size;  /* the largest program; ONE_PLACE: slot 1 has one block more than that */
    uint32_t files;      /* where the file system begins */
    uint32_t files_size; /* 0: file systems are not staged */
    struct espota_boot_area record;
    const struct espota_crypto *crypto; /* SHA-256 */
    /* NULL: the loader believes the updater, and looks at digests alone. */
    const struct espota_verifier *verify;
    uint8_t starts; /* of a program on trial; 0: no trial, a program that was copied stays */
    /*
     * The version of `size` bytes of program at `start`, from the bytes that the signature covers.
     * NULL: not supported, and there is no floor.
     */
    enum espota_status (*version)(void *context, uint32_t start, uint32_t size,
                                  uint32_t *version) ESPOTA_MUST_CHECK;
    void *context; /* handed to version */
};

enum espota_boot_event {
    ESPOTA_BOOT_NOTHING = 0,
    ESPOTA_BOOT_INSTALLED = 1, /* a program, or a file system */
    ESPOTA_BOOT_REFUSED = 2,   /* what was staged was not what the record says; the old one stays */
    ESPOTA_BOOT_WENT_BACK = 3, /* the trial is over, or the program was damaged */
};

enum espota_boot_verdict {
    ESPOTA_BOOT_READY,   /* jump to the program at `start` */
    ESPOTA_BOOT_AGAIN,   /* the flash failed: reset; the next run goes on where this one stopped */
    ESPOTA_BOOT_DAMAGED, /* neither program is what the record says: wait for a cable */
};

struct espota_boot_outcome {
    enum espota_boot_event event;
    uint32_t start;
    bool files; /* the event is about the file system */
    struct espota_boot_record record;
};

/* One run after a reset. `sector` is memory to work in. */
enum espota_boot_verdict espota_boot_safe(const struct espota_boot_layout *layout,
                                          uint8_t sector[ESPOTA_SECTOR_SIZE],
                                          struct espota_boot_outcome *outcome) ESPOTA_MUST_CHECK;

/* --- what the program does --- */

/* Where the program that the record has started lies, and where the next one is to be staged. */
uint32_t espota_boot_running(const struct espota_boot_layout *layout,
                             const struct espota_boot_record *record);
uint32_t espota_boot_staging(const struct espota_boot_layout *layout,
                             const struct espota_boot_record *record);

/* The record as the program finds it, settled. */
enum espota_status espota_boot_look(const struct espota_boot_layout *layout,
                                    struct espota_boot_record *record,
                                    uint8_t page[ESPOTA_PAGE_SIZE]) ESPOTA_MUST_CHECK;

/* This program is good: it stays, and its version is the floor. Without a trial nothing happens. */
enum espota_status espota_boot_confirm(const struct espota_boot_layout *layout,
                                       uint8_t page[ESPOTA_PAGE_SIZE]) ESPOTA_MUST_CHECK;
/* It is not: after a reset the old one starts. E_REFUSED: it is not on trial. */
enum espota_status espota_boot_reject(const struct espota_boot_layout *layout,
                                      uint8_t page[ESPOTA_PAGE_SIZE]) ESPOTA_MUST_CHECK;

/* What the updater asks; hand out &installer.table. The caller's memory, not to be copied. */
struct espota_boot_installer {
    struct espota_installer table;
    const struct espota_boot_layout *layout;
    uint8_t page[ESPOTA_PAGE_SIZE];
};

void espota_boot_installer_init(struct espota_boot_installer *installer,
                                const struct espota_boot_layout *layout);

/*
 * A version for struct espota_boot_layout of programs that hold, anywhere, the text
 * "espota-version-floor=" and a decimal number; the first one counts, without one it is 0.
 */
enum espota_status espota_boot_version_text(const struct espota_flash *flash, uint32_t start,
                                            uint32_t size, uint32_t *version) ESPOTA_MUST_CHECK;

#endif
