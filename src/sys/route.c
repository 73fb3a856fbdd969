/* SPDX-License-Identifier: MIT */
/* Which way the kernel would go, and over which interface. */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/platform.h"

static size_t address_size(const struct espota_address *address)
{
    return address->family == 4 ? 4 : 16;
}

static bool same_under_mask(const struct espota_address *a, const struct espota_address *b,
                            const uint8_t mask[16])
{
    if (a->family != b->family)
        return false;
    for (size_t i = 0; i < address_size(a); i++) {
        if ((a->bytes[i] & mask[i]) != (b->bytes[i] & mask[i]))
            return false;
    }
    return true;
}

/* An interface's address and mask; false for what is neither IPv4 nor IPv6. */
static bool read_interface(const struct ifaddrs *i, struct espota_address *own, uint8_t mask[16])
{
    struct sockaddr_storage copy = {0};
    struct espota_address netmask;

    if (i->ifa_addr == NULL || i->ifa_netmask == NULL || (i->ifa_flags & IFF_UP) == 0)
        return false;
    espota_net_from_sockaddr(i->ifa_addr, own);
    if (own->family == 0)
        return false;
    memcpy(&copy, i->ifa_netmask,
           own->family == 4 ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    copy.ss_family = i->ifa_addr->sa_family; /* some systems leave the mask's family out */
    espota_net_from_sockaddr((const struct sockaddr *)&copy, &netmask);
    memcpy(mask, netmask.bytes, 16);
    return true;
}

/* How well an interface fits: 2 it has the address, 1 the address is in its subnet, 0 not. */
static int fit(const struct espota_address *own, const uint8_t mask[16],
               const struct espota_address *local)
{
    if (espota_address_equal(own, local))
        return 2;
    return same_under_mask(own, local, mask) && mask[0] != 0 ? 1 : 0;
}

enum espota_status espota_interface_of(const struct espota_address *local,
                                       const struct espota_address *peer, char interface_name[32],
                                       bool *same_subnet, struct espota_error *err)
{
    char text[ESPOTA_ADDRESS_TEXT];
    struct ifaddrs *list = NULL;
    int best = 0;

    interface_name[0] = '\0';
    *same_subnet = false;
    if (getifaddrs(&list) != 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot list network interfaces");
    for (const struct ifaddrs *i = list; i != NULL && best < 2; i = i->ifa_next) {
        struct espota_address own;
        uint8_t mask[16];
        int found = read_interface(i, &own, mask) ? fit(&own, mask, local) : 0;

        if (found <= best)
            continue;
        best = found;
        snprintf(interface_name, 32, "%s", i->ifa_name);
        *same_subnet = same_under_mask(&own, peer, mask);
    }
    freeifaddrs(list);
    if (best > 0)
        return ESPOTA_OK;
    return espota_error_set(err, ESPOTA_E_LOCAL, "no network interface has the address %s",
                            espota_address_format(local, false, text));
}

/* A connected UDP socket sends nothing, but makes the kernel choose. */
enum espota_status espota_route_to(const struct espota_address *peer, struct espota_address *local,
                                   char interface_name[32], bool *same_subnet,
                                   struct espota_error *err)
{
    struct espota_address any = {.family = peer->family}, target = *peer;
    enum espota_status status;
    struct sockaddr_storage name;
    socklen_t length;
    char text[ESPOTA_ADDRESS_TEXT];
    int fd = -1;

    interface_name[0] = '\0';
    *same_subnet = false;
    *local = (struct espota_address){0};
    status = espota_udp_open(&any, &fd, err);
    if (status != ESPOTA_OK)
        return status;
    if (target.port == 0)
        target.port = 9; /* some systems refuse to connect to port 0 */
    length = espota_net_to_sockaddr(&target, &name);
    if (connect(fd, (const struct sockaddr *)&name, length) != 0)
        status = espota_error_errno(err, ESPOTA_E_NO_ANSWER, errno, "no route to %s",
                                    espota_address_format(peer, false, text));
    else if (espota_socket_local(fd, local) != ESPOTA_OK)
        status = espota_error_set(err, ESPOTA_E_LOCAL, "cannot tell the local address towards %s",
                                  espota_address_format(peer, false, text));
    else
        status = espota_interface_of(local, peer, interface_name, same_subnet, err);
    local->port = 0;
    espota_socket_close(&fd);
    return status;
}
