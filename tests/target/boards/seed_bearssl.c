/* SPDX-License-Identifier: MIT */
/* Where BearSSL takes its first random bytes from: on a chip its generator, here a counter's noise.
 */
#include <bearssl.h>

#include "board.h"

static int seed(const br_prng_class **generator)
{
    uint32_t words[8];

    for (int i = 0; i < 8; i++)
        words[i] = board_random();
    (*generator)->update(generator, words, sizeof(words));
    return 1;
}

br_prng_seeder br_prng_seeder_system(const char **name)
{
    if (name != NULL)
        *name = "emulator";
    return seed;
}
