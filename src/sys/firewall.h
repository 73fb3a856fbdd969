/* SPDX-License-Identifier: MIT */
/*
 * A firewall of the system's own that goes by programs and by the kind of network they are on,
 * where the system has one; firewall_posix.c is for those that have none.
 */
#ifndef ESPOTA_SYS_FIREWALL_H
#define ESPOTA_SYS_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>

#include "sys/net.h"

/* What a network counts as there: which rules are in force on it. */
enum espota_network_kind {
    ESPOTA_NETWORK_UNKNOWN,
    ESPOTA_NETWORK_PUBLIC,
    ESPOTA_NETWORK_PRIVATE,
    ESPOTA_NETWORK_DOMAIN,
    ESPOTA_NETWORK_KINDS
};

struct espota_program_firewall {
    enum espota_network_kind network; /* that the asker's address is in */
    bool readable;                    /* else `off` says nothing */
    bool off[ESPOTA_NETWORK_KINDS];   /* on networks of this kind it lets everything in */
};

/*
 * Asks about the network that the local address is in (family 0: not known). False: the system has
 * no such firewall, nothing was asked.
 */
bool espota_program_firewall(const struct espota_address *local,
                             struct espota_program_firewall *out);

/*
 * Each of its rules as the system keeps it: "v2.31|Action=Allow|Active=TRUE|Dir=In|…", UTF-8, with
 * variables in paths replaced. False: they cannot be read.
 */
bool espota_program_firewall_rules(void (*each)(void *context, const char *rule), void *context);

#endif
