/* SPDX-License-Identifier: MIT */
/* What the parts of the catalog share; nobody else includes it. */
#ifndef ESPOTA_MDNS_CATALOG_INSIDE_H
#define ESPOTA_MDNS_CATALOG_INSIDE_H

#include "mdns/discover.h"

enum {
    ESPOTA_CATALOG_UNRESOLVED_MS = 30000, /* how long a mere name is kept */
    ESPOTA_CATALOG_SENDERS = 4096,
};

struct life {
    uint64_t since;
    uint64_t until; /* UINT64_MAX: a daemon's word */
};

struct heard_address {
    struct espota_address address;
    struct life life; /* until 0: a free place */
};

struct device;

/*
 * One announcement as one link shows it. What every packet looks through all of them for stands
 * first: a flood must not cost a cache line more.
 */
struct sighting {
    uint32_t instance_hash;
    uint32_t host_hash;
    uint32_t link;
    uint16_t sender_hash;
    bool touched;      /* heard of since it was last placed */
    bool confirmed;    /* its sender has the address that it announces */
    uint64_t check_at; /* when the next of its lives ends */
    uint64_t heard_at; /* when something of it came last */
    uint64_t first;    /* when it was first heard of */
    struct life ptr, srv;

    uint64_t resolved_at;         /* when it first could be reached; 0: not yet */
    struct espota_address sender; /* of its first packet; family 0: one without a bound */
    struct espota_address source; /* family 0, unless the name is one that many may have */
    enum espota_service service;
    struct espota_dns_name instance; /* the whole name */
    struct espota_dns_name host;
    uint16_t port;
    uint8_t *txt_data; /* exact size */
    size_t txt_length;
    struct heard_address addresses[ESPOTA_CATALOG_ADDRESSES];
    unsigned asked; /* questions since it last became fresher */
    uint64_t asked_at;
    struct device *device;
    struct sighting *next_member;
};

/* What one or more sightings come to. */
struct device {
    uint32_t instance_hash;
    enum espota_service service;
    bool dirty;
    bool told;
    uint64_t id;
    struct espota_dns_name instance;
    struct espota_address only; /* family 0, or the address that tells it from its namesakes */
    struct sighting *members;   /* the first one's port, host and TXT count */
    struct espota_device as_told;
    struct espota_address told_address;
};

struct espota_catalog {
    struct sighting **sightings;
    size_t sighting_count, sighting_room;
    struct device **devices;
    size_t device_count, device_room;
    size_t told_to; /* the devices before it have nothing to tell since the last tick */
    size_t services;
    uint16_t of_sender[ESPOTA_CATALOG_SENDERS]; /* sightings by their sender's hash */
    bool full;
    struct espota_address crowder; /* the first that had too many */
    uint64_t last_id;
};

/* A new one; NULL without memory. Another may have gone for it. */
struct sighting *espota_catalog_add(struct espota_catalog *catalog,
                                    const struct espota_address *sender);
/* One that is in no list and no device any more. */
void espota_catalog_forget(struct espota_catalog *catalog, struct sighting *sighting);
/* Takes a sighting out of its device, which has changed by that. */
void espota_catalog_leave(struct sighting *sighting);

bool espota_catalog_alive(const struct life *life, uint64_t now);
/* Brings a sighting's device up to date after anything about it changed. */
void espota_catalog_place(struct espota_catalog *catalog, struct sighting *sighting, uint64_t now);
/* Makes room for one more pointer in a table; false without memory. */
bool espota_catalog_grow(void ***table, size_t count, size_t *room);

/*
 * Kind, board and auth by what a service says. Of _arduino._tcp the order of the
 * TXT strings tells the library that wrote them; a daemon may hand them out
 * the other way round, so both directions count:
 *   ESP8266, Pico  auth_upload board ssh_upload tcp_check (LEAmDNS puts each new one in front)
 *   ESP32          auth_upload ssh_upload tcp_check board (so does Espressif's mdns)
 *   JAndrassy      ssh_upload tcp_check auth_upload board=arduino
 * Where the order says nothing the port and the names decide. `hostname` is terminated.
 */
void espota_device_describe(struct espota_device *device, enum espota_service service,
                            const uint8_t *txt, size_t length);

#endif
