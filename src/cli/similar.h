/* SPDX-License-Identifier: MIT */
/* "Did you mean": the word nearest to one that was mistyped. */
#ifndef ESPOTA_CLI_SIMILAR_H
#define ESPOTA_CLI_SIMILAR_H

#include <stddef.h>

struct similar {
    const char *typed; /* what was mistyped, `length` bytes */
    size_t length;
    const char *best; /* the nearest so far; NULL: nothing is near */
    size_t distance;  /* of best */
};

/* Starts a search for words near `typed`. */
void similar_init(struct similar *search, const char *typed, size_t length);

/*
 * Offers a word, which is borrowed. It is near when it begins with what was typed, or when a
 * third of what was typed, and at least one letter, would have to change (two neighbours that
 * changed places count as one).
 */
void similar_offer(struct similar *search, const char *word);

#endif
