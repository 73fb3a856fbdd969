/* SPDX-License-Identifier: MIT */
/*
 * 4 or 16 bytes, the zone, a mark for IPv6. The only place that knows which of the two protocols
 * lwIP was built with.
 */
#include <lwip/ip_addr.h>
#include <string.h>

#include "port/lwip/lwip.h"

enum { ZONE = 16, FAMILY = 17, V6 = 6 };

void espota_lwip_address(const struct espota_peer *peer, void *address)
{
    ip_addr_t *out = address;

    memset(out, 0, sizeof(*out));
#if LWIP_IPV6
    if (peer->address[FAMILY] == V6) {
        IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V6);
        memcpy(ip_2_ip6(out)->addr, peer->address, 16);
        ip6_addr_set_zone(ip_2_ip6(out), peer->address[ZONE]);
        return;
    }
#endif
#if LWIP_IPV4
    IP_SET_TYPE_VAL(*out, IPADDR_TYPE_V4);
    memcpy(&ip_2_ip4(out)->addr, peer->address, 4);
#endif
}

void espota_lwip_peer(const void *from, uint16_t port, struct espota_peer *out)
{
    const ip_addr_t *address = from;

    memset(out, 0, sizeof(*out));
    out->port = port;
#if LWIP_IPV6
    if (IP_IS_V6_VAL(*address)) {
        memcpy(out->address, ip_2_ip6(address)->addr, 16);
        out->address[ZONE] = ip6_addr_zone(ip_2_ip6(address));
        out->address[FAMILY] = V6;
        return;
    }
#endif
#if LWIP_IPV4
    memcpy(out->address, &ip_2_ip4(address)->addr, 4);
#endif
}
