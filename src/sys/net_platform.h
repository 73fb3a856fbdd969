/* SPDX-License-Identifier: MIT */
/* Between the files of net: socket addresses, and what each platform does its own way. */
#ifndef ESPOTA_SYS_NET_PLATFORM_H
#define ESPOTA_SYS_NET_PLATFORM_H

#include <sys/socket.h>

#include "sys/net.h"

/* Returns the length that the system calls want; 0 for an address of family 0. */
socklen_t espota_net_to_sockaddr(const struct espota_address *address,
                                 struct sockaddr_storage *out);
/* Family 0 if it is neither IPv4 nor IPv6. */
void espota_net_from_sockaddr(const struct sockaddr *address, struct espota_address *out);

/* Flags for every send: a dead peer must not kill the program by SIGPIPE. */
extern const int espota_net_send_flags;
/* For every new socket, to the same end where the flags cannot. */
void espota_net_prepare(int fd);

#endif
