/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/multicast.h"

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
