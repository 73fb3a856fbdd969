/* SPDX-License-Identifier: MIT */
/*
 * This machine's interfaces, and which of them the kernel would take on the way to somebody. They
 * are listed anew for each question: addresses come and go while a program runs.
 */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/multicast.h"
#include "sys/net_platform.h"

/* `family` is the address's: some systems leave the mask's out. */
static uint8_t prefix_of(const struct sockaddr *mask, sa_family_t family)
{
    struct sockaddr_storage copy = {0};
    struct espota_address bits;
    uint8_t prefix = 0;

    if (mask == NULL)
        return 0;
    memcpy(&copy, mask,
           family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6));
    copy.ss_family = family;
    espota_address_from_os(&copy, &bits);
    while (prefix < 128 && (bits.bytes[prefix / 8] & 0x80 >> prefix % 8) != 0)
        prefix++;
    return prefix;
}

static struct espota_interface *find_or_add(struct espota_interface **list, size_t *count,
                                            const struct ifaddrs *from)
{
    uint32_t index = if_nametoindex(from->ifa_name);
    struct espota_interface *grown;

    for (size_t i = 0; i < *count; i++)
        if ((*list)[i].index == index)
            return &(*list)[i];
    grown = realloc(*list, (*count + 1) * sizeof(**list));
    if (grown == NULL)
        return NULL;
    *list = grown;
    grown += (*count)++;
    memset(grown, 0, sizeof(*grown));
    grown->index = index;
    snprintf(grown->name, sizeof(grown->name), "%s", from->ifa_name);
    grown->loopback = (from->ifa_flags & IFF_LOOPBACK) != 0;
    /* Linux does not call its loopback capable, but it is */
    grown->multicast = (from->ifa_flags & (IFF_MULTICAST | IFF_LOOPBACK)) != 0;
    return grown;
}

static bool is_usable(const struct ifaddrs *entry)
{
    return entry->ifa_addr != NULL && (entry->ifa_flags & IFF_UP) != 0 &&
           (entry->ifa_addr->sa_family == AF_INET || entry->ifa_addr->sa_family == AF_INET6);
}

enum espota_status espota_interfaces(struct espota_interface **out, size_t *count,
                                     struct espota_error *err)
{
    struct ifaddrs *all = NULL;

    *out = NULL;
    *count = 0;
    if (getifaddrs(&all) != 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot list the network interfaces");
    for (const struct ifaddrs *entry = all; entry != NULL; entry = entry->ifa_next) {
        struct espota_interface *interface;

        if (!is_usable(entry))
            continue;
        interface = find_or_add(out, count, entry);
        if (interface == NULL) {
            freeifaddrs(all);
            free(*out);
            *out = NULL;
            *count = 0;
            return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to list the interfaces");
        }
        if (interface->count < ESPOTA_INTERFACE_ADDRESSES) {
            espota_address_from_os(entry->ifa_addr,
                                   &interface->addresses[interface->count].address);
            interface->addresses[interface->count].prefix =
                prefix_of(entry->ifa_netmask, entry->ifa_addr->sa_family);
            interface->count++;
        }
    }
    freeifaddrs(all);
    return ESPOTA_OK;
}

bool espota_interface_speaks(const struct espota_interface *interface, uint8_t family)
{
    for (size_t i = 0; interface->multicast && i < interface->count; i++)
        if (interface->addresses[i].address.family == family)
            return true;
    return false;
}

static bool same_subnet(const struct espota_address *a, const struct espota_address *b,
                        unsigned prefix)
{
    unsigned bits = a->family == 4 ? 32 : 128;

    if (a->family != b->family)
        return false;
    for (unsigned i = 0; i < prefix && i < bits; i += 8) {
        unsigned rest = prefix - i; /* i < prefix */
        uint8_t mask = (uint8_t)(rest >= 8 ? 0xff : 0xff << (8 - rest));

        if (((a->bytes[i / 8] ^ b->bytes[i / 8]) & mask) != 0)
            return false;
    }
    return true;
}

bool espota_interface_reaches(const struct espota_interface *interface,
                              const struct espota_address *address)
{
    for (size_t i = 0; i < interface->count; i++)
        if (same_subnet(&interface->addresses[i].address, address, interface->addresses[i].prefix))
            return true;
    return false;
}

bool espota_interface_has(const struct espota_interface *interface,
                          const struct espota_address *address)
{
    for (size_t i = 0; i < interface->count; i++)
        if (espota_address_equal(&interface->addresses[i].address, address))
            return true;
    return false;
}

bool espota_interface_means_all(const struct espota_interface *interface,
                                const struct espota_address *address)
{
    const uint8_t *b = address->bytes;
    uint32_t value = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];

    for (size_t i = 0; address->family == 4 && i < interface->count; i++) {
        unsigned prefix = interface->addresses[i].prefix;
        uint32_t host;

        /* two addresses (RFC 3021) or one: each is a host's */
        if (prefix > 30 || !same_subnet(&interface->addresses[i].address, address, prefix))
            continue;
        host = UINT32_MAX >> prefix; /* at most 30 */
        if ((value & host) == 0 || (value & host) == host)
            return true;
    }
    return false;
}

/* The interface that has the address, else one that has its subnet. */
static enum espota_status find_interface(const struct espota_address *local,
                                         const struct espota_address *peer, char name[32],
                                         bool *same, struct espota_error *err)
{
    struct espota_interface *list;
    size_t count;
    bool found = false, exact = false;
    char text[ESPOTA_ADDRESS_TEXT];
    enum espota_status status = espota_interfaces(&list, &count, err);

    for (size_t i = 0; status == ESPOTA_OK && i < count; i++) {
        for (size_t k = 0; !exact && k < list[i].count; k++) {
            const struct espota_address *own = &list[i].addresses[k].address;
            unsigned prefix = list[i].addresses[k].prefix;

            exact = espota_address_equal(own, local);
            if (!exact && (found || prefix == 0 || !same_subnet(own, local, prefix)))
                continue;
            found = true;
            snprintf(name, 32, "%s", list[i].name);
            *same = same_subnet(own, peer, prefix);
        }
    }
    free(list);
    if (status != ESPOTA_OK || found)
        return status;
    return espota_error_set(err, ESPOTA_E_LOCAL, "no network interface has the address %s",
                            espota_address_format(local, false, text));
}

/* A connected UDP socket sends nothing, but makes the kernel choose. */
static enum espota_status let_kernel_choose(const struct espota_address *peer,
                                            struct espota_address *local, struct espota_error *err)
{
    const struct espota_address any = {.family = peer->family};
    struct espota_address target = *peer;
    struct sockaddr_storage name;
    char text[ESPOTA_ADDRESS_TEXT];
    int fd;
    enum espota_status status = espota_udp_open(&any, &fd, err);

    if (status != ESPOTA_OK)
        return status;
    if (target.port == 0)
        target.port = 9; /* some systems refuse to connect to port 0 */
    if (connect(fd, (const struct sockaddr *)&name, espota_net_to_sockaddr(&target, &name)) != 0)
        status = espota_error_errno(err, ESPOTA_E_NO_ANSWER, errno, "no route to %s",
                                    espota_address_format(peer, false, text));
    else if (espota_socket_local(fd, local) != ESPOTA_OK)
        status = espota_error_set(err, ESPOTA_E_LOCAL, "cannot tell the local address towards %s",
                                  espota_address_format(peer, false, text));
    local->port = 0;
    espota_socket_close(&fd);
    return status;
}

enum espota_status espota_route_to(const struct espota_address *peer, struct espota_address *local,
                                   char interface_name[32], bool *on_subnet,
                                   struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    interface_name[0] = '\0';
    *on_subnet = false;
    if (local->family == 0)
        status = let_kernel_choose(peer, local, err);
    if (status == ESPOTA_OK)
        status = find_interface(local, peer, interface_name, on_subnet, err);
    return status;
}
