/* SPDX-License-Identifier: MIT */
/*
 * A flash chip that tears as real ones do. The power can go before an erase or a write, after it,
 * or inside: of a write a prefix of the bytes is there, or some bits of the last page, or bits that
 * read differently each time; of an erase a part of the block, or nothing that can be relied on;
 * and either can look as if it had never begun, or as if it were done, and not be it.
 *
 * What must never be done to a chip, writing what no whole erase has cleaned since, is remembered
 * as abuse even where the bytes would come out right.
 */
#ifndef ESPOTA_TEST_TEARING_H
#define ESPOTA_TEST_TEARING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/flash.h"

enum { TEARING_MAX = 1024 * 1024, TEARING_PIECES = TEARING_MAX / ESPOTA_SECTOR_SIZE };

struct tearing_model {
    const char *name;
    uint32_t block; /* what is erased at once */
    uint32_t unit;  /* what is programmed at once: 1 where bytes come one after the other */
    bool ecc;       /* a unit that was torn cannot be read, now and then */
};

extern const struct tearing_model tearing_models[];
extern const size_t tearing_model_count;

/* How the change goes during which the power does. */
enum tear {
    TEAR_BEFORE,   /* nothing of it is done */
    TEAR_PREFIX,   /* of the bytes; the others are as they were */
    TEAR_BITS,     /* behind the prefix some bits are done and others are not */
    TEAR_UNSTABLE, /* behind the prefix what is not done reads differently each time */
    TEAR_FEW,      /* all is done but for a few bits, which read differently each time */
    TEAR_UNDONE,   /* it looks as if it had not begun, and will not again: it is not clean */
    TEAR_SEEMS,    /* a write: as TEAR_PREFIX, from the back; an erase: looks done, is not */
    TEAR_AFTER,    /* all of it is done */
    TEAR_COUNT,
};

struct tearing {
    struct espota_flash table;
    const struct tearing_model *model;
    uint32_t size;
    uint8_t bytes[TEARING_MAX];
    uint8_t wild[TEARING_MAX];     /* bits that read differently each time */
    uint8_t clean[TEARING_MAX];    /* of a whole erase; per byte */
    bool unstable[TEARING_PIECES]; /* sectors in which there are wild bits */
    uint32_t random;
    unsigned changes; /* erases and writes since the last power-up */
    unsigned cut_at;  /* the number of the change during which the power goes; 0: none */
    enum tear tear;
    unsigned cuts; /* that have happened, over the chip's life */
    bool dead;
    bool abused;
    /* What a broken loader would leave out: true drops this change in silence. NULL: nothing. */
    bool (*drops)(uint32_t address, bool erase);
};

/* All erased. */
void tearing_init(struct tearing *chip, const struct tearing_model *model, uint32_t size,
                  uint32_t seed);
/* The power comes back; `cut_at` as in the struct. */
void tearing_power_up(struct tearing *chip, unsigned cut_at, enum tear tear);
/* Bytes as a cable would put them there. */
void tearing_place(struct tearing *chip, uint32_t address, const void *data, uint32_t length);
/* These bytes are there, and will be at every reading. */
bool tearing_holds(const struct tearing *chip, uint32_t address, const void *data, uint32_t length);
/* `from` as it is, into `to`; only what differs in size of the chip is copied. */
void tearing_copy(struct tearing *to, const struct tearing *from);
uint32_t tearing_random(struct tearing *chip, uint32_t below);

#endif
