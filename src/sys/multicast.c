/* SPDX-License-Identifier: MIT */
/*
 * The interface goes along with each datagram (IP_PKTINFO), both ways: one socket a family does for
 * all links, where a socket for each would have to follow as they come and go.
 */
#define __APPLE_USE_RFC_3542 /* macOS hides in6_pktinfo and IPV6_RECVPKTINFO without it */

#include "sys/multicast.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "sys/descriptor.h"
#include "sys/net_platform.h"

static bool set_up(int fd, int family, bool share)
{
    const int on = 1, hops = 255;

    if (!espota_descriptor_prepare(fd) || (share && !espota_multicast_share(fd)))
        return false;
    if (family == AF_INET)
        return setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on)) == 0 &&
               setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops)) == 0 &&
               setsockopt(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &on, sizeof(on)) == 0;
    return setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on)) == 0 &&
           setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0 &&
           setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) == 0 &&
           setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &on, sizeof(on)) == 0;
}

enum espota_status espota_multicast_open(uint8_t family, uint16_t port, bool share, int *fd,
                                         struct espota_error *err)
{
    const struct espota_address any = {.family = family, .port = port};
    int af = family == 4 ? AF_INET : AF_INET6;
    struct sockaddr_storage name;
    socklen_t length = espota_net_to_sockaddr(&any, &name);

    *fd = socket(af, SOCK_DGRAM, 0);
    if (*fd >= 0) {
        espota_net_prepare(*fd);
        if (set_up(*fd, af, share) && bind(*fd, (const struct sockaddr *)&name, length) == 0)
            return ESPOTA_OK;
    }
    espota_descriptor_close(fd);
    return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot open UDP port %u for IPv%u", port,
                              family);
}

bool espota_multicast_join(int fd, const struct espota_address *group, uint32_t interface)
{
    struct ip_mreqn four = {.imr_ifindex = (int)interface};
    struct ipv6_mreq six = {.ipv6mr_interface = interface};
    int done;

    memcpy(&four.imr_multiaddr, group->bytes, sizeof(four.imr_multiaddr));
    memcpy(&six.ipv6mr_multiaddr, group->bytes, sizeof(six.ipv6mr_multiaddr));
    if (group->family == 4)
        done = setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof(four));
    else
        done = setsockopt(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &six, sizeof(six));
    return done == 0 || errno == EADDRINUSE;
}

size_t espota_socket_receive_room(int fd, size_t bytes)
{
    int wanted = bytes > 64u << 20 ? 64 << 20 : (int)bytes;
    int got = 0;
    socklen_t length = sizeof(got);

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &wanted, sizeof(wanted));
    espota_multicast_force_room(fd, wanted);
    if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &got, &length) != 0 || got < 0)
        return 0;
    return (size_t)got;
}

/* Room for the one message of either family. */
union control {
    struct cmsghdr align;
    uint8_t bytes[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(struct in_pktinfo))];
};

static void say_interface(struct msghdr *message, union control *control, uint8_t family,
                          uint32_t interface)
{
    struct cmsghdr *head;

    memset(control, 0, sizeof(*control));
    message->msg_control = control->bytes;
    message->msg_controllen = sizeof(control->bytes);
    head = CMSG_FIRSTHDR(message);
    if (family == 4) {
        struct in_pktinfo info = {.ipi_ifindex = (int)interface};

        head->cmsg_level = IPPROTO_IP;
        head->cmsg_type = IP_PKTINFO;
        head->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(head), &info, sizeof(info));
        message->msg_controllen = CMSG_SPACE(sizeof(info));
    } else {
        struct in6_pktinfo info = {.ipi6_ifindex = interface};

        head->cmsg_level = IPPROTO_IPV6;
        head->cmsg_type = IPV6_PKTINFO;
        head->cmsg_len = CMSG_LEN(sizeof(info));
        memcpy(CMSG_DATA(head), &info, sizeof(info));
        message->msg_controllen = CMSG_SPACE(sizeof(info));
    }
}

static uint32_t told_interface(struct msghdr *message)
{
    for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
         head = CMSG_NXTHDR(message, head)) {
        if (head->cmsg_level == IPPROTO_IP && head->cmsg_type == IP_PKTINFO) {
            struct in_pktinfo info;

            memcpy(&info, CMSG_DATA(head), sizeof(info));
            return (uint32_t)info.ipi_ifindex;
        }
        if (head->cmsg_level == IPPROTO_IPV6 && head->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;

            memcpy(&info, CMSG_DATA(head), sizeof(info));
            return info.ipi6_ifindex;
        }
    }
    return 0;
}

enum espota_status espota_multicast_send(int fd, const void *data, size_t length,
                                         const struct espota_address *to, uint32_t interface,
                                         int *os_error)
{
    struct espota_address scoped = *to;
    struct sockaddr_storage name;
    struct iovec part = {(void *)(uintptr_t)data, length}; /* sendmsg does not write there */
    struct msghdr message = {.msg_name = &name, .msg_iov = &part, .msg_iovlen = 1};
    union control control;
    ssize_t sent;
    size_t done;

    if (scoped.family == 6)
        scoped.scope = interface;
    message.msg_namelen = espota_net_to_sockaddr(&scoped, &name);
    say_interface(&message, &control, to->family, interface);
    do
        sent = sendmsg(fd, &message, espota_net_send_flags);
    while (sent < 0 && errno == EINTR);
    return espota_descriptor_outcome(sent, &done, os_error);
}

enum espota_status espota_multicast_receive(int fd, void *data, size_t room, size_t *done,
                                            struct espota_address *from, uint32_t *interface,
                                            int *os_error)
{
    struct sockaddr_storage name = {0};
    struct iovec part = {data, room};
    union control control;
    struct msghdr message = {.msg_name = &name,
                             .msg_namelen = sizeof(name),
                             .msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control.bytes,
                             .msg_controllen = sizeof(control.bytes)};
    ssize_t got;

    *interface = 0;
    do
        got = recvmsg(fd, &message, 0);
    while (got < 0 && errno == EINTR);
    if (got >= 0) {
        espota_address_from_os(&name, from);
        *interface = told_interface(&message);
    }
    return espota_descriptor_outcome(got, done, os_error);
}
