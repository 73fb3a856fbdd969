/* SPDX-License-Identifier: MIT */
/* In place of net_linux.c: what macOS tells of a socket. It does not tell what the peer has
 * acknowledged, and nothing of the datagrams of a socket that is not connected. */
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "sys/loop_backend.h"
#include "sys/net.h"
#include "sys/net_platform.h"

const int espota_net_send_flags = 0; /* MSG_NOSIGNAL came late; SO_NOSIGPIPE is always there */

void espota_net_prepare(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
}

void espota_socket_narrow(int fd, uint32_t window)
{
    const int buffer = window < INT_MAX ? (int)window : INT_MAX;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
}

bool espota_socket_unacked(int fd, uint32_t *bytes)
{
    int count = 0;
    socklen_t length = sizeof(count);

    if (getsockopt(fd, SOL_SOCKET, SO_NWRITE, &count, &length) != 0 || count < 0)
        return false;
    *bytes = (uint32_t)count;
    return true;
}

bool espota_socket_acked(int fd, uint64_t *bytes, bool *closed)
{
    (void)fd;
    (void)bytes;
    (void)closed;
    return false;
}

/* At least so many: more than the peer's window has never left. */
bool espota_socket_unsent(int fd, uint32_t *bytes)
{
    struct tcp_connection_info info = {0};
    socklen_t length = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_CONNECTION_INFO, &info, &length) != 0)
        return false;
    *bytes =
        info.tcpi_snd_sbbytes > info.tcpi_snd_wnd ? info.tcpi_snd_sbbytes - info.tcpi_snd_wnd : 0;
    return true;
}

void espota_socket_limit_unsent(int fd, uint32_t bytes)
{
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
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
