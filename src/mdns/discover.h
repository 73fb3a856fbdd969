/* SPDX-License-Identifier: MIT */
/* What the parts of a discovery know of each other: the list of devices, and the ways to ask. */
#ifndef ESPOTA_MDNS_DISCOVER_H
#define ESPOTA_MDNS_DISCOVER_H

#include "mdns/mdns.h"

/*
 * The list of devices that the network's announcements come to: pure, time is
 * an argument. Records go in, each with its life; additions, changes and
 * removals come out, each once. What is announced on several links, by IPv4 and
 * IPv6, is one device. Memory is bounded whatever is announced.
 *
 * A name stands for one device, because devices probe for theirs. JAndrassy's
 * library does not (all of its boards may be called "Arduino"), so its boards
 * are told apart by their addresses.
 *
 * Whoever floods the link with names must not hide those that are there. One sender has room for
 * so many and then loses of its own; where all is full, the sender that has most loses one. What
 * nobody has confirmed goes first (a device speaks for its own address), of that the oldest.
 * Senders can be forged, so none of this is certain: that something had to go is told.
 */

/* "_arduino._tcp", "_esphomelib._tcp"; never NULL. */
const char *espota_service_type(enum espota_service service);
/* The same with ".local", as a name. */
const struct espota_dns_name *espota_service_name(enum espota_service service);

enum {
    ESPOTA_CATALOG_SIGHTINGS = 8192, /* announcements kept at the most */
    ESPOTA_CATALOG_OF_ONE = 1024,    /* of these, what one sender can have */
    ESPOTA_CATALOG_ADDRESSES = 8,    /* of one announcement */
    ESPOTA_CATALOG_TXT = 1300,       /* bytes of TXT data kept; more is no TXT of a device */
    ESPOTA_CATALOG_SETTLE_MS = 200,  /* how long a device may lack its TXT or a good address */
};

struct espota_catalog;

/* A service that a daemon has resolved; the caller has looked whether its address can be. */
struct espota_catalog_service {
    uint32_t link; /* anything that tells the daemon's views apart: interface and protocol */
    enum espota_service service;
    const char *instance; /* as the daemon gives it, unescaped */
    const char *host;     /* dotted */
    uint16_t port;
    const uint8_t *txt; /* TXT data as on the wire */
    size_t txt_length;
    struct espota_address address;
};

/* What should be asked again, or at last. */
struct espota_catalog_question {
    uint32_t link;
    bool service; /* the whole service, by the plain question */
    enum espota_service which;
    bool srv, txt, address; /* these of one device */
    struct espota_dns_name instance;
    struct espota_dns_name host;
};

/* Listens for the first so many of the services. */
enum espota_status espota_catalog_create(size_t services, struct espota_catalog **out,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_catalog_destroy(struct espota_catalog *catalog);

/* A response that espota_dns_open has found well; anything in it that is not ours is passed over.
 * What it changes the next tick finds: a flood must not cost a look at the whole list a packet. */
void espota_catalog_packet(struct espota_catalog *catalog, uint64_t now,
                           const struct espota_mdns_origin *origin,
                           struct espota_dns_reader *packet);
/* A daemon's word: it stands until it is taken back. */
void espota_catalog_resolved(struct espota_catalog *catalog, uint64_t now,
                             const struct espota_catalog_service *service);
/* The service on that link goes at `at` unless it is resolved again before. */
void espota_catalog_lost(struct espota_catalog *catalog, uint64_t at, uint32_t link,
                         enum espota_service service, const char *instance);
/* The same for all that daemons have told, but for what goes earlier: a daemon that stays away does
 * not keep them. */
void espota_catalog_lost_all(struct espota_catalog *catalog, uint64_t at);

/* Lets lives end. Before `next` tells of what has changed. */
void espota_catalog_tick(struct espota_catalog *catalog, uint64_t now);
/* The next change; false if there is none. */
bool espota_catalog_next(struct espota_catalog *catalog, uint64_t now,
                         struct espota_catalog_event *event);
/* The next question that is due; false if none is. */
bool espota_catalog_question(struct espota_catalog *catalog, uint64_t now,
                             struct espota_catalog_question *question);
/* After both, when they will have something to do again; UINT64_MAX: never. */
uint64_t espota_catalog_deadline(const struct espota_catalog *catalog, uint64_t now);

/* How many announcements are kept. */
size_t espota_catalog_size(const struct espota_catalog *catalog);
/* Whether there were more, of whomever: the list may lack devices. */
bool espota_catalog_is_full(const struct espota_catalog *catalog);
/* A daemon told of more than its backend can hold. */
void espota_catalog_overflow(struct espota_catalog *catalog);
/* The first sender that announced more than one can have; family 0: none did. */
struct espota_address espota_catalog_crowder(const struct espota_catalog *catalog);

/*
 * One discovery under way on somebody's loop: one interface, three ways behind
 * it. A way (backend) is a file of its own that feeds the catalog; one that
 * this build does not have has a stand-in that says so.
 */

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

/* Backends read it; only discover.c changes it. */
struct espota_discovery {
    struct espota_discover_options options;
    espota_discovery_event *event;
    void *context;
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

/*
 * For daemons' backends, which are not told who said it: whether a device on that interface may
 * have the address. This machine's own is taken for a device in a process here.
 */
bool espota_discovery_believes(struct espota_discovery *discovery, uint32_t interface,
                               const struct espota_address *address);
/* For backends: the catalog was fed. */
void espota_discovery_changed(struct espota_discovery *discovery);

#endif
