/* SPDX-License-Identifier: MIT */
/* Not a parser: a target that crashes at once, to see that a crash counts as a failure. */
#include <stdlib.h>

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    (void)data;
    (void)size;
    abort();
}
