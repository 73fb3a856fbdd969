/* SPDX-License-Identifier: MIT */
/*
 * This machine's interfaces, and which of them the kernel would take on the way to somebody. They
 * are listed anew for each question: addresses come and go while a program runs.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/multicast.h"
#include "sys/sockets.h"

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
    char text[ESPOTA_ADDRESS_TEXT];
    int fd;
    enum espota_status status = espota_udp_open(&any, &fd, err);

    if (status != ESPOTA_OK)
        return status;
    if (target.port == 0)
        target.port = 9; /* some systems refuse to connect to port 0 */
    if (!espota_os_connect(fd, &target))
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
