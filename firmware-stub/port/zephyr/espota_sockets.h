/* SPDX-License-Identifier: MIT */
/* Sockets by Zephyr's own names, which it has in every configuration. */
#ifndef ESPOTA_SOCKETS_H
#define ESPOTA_SOCKETS_H

#include <errno.h>
#include <zephyr/net/socket.h>
#include <zephyr/sys/fdtable.h>
/* zsock_fcntl's numbers. Before ZVFS had its own, they were the host's where Zephyr is a process.
 */
#if defined(CONFIG_ARCH_POSIX) && !defined(ZVFS_O_NONBLOCK)
#include <fcntl.h>
#else
#include <zephyr/posix/fcntl.h>
#endif

#define ESPOTA_SOCKET(name) zsock_##name
#define ESPOTA_SOCKET_IN ZSOCK_POLLIN
#define ESPOTA_SOCKET_OUT ZSOCK_POLLOUT
#define ESPOTA_SOCKET_FAULT ZSOCK_POLLERR
#define ESPOTA_SOCKET_SEND ZSOCK_SHUT_WR

#endif
