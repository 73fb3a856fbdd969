/* SPDX-License-Identifier: MIT */
/*
 * Which firewall of this machine may keep a device's call-back out: what the
 * system's own programs say. Reading their output is pure.
 */
#ifndef ESPOTA_SEND_FIREWALL_H
#define ESPOTA_SEND_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>

enum espota_firewall_kind {
    /* in the order in which one is believed: the first two write rules for the others */
    ESPOTA_FIREWALL_UFW,
    ESPOTA_FIREWALL_FIREWALLD,
    ESPOTA_FIREWALL_IPTABLES,
    ESPOTA_FIREWALL_NFT,
    ESPOTA_FIREWALL_COUNT
};

enum espota_firewall_state {
    ESPOTA_FIREWALL_ABSENT,     /* not installed, or it filters nothing that comes in */
    ESPOTA_FIREWALL_ACTIVE,     /* it may keep connections out */
    ESPOTA_FIREWALL_UNREADABLE, /* it is there, but only root may look */
};

enum { ESPOTA_FIREWALL_NAME_MAX = 64 };

struct espota_firewall {
    enum espota_firewall_state states[ESPOTA_FIREWALL_COUNT];
    /* NFT: the chain that filters what comes in */
    char nft_family[ESPOTA_FIREWALL_NAME_MAX];
    char nft_table[ESPOTA_FIREWALL_NAME_MAX];
    char nft_chain[ESPOTA_FIREWALL_NAME_MAX];
};

/* "ufw", "firewalld", "iptables", "nftables" */
const char *espota_firewall_name(enum espota_firewall_kind kind);

/* Whether /etc/ufw/ufw.conf switches it on. */
bool espota_firewall_read_ufw(const char *text);
/* Whether `iptables -S INPUT` shows a policy or a rule that keeps something out. */
bool espota_firewall_read_iptables(const char *text);
/* The first chain of `nft list ruleset` at the input hook that keeps something out. */
bool espota_firewall_read_nft(const char *text, bool ipv6, struct espota_firewall *out);

/*
 * Asks the system, which may take a second. Nothing fails: what cannot be asked is unreadable.
 * `ipv6`: about connections over IPv6.
 */
void espota_firewall_probe(bool ipv6, struct espota_firewall *out);

#endif
