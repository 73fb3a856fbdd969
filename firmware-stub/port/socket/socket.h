/* SPDX-License-Identifier: MIT */
/*
 * The device on two sockets that do not block, for systems that have threads: one thread runs it,
 * and sleeps in poll. IPv4. The system's names come from a header, espota_sockets.h, which whoever
 * builds this has in the include path: posix/ here has the usual ones.
 */
#ifndef ESPOTA_PORT_SOCKET_H
#define ESPOTA_PORT_SOCKET_H

#include <stdint.h>

#include "device.h"

/* What sockets do not have. Borrowed. */
struct espota_socket_board {
    void *context;                                /* handed to all three */
    uint64_t (*now)(void *context);               /* never NULL; milliseconds */
    void (*reboot)(void *context);                /* NULL: the device goes on. May return */
    void (*log)(void *context, const char *line); /* NULL: silent */
};

/* The caller's memory; its content is this module's, and `pump` may be read. */
struct espota_socket {
    struct espota_pump pump;

    const struct espota_socket_board *board;
    struct espota_pump_ops ops;
    int udp;
    int tcp;
    int leaving; /* what was said there is still on its way to the host */
    uint64_t leave_at;
    bool restart; /* once nothing leaves any more */
};

/* Opens the UDP port (8266, or what you announce). E_LOCAL: there is no socket left, or the port is
 * taken; nothing is to be undone. The configuration is borrowed. */
enum espota_status espota_socket_init(struct espota_socket *port,
                                      const struct espota_socket_board *board,
                                      const struct espota_receiver_config *config,
                                      uint16_t udp_port) ESPOTA_MUST_CHECK;

/* Does what can be done, then sleeps until there is more, at most `limit` ms (-1: any time). The
 * thread calls it for ever; one that has other work gives a limit. */
void espota_socket_run(struct espota_socket *port, int32_t limit);

/* Gives up what runs, closes and wipes. */
void espota_socket_deinit(struct espota_socket *port);

#endif
