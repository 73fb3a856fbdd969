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

#include "send/firewall.h"
#include "send/send.h"

/* What opens `port` for `from`, to be typed by root: "ufw allow …". */
void espota_diagnosis_command(enum espota_firewall_kind kind,
                              const struct espota_firewall *firewall,
                              const struct espota_address *from, uint16_t port, char *out,
                              size_t room);

#endif
