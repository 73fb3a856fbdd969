/* SPDX-License-Identifier: MIT */
/*
 * Why a device did not call back: the field's most frequent complaint. From
 * what is known of addresses and firewalls to sentences with the command that
 * opens the port. Pure.
 */
#ifndef ESPOTA_SEND_DIAGNOSE_H
#define ESPOTA_SEND_DIAGNOSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/send.h"

/* Which firewall of this machine may keep it out, by the output of the system's own programs. */

/* "ufw", "firewalld", "iptables", "nftables", "Windows Defender Firewall",
 * "macOS's firewall" */
const char *espota_firewall_name(enum espota_firewall_kind kind);

/* Whether /etc/ufw/ufw.conf switches it on. */
bool espota_firewall_read_ufw(const char *text);
/* Whether `iptables -S INPUT` shows a policy or a rule that keeps something out. */
bool espota_firewall_read_iptables(const char *text);
/* The first chain of `nft list ruleset` at the input hook that keeps something out. */
bool espota_firewall_read_nft(const char *text, bool ipv6, struct espota_firewall *out);

/*
 * A rule of Windows Defender Firewall as the registry keeps it: what it says of TCP to `port` of
 * `program` on a network of this kind. One that holds under more conditions than are read here
 * says MAYBE.
 */
enum espota_rule_says {
    ESPOTA_RULE_SAYS_NOTHING,
    ESPOTA_RULE_SAYS_MAYBE,
    ESPOTA_RULE_SAYS_ALLOW,
    ESPOTA_RULE_SAYS_DENY,
};
enum espota_rule_says espota_firewall_read_rule(const char *rule, const char *program,
                                                enum espota_network_kind network, uint16_t port);

/* What `socketfilterfw --getglobalstate` says of macOS's firewall, and `--listapps` of the program
 * that stands in `out`. */
void espota_firewall_read_macos(const char *state, const char *programs,
                                struct espota_firewall *out);

/* What opens `port` for `from`, to be typed by root: "ufw allow …". */
void espota_diagnosis_command(enum espota_firewall_kind kind,
                              const struct espota_firewall *firewall,
                              const struct espota_address *from, uint16_t port, char *out,
                              size_t room);

#endif
