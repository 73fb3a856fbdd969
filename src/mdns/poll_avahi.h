/* SPDX-License-Identifier: MIT */
/* Avahi's idea of a main loop, over ours. */
#ifndef ESPOTA_MDNS_POLL_AVAHI_H
#define ESPOTA_MDNS_POLL_AVAHI_H

#include "sys/loop.h"

struct AvahiPoll;
struct espota_avahi_poll;

/* NULL without memory. */
struct espota_avahi_poll *espota_avahi_poll_create(struct espota_loop *loop);
/* After everything of Avahi that used it has been freed. */
void espota_avahi_poll_destroy(struct espota_avahi_poll *poll);
const struct AvahiPoll *espota_avahi_poll_get(struct espota_avahi_poll *poll);

#endif
