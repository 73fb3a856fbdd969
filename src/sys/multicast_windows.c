/* SPDX-License-Identifier: MIT */
/* Where a datagram comes in it says itself, in Windows' form of recvmsg. Where one leaves is set
 * for the socket, each time: Wine does not heed what would go along with it. */
#include <stdlib.h>
#include <string.h>

#include "sys/multicast.h"
#include "sys/sockets.h"

bool espota_multicast_tell(int fd, uint8_t family)
{
    const DWORD on = 1;

    if (family == 4)
        return espota_os_set(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof(on));
    return espota_os_set(fd, IPPROTO_IPV6, IPV6_PKTINFO, &on, sizeof(on));
}

/*
 * What stands for an interface of IPv4: an address of its own. Windows takes its number for one as
 * well (0.0.0.x), Wine does not.
 */
static struct in_addr stand_in(uint32_t interface)
{
    struct in_addr out = {.s_addr = htonl(interface)};
    struct espota_interface *list;
    size_t count;

    if (espota_interfaces(&list, &count, NULL) != ESPOTA_OK)
        return out;
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; list[i].index == interface && k < list[i].count; k++)
            if (list[i].addresses[k].address.family == 4)
                memcpy(&out, list[i].addresses[k].address.bytes, sizeof(out));
    free(list);
    return out;
}

bool espota_multicast_enter(int fd, const struct espota_address *group, uint32_t interface)
{
    struct ip_mreq four = {.imr_interface = stand_in(interface)};
    struct ipv6_mreq six = {.ipv6mr_interface = interface};

    memcpy(&four.imr_multiaddr, group->bytes, sizeof(four.imr_multiaddr));
    memcpy(&six.ipv6mr_multiaddr, group->bytes, sizeof(six.ipv6mr_multiaddr));
    if (group->family == 4)
        return espota_os_set(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &four, sizeof(four));
    return espota_os_set(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &six, sizeof(six));
}

/* Room for the message of either family, and what else the system may say. */
union control {
    WSACMSGHDR align;
    char bytes[128];
};

/* Header and data, up to where the next may begin; mingw's WSA_CMSG_SPACE counts in signed longs.
 */
static size_t space(size_t length)
{
    return (length + sizeof(void *) - 1) / sizeof(void *) * sizeof(void *);
}

static uint32_t told_interface(const WSAMSG *message)
{
    WSACMSGHDR head;

    for (size_t at = 0; at + sizeof(head) <= message->Control.len; at += space(head.cmsg_len)) {
        const char *data = message->Control.buf + at + sizeof(head);
        IN_PKTINFO four;
        IN6_PKTINFO six;

        memcpy(&head, message->Control.buf + at, sizeof(head));
        if (head.cmsg_len < sizeof(head) || head.cmsg_len > message->Control.len - at)
            break; /* at < Control.len */
        if (head.cmsg_level == IPPROTO_IP && head.cmsg_type == IP_PKTINFO &&
            head.cmsg_len >= sizeof(head) + sizeof(four)) {
            memcpy(&four, data, sizeof(four));
            return four.ipi_ifindex;
        }
        if (head.cmsg_level == IPPROTO_IPV6 && head.cmsg_type == IPV6_PKTINFO &&
            head.cmsg_len >= sizeof(head) + sizeof(six)) {
            memcpy(&six, data, sizeof(six));
            return six.ipi6_ifindex;
        }
    }
    return 0;
}

enum espota_status espota_multicast_send(int fd, const void *data, size_t length,
                                         const struct espota_address *to, uint32_t interface,
                                         int *os_error)
{
    struct espota_address scoped = *to;
    const struct in_addr four = to->family == 4 ? stand_in(interface) : (struct in_addr){0};
    const DWORD six = interface;
    bool set;
    size_t done;

    if (scoped.family == 6) {
        scoped.scope = interface;
        set = espota_os_set(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &six, sizeof(six));
    } else {
        set = espota_os_set(fd, IPPROTO_IP, IP_MULTICAST_IF, &four, sizeof(four));
    }
    return espota_os_outcome(set ? espota_os_send_to(fd, data, length, &scoped) : -1, &done,
                             os_error);
}

/* WSARecvMsg has no name to link with: each socket tells where it is, all of them the same. */
static LPFN_WSARECVMSG find_receive(int fd)
{
    static LPFN_WSARECVMSG found;
    GUID which = WSAID_WSARECVMSG;
    DWORD length;

    if (found == NULL && WSAIoctl((SOCKET)fd, SIO_GET_EXTENSION_FUNCTION_POINTER, &which,
                                  sizeof(which), &found, sizeof(found), &length, NULL, NULL) != 0)
        found = NULL;
    return found;
}

enum espota_status espota_multicast_receive(int fd, void *data, size_t room, size_t *done,
                                            struct espota_address *from, uint32_t *interface,
                                            int *os_error)
{
    LPFN_WSARECVMSG receive = find_receive(fd);
    struct sockaddr_storage name = {0};
    WSABUF part = {(ULONG)room, data};
    union control control;
    WSAMSG message = {.name = (struct sockaddr *)&name,
                      .namelen = sizeof(name),
                      .lpBuffers = &part,
                      .dwBufferCount = 1,
                      .Control = {sizeof(control.bytes), control.bytes}};
    DWORD got = 0;

    *interface = 0;
    if (receive == NULL || (receive((SOCKET)fd, &message, &got, NULL, NULL) != 0 &&
                            WSAGetLastError() != WSAEMSGSIZE)) /* cut, as elsewhere */
        return espota_os_outcome(espota_os_failed(), done, os_error);
    espota_address_from_os(&name, from);
    *interface = told_interface(&message);
    return espota_os_outcome((long)got, done, os_error);
}
