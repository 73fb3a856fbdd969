/* SPDX-License-Identifier: MIT */
/* C's part of start-up, the mark on the stack, and the words that a test pokes into memory. */
#include "start.h"

#include <string.h>

#include "board.h"

enum { PAINT = 0x5a, STOOD_ON = 256 };

void board_start(void)
{
    const uint8_t *here = __builtin_frame_address(0);

    memcpy(data_start, data_source, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    memset(stack_bottom, PAINT, (size_t)(here - stack_bottom) - STOOD_ON);
    board_main();
    board_die("main returned");
}

uint32_t board_stack_used(void)
{
    const uint8_t *at = stack_bottom;

    while (at < stack_top && *at == PAINT)
        at++;
    return (uint32_t)(stack_top - at);
}

uint32_t board_cut(enum board_cut which)
{
    return BOARD_REGISTER(BOARD_CUT_AT + 4 * (uint32_t)which);
}

void board_jump(uint32_t entry)
{
    ((void (*)(void))(uintptr_t)entry)();
    board_die("the program returned");
}

uint32_t board_random(void)
{
    static uint32_t x = 0x1234567;

    x ^= board_noise();
    x ^= x << 13;
    x ^= x >> 17;
    x ^= x << 5;
    return x;
}
