/* SPDX-License-Identifier: MIT */
/*
 * The sockets of multicast DNS on the loop: on every interface that is up and
 * can do multicast, IPv4 and IPv6. Port 5353 is shared with whoever shares it;
 * where somebody does not, that pair of sockets is missing. Beside them a pair
 * on ports of their own, to which answers come by unicast.
 *
 * What comes in has been looked through by the DNS reader, and its sender is
 * on the link (RFC 6762 11): everything else is dropped here.
 */
#ifndef ESPOTA_MDNS_SOCKET_H
#define ESPOTA_MDNS_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "mdns/announced.h"
#include "mdns/dns.h"
#include "sys/loop.h"
#include "sys/multicast.h"

struct espota_mdns;

struct espota_mdns_origin {
    const struct espota_interface *interface; /* valid during the call */
    struct espota_address from;
    bool own_port; /* it came to a port of our own: an answer by unicast */
};

struct espota_mdns_hooks {
    void *context;
    void (*packet)(void *context, const struct espota_mdns_origin *origin,
                   struct espota_dns_reader *packet);
    void (*rested)(void *context); /* after one or more packets; may be NULL */
};

/* E_LOCAL if no socket at all could be opened. The hooks are copied. */
enum espota_status espota_mdns_create(struct espota_loop *loop,
                                      const struct espota_mdns_hooks *hooks,
                                      struct espota_mdns **out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_mdns_destroy(struct espota_mdns *mdns);

/* Looks which interfaces there are now; true if one has appeared or got an address. */
bool espota_mdns_refresh(struct espota_mdns *mdns);
const struct espota_interface *espota_mdns_interfaces(const struct espota_mdns *mdns,
                                                      size_t *count);
/* The same as what a listener may believe of it; valid during the call. */
struct espota_announced espota_mdns_place(const struct espota_mdns *mdns,
                                          const struct espota_mdns_origin *origin);
/* Whether port 5353 could be shared for that family. */
bool espota_mdns_shares_port(const struct espota_mdns *mdns, uint8_t family);

/*
 * To the group on one interface (index), or on all (0), by each family that `families` names
 * (4, 6, or 0: both) from port 5353 or from the ports of our own. How many datagrams left; with
 * none, *os_error says why (0: there was no way to try).
 */
size_t espota_mdns_send(struct espota_mdns *mdns, uint32_t interface, uint8_t family, bool own_port,
                        const void *data, size_t length, int *os_error);
/* By unicast to where something came from, by the socket it came to. */
void espota_mdns_reply(struct espota_mdns *mdns, const struct espota_mdns_origin *origin,
                       const void *data, size_t length);

#endif
