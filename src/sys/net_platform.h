/* SPDX-License-Identifier: MIT */
/*
 * What each system's sockets do their own way, beside what net.h leaves to the same files:
 * net_linux.c, net_other.c (POSIX and no more), net_windows.c.
 */
#ifndef ESPOTA_SYS_NET_PLATFORM_H
#define ESPOTA_SYS_NET_PLATFORM_H

#include <stdbool.h>

/* Flags for every send: a dead peer must not kill the program by SIGPIPE. POSIX only. */
extern const int espota_net_send_flags;
/* For every new socket, to the same end where the flags cannot. POSIX only. */
void espota_net_prepare(int fd);

/* Before bind: others that do the same may have the port, too; false with errno. */
bool espota_multicast_share(int fd);
/* More than the system lets everybody have, where we may. */
void espota_multicast_force_room(int fd, int bytes);

#endif
