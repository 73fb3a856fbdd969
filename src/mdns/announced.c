/* SPDX-License-Identifier: MIT */
#include "mdns/announced.h"

static bool is_own(const struct espota_announced *where, const struct espota_address *address)
{
    for (size_t i = 0; i < where->interface_count; i++)
        if (espota_interface_has(&where->interfaces[i], address))
            return true;
    return false;
}

static bool is_private(const struct espota_address *address)
{
    const uint8_t *b = address->bytes;

    if (address->family == 6)
        return (b[0] & 0xfe) == 0xfc;
    return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
           (b[0] == 100 && (b[1] & 0xc0) == 64); /* a provider's, RFC 6598 */
}

bool espota_announced_is_credible(const struct espota_announced *where,
                                  const struct espota_address *address)
{
    bool known = false, near = false;

    if (!espota_address_is_of_host(address, where->loopback))
        return false;
    if (where->loopback || where->interfaces == NULL)
        return true; /* all of this machine; or nothing is known that speaks against it */
    if (where->source.family != 0 && is_own(where, address) && !is_own(where, &where->source))
        return false;
    for (size_t i = 0; i < where->interface_count; i++)
        known |= where->interfaces[i].index == where->link;
    for (size_t i = 0; i < where->interface_count; i++) {
        const struct espota_interface *interface = &where->interfaces[i];

        if (known && interface->index != where->link)
            continue;
        if (espota_interface_means_all(interface, address))
            return false;
        near |= espota_interface_reaches(interface, address);
    }
    return near || espota_address_is_link_local(address) || is_private(address) ||
           is_own(where, address);
}
