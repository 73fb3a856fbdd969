/* SPDX-License-Identifier: MIT */
/*
 * What each system's sockets do their own way: net_linux.c, net_other.c (POSIX and no more),
 * net_windows.c, with what net.h says that only they can know. Beside it what the files of sockets
 * share.
 */
#ifndef ESPOTA_SYS_NET_PLATFORM_H
#define ESPOTA_SYS_NET_PLATFORM_H

#include <stdbool.h>
#include <sys/socket.h>

#include "sys/net.h"

/* Returns the length that the system calls want; 0 for an address of family 0. */
socklen_t espota_net_to_sockaddr(const struct espota_address *address,
                                 struct sockaddr_storage *out);

/* Flags for every send: a dead peer must not kill the program by SIGPIPE. */
extern const int espota_net_send_flags;
/* For every new socket, to the same end where the flags cannot. */
void espota_net_prepare(int fd);

/* Before bind: others that do the same may have the port, too; false with errno. */
bool espota_multicast_share(int fd);
/* More than the system lets everybody have, where we may. */
void espota_multicast_force_room(int fd, int bytes);

#endif
