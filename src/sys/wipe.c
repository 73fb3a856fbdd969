/* SPDX-License-Identifier: MIT */
#include "sys/wipe.h"

#include <string.h>

void espota_sys_wipe(void *memory, size_t length)
{
    /* A function that could be any: fast as memset, for whole images, and never left out. */
    static void *(*const volatile fill)(void *memory, int byte, size_t length) = memset;

    fill(memory, 0, length);
}
