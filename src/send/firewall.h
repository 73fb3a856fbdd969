/* SPDX-License-Identifier: MIT */
/*
 * Which firewall of this machine may keep a device's call-back out: what the
 * system's own programs say. Reading their output is pure.
 */
#ifndef ESPOTA_SEND_FIREWALL_H
#define ESPOTA_SEND_FIREWALL_H

#include <stdbool.h>
#include <stddef.h>

#include "send/send.h"

/* "ufw", "firewalld", "iptables", "nftables" */
const char *espota_firewall_name(enum espota_firewall_kind kind);

/* Whether /etc/ufw/ufw.conf switches it on. */
bool espota_firewall_read_ufw(const char *text);
/* Whether `iptables -S INPUT` shows a policy or a rule that keeps something out. */
bool espota_firewall_read_iptables(const char *text);
/* The first chain of `nft list ruleset` at the input hook that keeps something out. */
bool espota_firewall_read_nft(const char *text, bool ipv6, struct espota_firewall *out);

#endif
