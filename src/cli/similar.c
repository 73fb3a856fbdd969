/* SPDX-License-Identifier: MIT */
#include "cli/similar.h"

#include <string.h>

enum { WORD_MAX = 31 }; /* longer words are not options or commands */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* One row of the table of edit distances, from the two rows above it. */
static void next_row(const char *a, size_t i, const char *b, size_t b_length,
                     size_t rows[3][WORD_MAX + 1])
{
    const size_t *two_up = rows[(i + 1) % 3];
    const size_t *up = rows[(i + 2) % 3];
    size_t *row = rows[i % 3];

    row[0] = i;
    for (size_t j = 1; j <= b_length; j++) {
        size_t change = a[i - 1] == b[j - 1] ? 0 : 1;

        row[j] = least(least(up[j], row[j - 1]) + 1, up[j - 1] + change);
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
            row[j] = least(row[j], two_up[j - 2] + 1);
    }
}

static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
    size_t rows[3][WORD_MAX + 1];

    for (size_t j = 0; j <= b_length; j++)
        rows[0][j] = j;
    for (size_t i = 1; i <= a_length; i++)
        next_row(a, i, b, b_length, rows);
    return rows[a_length % 3][b_length];
}

void similar_init(struct similar *search, const char *typed, size_t length)
{
    search->typed = typed;
    search->length = length;
    search->best = NULL;
    search->distance = length / 3 > 1 ? length / 3 + 1 : 2;
}

void similar_offer(struct similar *search, const char *word)
{
    size_t length = strlen(word);
    size_t found;

    if (search->length == 0 || search->length > WORD_MAX || length > WORD_MAX)
        return;
    if (search->length >= 3 && strncmp(search->typed, word, search->length) == 0)
        found = 1;
    else
        found = distance(search->typed, search->length, word, length);
    if (found < search->distance) {
        search->best = word;
        search->distance = found;
    }
}
