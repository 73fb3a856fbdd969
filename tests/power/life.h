/* SPDX-License-Identifier: MIT */
/*
 * A device with the loader that survives, on a chip that tears: its life between cuts, and the
 * judge of what is left of it.
 */
#ifndef ESPOTA_TEST_LIFE_H
#define ESPOTA_TEST_LIFE_H

#include "boot/boot.h"
#include "core/core.h"
#include "tearing.h"

enum { LIFE_PROGRAM_MAX = 6 * 65536, LIFE_STARTS = 3 };

/* What can be there; the numbers are bits of a set. */
enum life_what { LIFE_OLD = 1, LIFE_NEW = 2, LIFE_THIRD = 4, LIFE_TORN = 8 };

struct life_image {
    uint8_t *bytes;
    uint32_t size;
    uint32_t version;
};

struct life {
    struct tearing *chip;
    struct espota_boot_layout layout;
    struct espota_boot_installer installer;
    struct espota_updater_config config;
    struct life_image old, new, third, old_files, new_files;
    uint32_t floor;    /* below which the record's must never be again */
    unsigned programs; /* what may start */
    unsigned runs;     /* what was started last */
    unsigned kept;     /* what a trial goes back to */
    unsigned files;    /* what may be in the file system */
    bool trial;        /* at the last good start */
    const char *fault; /* what the judge has found; NULL: nothing */

    enum espota_update_error error; /* of the last upload */
};

/* How much of a slot the programs take. */
struct life_sizes {
    const char *name;
    uint32_t old_part, new_part; /* eighths of the slot */
};

/* An old program runs, which the record knows nothing of. */
void life_begin(struct life *life, struct tearing *chip, const struct tearing_model *model,
                enum espota_boot_kind kind, const struct life_sizes *sizes,
                const struct espota_crypto *crypto, uint32_t seed);

/* False: refused, or the power went. */
bool life_upload(struct life *life, const struct life_image *image, uint32_t command);
bool life_confirm(struct life *life);
bool life_reject(struct life *life);
/* One run of the loader, and a look at what it starts; false: the power went. */
bool life_boot(struct life *life);

#endif
