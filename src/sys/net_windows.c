/* SPDX-License-Identifier: MIT */
/* What Windows' sockets tell of a connection: less than Linux's, so that some of it is hints. */
#include "sys/net.h"

#include <limits.h>

#include "sys/loop_backend.h"
#include "sys/net_platform.h"
#include "sys/refused_windows.h"
#include "sys/sockets.h"

void espota_socket_narrow(int fd, uint32_t window)
{
    const int buffer = window < INT_MAX ? (int)window : INT_MAX;

    (void)espota_os_set(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
}

/*
 * What is on its way; what still waits in this machine Windows keeps to itself, so that it may be
 * too little. Windows 10 1703 and newer; Wine does not know it.
 */
bool espota_socket_unacked(int fd, uint32_t *bytes)
{
    DWORD version = 0, length = 0;
    TCP_INFO_v0 info = {0};

    if (WSAIoctl((SOCKET)fd, SIO_TCP_INFO, &version, sizeof(version), &info, sizeof(info), &length,
                 NULL, NULL) != 0 ||
        length < sizeof(info))
        return false;
    *bytes = info.BytesInFlight;
    return true;
}

/* It counts what it sent, again included or not: nobody says. */
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

/* The nearest there is: Windows takes data into this buffer, and sends from it. */
void espota_socket_limit_unsent(int fd, uint32_t bytes)
{
    const int buffer = bytes < INT_MAX ? (int)bytes : INT_MAX;

    (void)espota_os_set(fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
}

void espota_udp_want_unreachable(int fd)
{
    BOOL report = TRUE;
    DWORD length;

    if (WSAIoctl((SOCKET)fd, SIO_UDP_CONNRESET, &report, sizeof(report), NULL, 0, &length, NULL,
                 NULL) == 0)
        espota_refused_watch(fd);
}

/* Windows has no SO_REUSEPORT, and what it calls SO_REUSEADDR is that. */
bool espota_multicast_share(int fd)
{
    const BOOL on = TRUE;

    return espota_os_set(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

void espota_multicast_force_room(int fd, int bytes)
{
    (void)fd; /* everybody has as much as he asks for */
    (void)bytes;
}

/* Sockets are no files here, and there is no bound but memory. */
size_t espota_open_files_limit(size_t wanted)
{
    return wanted;
}

const struct espota_loop_backend_ops *const espota_loop_epoll = NULL;
