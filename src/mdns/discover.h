/* SPDX-License-Identifier: MIT */
/*
 * One discovery under way on somebody's loop: one interface, three ways behind
 * it. A way (backend) is a file of its own that feeds the catalog; one that
 * this build does not have has a stand-in that says so.
 */
#ifndef ESPOTA_MDNS_DISCOVER_H
#define ESPOTA_MDNS_DISCOVER_H

#include "espota/discover.h"
#include "mdns/catalog.h"
#include "sys/loop.h"
#include "sys/multicast.h"

struct espota_discovery;

struct espota_backend {
    enum espota_via via;
    const char *word;
    /*
     * Starts to ask and to feed discovery->catalog. E_NO_ANSWER: the way is not to be had here
     * (no daemon, not in this build); with "auto" the next one is tried.
     */
    enum espota_status (*start)(struct espota_discovery *discovery, void **state,
                                struct espota_error *err);
    void (*stop)(void *state);
    /* What the catalog wants to know; `more` follow at once. NULL: the daemon asks by itself. */
    void (*ask)(void *state, const struct espota_catalog_question *question);
    void (*asked)(void *state);
    /* Whether services are known that have not been resolved yet. NULL: never. */
    bool (*busy)(void *state);
};

extern const struct espota_backend espota_backend_avahi;
extern const struct espota_backend espota_backend_dnssd;
extern const struct espota_backend espota_backend_query;

struct espota_discovery_options {
    enum espota_via via;
    bool any;   /* ESPHome's service as well */
    bool watch; /* go on asking */
    struct espota_log log;
    void *context;
    /* Must not destroy the discovery. */
    void (*event)(void *context, const struct espota_catalog_event *event);
};

/* Backends read it; only discovery.c changes it. */
struct espota_discovery {
    struct espota_discovery_options options;
    struct espota_loop *loop;
    struct espota_catalog *catalog;
    const struct espota_backend *backend;
    void *state;
    struct espota_timer timer;
    uint64_t started;
    uint64_t last_new; /* when something was last told */
    size_t service_count;
    struct espota_interface *interfaces; /* this machine's, as they were at `interfaces_at` */
    size_t interface_count;
    uint64_t interfaces_at;
    bool told_crowd, told_full;
};

enum espota_status espota_discovery_start(struct espota_loop *loop,
                                          const struct espota_discovery_options *options,
                                          struct espota_discovery **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_discovery_destroy(struct espota_discovery *discovery);

/*
 * For daemons' backends, which are not told who said it: whether a device on that interface may
 * have the address. This machine's own is taken for a device in a process here.
 */
bool espota_discovery_believes(struct espota_discovery *discovery, uint32_t interface,
                               const struct espota_address *address);
/* For backends: the catalog was fed. */
void espota_discovery_changed(struct espota_discovery *discovery);
/* When a discovery that does not watch has heard all there is, if nothing new comes until then. */
uint64_t espota_discovery_over_at(const struct espota_discovery *discovery);
/* A line for people, if they want to know. */
void espota_discovery_say(const struct espota_discovery *discovery, enum espota_log_level level,
                          const char *format, ...) ESPOTA_PRINTF(3, 4);

#endif
