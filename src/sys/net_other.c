/* SPDX-License-Identifier: MIT */
/* In place of net_linux.c where sockets tell no more than POSIX has: what cannot be told says so,
 * and who asked for it does without. */
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "sys/loop_backend.h"
#include "sys/net.h"
#include "sys/net_platform.h"

/*
 * SIGPIPE is kept away per socket on systems of BSD's line, which lack the flag or got it late;
 * what has neither relies on the program ignoring the signal.
 */
#ifdef MSG_NOSIGNAL
const int espota_net_send_flags = MSG_NOSIGNAL;
#else
const int espota_net_send_flags = 0;
#endif

void espota_net_prepare(int fd)
{
#ifdef SO_NOSIGPIPE
    const int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#else
    (void)fd;
#endif
}

void espota_socket_narrow(int fd, uint32_t window)
{
    const int buffer = window < INT_MAX ? (int)window : INT_MAX;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
}

bool espota_socket_unacked(int fd, uint32_t *bytes)
{
    (void)fd;
    (void)bytes;
    return false;
}

bool espota_socket_acked(int fd, uint64_t *bytes, bool *closed)
{
    (void)fd;
    (void)bytes;
    (void)closed;
    return false;
}

bool espota_socket_unsent(int fd, uint32_t *bytes)
{
    (void)fd;
    (void)bytes;
    return false;
}

void espota_socket_limit_unsent(int fd, uint32_t bytes)
{
#ifdef TCP_NOTSENT_LOWAT
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
#else
    (void)fd;
    (void)bytes;
#endif
}

void espota_udp_want_unreachable(int fd)
{
    (void)fd;
}

bool espota_udp_unreachable(int fd, struct espota_address *target, struct espota_address *reporter,
                            enum espota_unreachable *why)
{
    (void)fd;
    (void)target;
    (void)reporter;
    (void)why;
    return false;
}

bool espota_multicast_share(int fd)
{
    const int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
}

void espota_multicast_force_room(int fd, int bytes)
{
    (void)fd; /* nobody may have more than the system's bound here */
    (void)bytes;
}

const struct espota_loop_backend_ops *const espota_loop_epoll = NULL;
