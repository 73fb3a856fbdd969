/* SPDX-License-Identifier: MIT */
/*
 * Anybody on a link can announce anything there. What an address can be at all,
 * seen from this machine, is the same for whoever listens: it is told here.
 */
#ifndef ESPOTA_MDNS_ANNOUNCED_H
#define ESPOTA_MDNS_ANNOUNCED_H

#include "sys/sys.h"

/* Where something was heard. */
struct espota_announced {
    const struct espota_interface *interfaces; /* this machine's, borrowed; NULL: not known */
    size_t interface_count;
    uint32_t link;                /* an interface's index; 0, or none of these: not known */
    bool loopback;                /* heard on this machine's own loopback */
    struct espota_address source; /* who said it; family 0: not known (a daemon does not tell) */
};

/*
 * Whether a device may have this address. None has this machine's own, unless this machine says so
 * or nobody knows who did; none has an address that a subnet means as a whole. An address behind a
 * router can only be a private one: there are repeaters of announcements between the networks of
 * a house, and nobody's device is somewhere in the internet.
 */
bool espota_announced_is_credible(const struct espota_announced *where,
                                  const struct espota_address *address);

#endif
