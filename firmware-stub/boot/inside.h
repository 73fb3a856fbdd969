/* SPDX-License-Identifier: MIT */
/* Between the files of the loader that survives. */
#ifndef ESPOTA_BOOT_INSIDE_H
#define ESPOTA_BOOT_INSIDE_H

#include "boot/safe.h"

/* Blocks that a program takes, its signature included; one that nobody knows takes a whole slot. */
uint32_t espota_boot_blocks(const struct espota_boot_layout *layout,
                            const struct espota_boot_program *program);

/* The largest program, or file system. */
uint32_t espota_boot_room(const struct espota_boot_layout *layout, bool files);

/* The record, settled; one that does not fit the layout loses its job and its programs. */
enum espota_status espota_boot_open(const struct espota_boot_layout *layout,
                                    struct espota_boot_journal *journal,
                                    struct espota_boot_record *record,
                                    uint8_t page[ESPOTA_PAGE_SIZE]) ESPOTA_MUST_CHECK;

/* The slot that no program runs from. */
static inline unsigned espota_boot_idle(const struct espota_boot_record *record)
{
    return record->slot ^ 1u;
}

/* The program stays: no trial, and its version is the floor. */
void espota_boot_keep(struct espota_boot_record *record);
/* The program, which is new, has its trial; where the layout has none it stays. */
void espota_boot_try(const struct espota_boot_layout *layout, struct espota_boot_record *record);

#endif
