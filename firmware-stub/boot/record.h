/* SPDX-License-Identifier: MIT */
/*
 * What the loader has to remember, in flash that tears. A cut inside a write or an erase leaves
 * bytes that may read differently each time, so nothing is concluded from one reading of the last
 * thing written:
 *
 * - Three areas, each erased as a whole. A commit erases the one with the oldest record and writes
 *   three copies, one after the other. A copy that can be read says that the one before it is
 *   whole; with all three there the record is settled, whatever becomes of the third.
 * - A record that is not settled is first written again, with the next number, and acted upon then.
 *   Of one copy alone it was never acted upon: its own area may go, for another has the record
 *   before it. From two copies on the first is whole: the oldest area goes. With two areas that
 *   would be the record before, still needed if the second copy cannot be read next time.
 * - A page is written once after an erase of the same run: what reads as erased need not be.
 * - Behind a commit's copies the steps of a job are appended, a page each. Of a job found under way
 *   the record is always written again, so what a torn page may show later is of no account.
 */
#ifndef ESPOTA_BOOT_RECORD_H
#define ESPOTA_BOOT_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "espota/status.h"
#include "wire/wire.h"

/* What is to be done before a program starts. */
enum espota_boot_job {
    ESPOTA_BOOT_NO_JOB = 0,
    ESPOTA_BOOT_COPY = 1, /* a staged file system to its place */
    ESPOTA_BOOT_SWAP = 2, /* a staged program and the one that runs change places */
    ESPOTA_BOOT_BACK = 3, /* and back again */
};

/* What lies in a slot. */
struct espota_boot_program {
    uint32_t size;    /* without a signature behind it; 0: nothing is known of it */
    uint32_t version; /* as struct espota_boot_layout finds it; 0: none */
    uint8_t sha256[ESPOTA_SHA256_SIZE];
};

struct espota_boot_record {
    uint8_t job;     /* enum espota_boot_job */
    uint8_t slot;    /* the slot whose program is to be started; 0 where they are swapped */
    bool trial;      /* it has not confirmed itself yet */
    uint8_t left;    /* starts that it still has to do so */
    uint32_t step;   /* of the job, that comes next */
    uint32_t blocks; /* that the job moves */
    uint32_t floor;  /* programs with a lower version do not start */
    struct espota_boot_program program[2];
};

enum {
    ESPOTA_BOOT_RECORD_SIZE = 108, /* of a page; the rest of it is FF */
    ESPOTA_BOOT_AREAS = 3,
    ESPOTA_BOOT_AREA_MIN = 3 * ESPOTA_PAGE_SIZE,
};

/*
 * Where the records lie: a spare block of flash each, or any other memory, to which the port then
 * gives such a table (erase: fill with FF).
 */
struct espota_boot_area {
    const struct espota_flash *flash;
    uint32_t at[ESPOTA_BOOT_AREAS]; /* erase(at) erases the area */
    uint32_t size; /* of each, at least ESPOTA_BOOT_AREA_MIN; from 1 KiB on steps are appended */
};

/* The caller's memory; its content is this module's. */
struct espota_boot_journal {
    const struct espota_boot_area *area;
    uint32_t epoch;   /* of the newest record */
    uint8_t active;   /* the area that it is in */
    uint8_t appended; /* records behind the copies; as many as have room where none may be added */
};

/* A page as it is in memory; `sequence` is told apart from what it orders. */
void espota_boot_record_write(const struct espota_boot_record *record, uint32_t sequence,
                              uint8_t page[ESPOTA_PAGE_SIZE]);
/* BAD: no record. */
enum espota_status espota_boot_record_parse(const uint8_t page[ESPOTA_PAGE_SIZE],
                                            struct espota_boot_record *record,
                                            uint32_t *sequence) ESPOTA_MUST_CHECK;

/*
 * Finds the newest record and settles it; where there is none yet it is all zeros. Not OK: the
 * memory cannot be written. `page` is memory to work in.
 */
enum espota_status espota_boot_journal_open(struct espota_boot_journal *journal,
                                            const struct espota_boot_area *area,
                                            struct espota_boot_record *record,
                                            uint8_t page[ESPOTA_PAGE_SIZE]) ESPOTA_MUST_CHECK;
/* From now on this is the record. */
enum espota_status espota_boot_journal_commit(struct espota_boot_journal *journal,
                                              const struct espota_boot_record *record,
                                              uint8_t page[ESPOTA_PAGE_SIZE]) ESPOTA_MUST_CHECK;
/* The same for the next step of a job: cheaper where there is room. */
enum espota_status espota_boot_journal_append(struct espota_boot_journal *journal,
                                              const struct espota_boot_record *record,
                                              uint8_t page[ESPOTA_PAGE_SIZE]) ESPOTA_MUST_CHECK;

#endif
