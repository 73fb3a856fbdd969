/* SPDX-License-Identifier: MIT */
/* Sockets by their usual names: ESP-IDF, and everything that is POSIX. */
#ifndef ESPOTA_SOCKETS_H
#define ESPOTA_SOCKETS_H

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define ESPOTA_SOCKET(name) name
#define ESPOTA_SOCKET_IN POLLIN
#define ESPOTA_SOCKET_OUT POLLOUT
#define ESPOTA_SOCKET_FAULT POLLERR
#define ESPOTA_SOCKET_SEND SHUT_WR

#endif
