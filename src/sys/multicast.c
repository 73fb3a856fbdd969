/* SPDX-License-Identifier: MIT */
/*
 * The interface goes along with each datagram (IP_PKTINFO), both ways: one socket a family does for
 * all links, where a socket for each would have to follow as they come and go. How it goes along is
 * in multicast_posix.c and multicast_windows.c.
 */
#include "sys/multicast.h"

#include <errno.h>

#include "sys/net_platform.h"
#include "sys/sockets.h"

static bool set_up(int fd, uint8_t family, bool share)
{
    const int on = 1, hops = 255;

    if ((share && !espota_multicast_share(fd)) || !espota_multicast_tell(fd, family))
        return false;
    if (family == 4)
        return espota_os_set(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops)) &&
               espota_os_set(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof(on));
    return espota_os_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) &&
           espota_os_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) &&
           espota_os_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &on, sizeof(on));
}

enum espota_status espota_multicast_open(uint8_t family, uint16_t port, bool share, int *fd,
                                         struct espota_error *err)
{
    const struct espota_address any = {.family = family, .port = port};

    *fd = espota_os_socket(family == 4 ? AF_INET : AF_INET6, SOCK_DGRAM);
    if (*fd >= 0 && set_up(*fd, family, share) && espota_os_bind(*fd, &any))
        return ESPOTA_OK;
    espota_socket_close(fd);
    return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot open UDP port %u for IPv%u", port,
                              family);
}

bool espota_multicast_join(int fd, const struct espota_address *group, uint32_t interface)
{
    return espota_multicast_enter(fd, group, interface) || errno == EADDRINUSE;
}

size_t espota_socket_receive_room(int fd, size_t bytes)
{
    int wanted = bytes > 64u << 20 ? 64 << 20 : (int)bytes;
    int got = 0;

    (void)espota_os_set(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
    espota_multicast_force_room(fd, wanted);
    return espota_os_get(fd, SOL_SOCKET, SO_RCVBUF, &got) && got > 0 ? (size_t)got : 0;
}
