/* SPDX-License-Identifier: MIT */
/* The part of announcing that Avahi does; where its library is missing, a stand-in says no. */
#ifndef ESPOTA_POSIX_ANNOUNCE_DAEMON_H
#define ESPOTA_POSIX_ANNOUNCE_DAEMON_H

#include "port/posix/responder.h"
#include "sys/sys.h"

struct stub_daemon;

enum { STUB_DAEMON_PLACES = 16 };

/* One device, and where it can be reached. */
struct stub_daemon_entry {
    const struct stub_service *service;
    const char *name;
    size_t count;
    struct stub_daemon_place {
        uint32_t interface;
        struct espota_address address;
    } places[STUB_DAEMON_PLACES];
};

/* NULL if no daemon answers. */
struct stub_daemon *stub_daemon_create(struct espota_loop *loop,
                                       const struct stub_daemon_entry *entries, size_t count);
/* The daemon says goodbye. */
void stub_daemon_destroy(struct stub_daemon *daemon);

#endif
