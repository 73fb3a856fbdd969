/* SPDX-License-Identifier: MIT */
/*
 * Names that end in ".local", asked for on the link itself: what the system's
 * resolver does only where nss-mdns is set up. All are asked for at once.
 */
#ifndef ESPOTA_MDNS_LOCAL_NAMES_H
#define ESPOTA_MDNS_LOCAL_NAMES_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "sys/loop.h"
#include "sys/net.h"

struct espota_local_name {
    const char *name;              /* "door.local", a dot at the end allowed */
    struct espota_address address; /* the answer; family 0: none came */
};

/* Whether it ends in ".local", in any case. */
bool espota_local_name_is(const char *name);

/*
 * Asks at 0, 0.25 and 1 s, and ends as soon as all have answered, after `timeout_ms` at the
 * latest, or when *stop becomes true (NULL: never). An IPv4 address is preferred; an IPv6 one
 * waits a moment for it. That nobody answers is no error. Turns the loop.
 */
enum espota_status espota_local_names_resolve(struct espota_loop *loop,
                                              struct espota_local_name *names, size_t count,
                                              uint32_t timeout_ms, const atomic_bool *stop,
                                              struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
