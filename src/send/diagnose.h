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
#include "sys/sys.h"

struct espota_diagnosis {
    struct espota_address device; /* invited */
    struct espota_address from;   /* where the call-back is awaited from */
    struct espota_address local;  /* what the device sees as the inviter; family 0: not known */
    char interface_name[32];      /* "": not known */
    bool same_subnet;
    uint16_t port;                          /* that the device was told */
    bool port_fixed;                        /* by --host-port */
    bool local_fixed;                       /* by --host-ip */
    uint32_t size;                          /* of an image that may be too large; 0: it is not */
    const struct espota_firewall *firewall; /* NULL: nobody looked */
};

/* Sentences about a missing call-back, terminated and cut to the room. */
void espota_diagnosis_callback(const struct espota_diagnosis *diagnosis, char *out, size_t room);

/* One about the way to a device that does not answer at all; "" where nothing is known. */
void espota_diagnosis_route(const struct espota_diagnosis *diagnosis, char *out, size_t room);

/* What opens `port` for `from`, to be typed by root: "ufw allow …". */
void espota_diagnosis_command(enum espota_firewall_kind kind,
                              const struct espota_firewall *firewall,
                              const struct espota_address *from, uint16_t port, char *out,
                              size_t room);

#endif
