/* SPDX-License-Identifier: MIT */
/*
 * Lets the network know of the devices in this process: through the Avahi
 * daemon where one answers, else by answering questions ourselves.
 */
#ifndef ESPOTA_POSIX_ANNOUNCE_H
#define ESPOTA_POSIX_ANNOUNCE_H

#include <stddef.h>

#include "espota/error.h"
#include "port/posix/node.h"
#include "port/posix/responder.h"
#include "sys/sys.h"

struct stub_announce;

/* From now on `count` devices, which listen, are announced on the loop. */
enum espota_status stub_announce_create(struct espota_loop *loop, const struct stub_node *nodes,
                                        size_t count, struct stub_announce **out,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* Says goodbye. NULL is fine. */
void stub_announce_destroy(struct stub_announce *announce);

/* The part that Avahi does; where its library is missing, a stand-in says no. */
struct stub_daemon;

/* NULL if no daemon answers. `services` is borrowed. */
struct stub_daemon *stub_daemon_create(struct espota_loop *loop,
                                       const struct stub_service *services, size_t count);
/* The daemon says goodbye. */
void stub_daemon_destroy(struct stub_daemon *daemon);

#endif
