/* SPDX-License-Identifier: MIT */
/*
 * Windows waits for sockets and nothing else beside them, so the bell is two datagram sockets on
 * the loopback, each connected to the other: they take nothing from anybody else, and no firewall
 * looks at them.
 */
#include <errno.h>

#include "sys/sockets.h"

static bool open_end(int *end, struct espota_address *at)
{
    const struct espota_address loopback = {.family = 4, .bytes = {127, 0, 0, 1}};

    *end = espota_os_socket(AF_INET, SOCK_DGRAM);
    return *end >= 0 && espota_os_own_port(*end, SOCK_DGRAM) && espota_os_bind(*end, &loopback) &&
           espota_os_local(*end, at);
}

bool espota_wake_open(int *heard, int *rung)
{
    struct espota_address ear, hand;

    *rung = -1;
    if (open_end(heard, &ear) && open_end(rung, &hand) && espota_os_connect(*heard, &hand) &&
        espota_os_connect(*rung, &ear))
        return true;
    espota_wake_close(heard);
    espota_wake_close(rung);
    return false;
}

void espota_wake_ring(int rung)
{
    int saved = errno;

    (void)espota_os_send(rung, "", 1); /* what does not fit any more is heard just as well */
    errno = saved;
}

void espota_wake_clear(int heard)
{
    char sink[64];

    while (espota_os_receive(heard, sink, sizeof(sink)) >= 0)
        ;
}

void espota_wake_close(int *end)
{
    espota_socket_close(end);
}
