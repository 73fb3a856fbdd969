/* SPDX-License-Identifier: MIT */
/* lwIP without an operating system: one loop has frames and timers. */
#include <lwip/init.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>

#include "board.h"
#include "network.h"

enum { FRAMES_AT_ONCE = 8 };

const netif_input_fn network_input = netif_input;

u32_t sys_now(void)
{
    return board_ms();
}

void network_run(void (*begin)(void *context))
{
    lwip_init();
    begin(NULL);
    for (;;) {
        int count = 0;

        while (count < FRAMES_AT_ONCE && network_frame())
            count++;
        sys_check_timeouts();
        if (count == 0)
            board_idle();
    }
}
