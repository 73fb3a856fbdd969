/* SPDX-License-Identifier: MIT */
/*
 * lwIP in a thread of an operating system, as an ESP32 and Zephyr have it: the card's thread only
 * hands over frames. lwIP is told to end the program where its functions are called from another
 * thread than its own (LWIP_ASSERT_CORE_LOCKED), so each test is one of that, too.
 */
#include <lwip/sys.h>
#include <lwip/tcpip.h>

#include "board.h"
#include "network.h"

const netif_input_fn network_input = tcpip_input;

static sys_sem_t begun;
static void (*what_begins)(void *context);

static void in_lwip_s_thread(void *context)
{
    what_begins(context);
    sys_sem_signal(&begun);
}

void network_run(void (*begin)(void *context))
{
    what_begins = begin;
    if (sys_sem_new(&begun, 0) != ERR_OK)
        board_die("no semaphore");
    tcpip_init(in_lwip_s_thread, NULL);
    (void)sys_arch_sem_wait(&begun, 0);
    for (;;)
        if (!network_frame())
            board_idle();
}
