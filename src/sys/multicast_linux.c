/* SPDX-License-Identifier: MIT */
#include "sys/multicast_platform.h"

#include <netinet/in.h>
#include <sys/socket.h>

/*
 * Not SO_REUSEPORT: with it Linux would deal datagrams to one address out among the sharers,
 * and wants all of them to be of one user.
 */
bool espota_multicast_share(int fd)
{
    const int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
}

bool espota_multicast_tell_interface(int fd, int family)
{
    const int on = 1;

    if (family == AF_INET)
        return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0;
    return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0;
}

void espota_multicast_force_room(int fd, int bytes)
{
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)); /* root only */
}
