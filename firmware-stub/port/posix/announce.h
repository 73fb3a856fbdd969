/* SPDX-License-Identifier: MIT */
/*
 * Lets the network know of the devices in this process: through the Avahi
 * daemon where one answers, else by answering questions ourselves.
 */
#ifndef ESPOTA_POSIX_ANNOUNCE_H
#define ESPOTA_POSIX_ANNOUNCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "sys/sys.h"

struct stub_announce;

struct stub_announced {
    const char *name;              /* the hostname, without ".local" */
    struct espota_address address; /* where it listens: one address, or all of a family */
    bool auth;                     /* it asks for a password */
};

/* From now on `count` devices are announced on the loop; the list is copied. */
enum espota_status stub_announce_create(struct espota_loop *loop,
                                        const struct stub_announced *devices, size_t count,
                                        struct stub_announce **out,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* Says goodbye. NULL is fine. */
void stub_announce_destroy(struct stub_announce *announce);

/* By whom: "avahi" or "own". */
const char *stub_announce_by(const struct stub_announce *announce);

#endif
