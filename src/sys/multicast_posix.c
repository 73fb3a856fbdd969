/* SPDX-License-Identifier: MIT */
#define __APPLE_USE_RFC_3542 /* macOS hides in6_pktinfo and IPV6_RECVPKTINFO without it */

#include <errno.h>
#include <string.h>
#include <sys/uio.h>

#include "sys/multicast.h"
#include "sys/net_platform.h"
#include "sys/sockets.h"

bool espota_multicast_tell(int fd, uint8_t family)
{
    const int on = 1;

    if (family == 4)
        return espota_os_set(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    return espota_os_set(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
}

bool espota_multicast_enter(int fd, const struct espota_address *group, uint32_t interface)
{
    struct ip_mreqn four = {.imr_ifindex = (int)interface};
    struct ipv6_mreq six = {.ipv6mr_interface = interface};

    memcpy(&four.imr_multiaddr, group->bytes, sizeof(four.imr_multiaddr));
    memcpy(&six.ipv6mr_multiaddr, group->bytes, sizeof(six.ipv6mr_multiaddr));
    if (group->family == 4)
        return espota_os_set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof(four));
    return espota_os_set(fd, IPPROTO_IPV6, IPV6_JOIN_GROUP, &six, sizeof(six));
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
        struct in_pktinfo info = {0};

        /* signed here, unsigned there */
        memcpy(&info.ipi_ifindex, &interface, sizeof(info.ipi_ifindex));
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
    return espota_os_outcome(sent, &done, os_error);
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
    return espota_os_outcome(got, done, os_error);
}
