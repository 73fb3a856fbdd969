/* SPDX-License-Identifier: MIT */
#define __APPLE_USE_RFC_3542 /* macOS hides IPV6_RECVPKTINFO without it */

#include "sys/multicast_platform.h"

#include <netinet/in.h>
#include <sys/socket.h>

bool espota_multicast_share(int fd)
{
    const int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
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
    (void)fd; /* nobody may have more than the system's bound here */
    (void)bytes;
}
