/* SPDX-License-Identifier: MIT */
/* What the two halves of the catalog share; nobody else includes it. */
#ifndef ESPOTA_LIB_CATALOG_INSIDE_H
#define ESPOTA_LIB_CATALOG_INSIDE_H

#include "lib/catalog.h"

struct life {
    uint64_t since;
    uint64_t until; /* UINT64_MAX: a daemon's word */
};

struct heard_address {
    struct espota_address address;
    struct life life; /* until 0: a free place */
};

struct device;

/* One announcement as one link shows it. */
struct sighting {
    uint32_t link;
    struct espota_address source; /* family 0, unless the name is one that many may have */
    enum espota_service service;
    struct espota_dns_name instance; /* the whole name */
    uint32_t instance_hash;
    struct life ptr, srv;
    struct espota_dns_name host;
    uint32_t host_hash;
    uint16_t port;
    uint8_t *txt_data; /* exact size */
    size_t txt_length;
    struct heard_address addresses[ESPOTA_CATALOG_ADDRESSES];
    uint64_t first;       /* when it was first heard of */
    uint64_t resolved_at; /* when it first could be reached; 0: not yet */
    unsigned asked;       /* questions since it last became fresher */
    uint64_t asked_at;
    bool touched;      /* heard of since it was last placed */
    uint64_t check_at; /* when the next of its lives ends */
    struct device *device;
    struct sighting *next_member;
};

/* What one or more sightings come to. */
struct device {
    uint64_t id;
    enum espota_service service;
    struct espota_dns_name instance;
    struct espota_address only; /* family 0, or the address that tells it from its namesakes */
    struct sighting *members;   /* the first one's port, host and TXT count */
    bool dirty;
    bool told;
    struct espota_device as_told;
    struct espota_address told_address;
};

struct espota_catalog {
    struct sighting **sightings;
    size_t sighting_count, sighting_room;
    struct device **devices;
    size_t device_count, device_room;
    size_t services;
    bool full;
    uint64_t last_id;
};

enum { ESPOTA_CATALOG_UNRESOLVED_MS = 30000 }; /* how long a mere name is kept */

bool espota_catalog_alive(const struct life *life, uint64_t now);
/* Brings a sighting's device up to date after anything about it changed. */
void espota_catalog_place(struct espota_catalog *catalog, struct sighting *sighting, uint64_t now);
/* Makes room for one more pointer in a table; false without memory. */
bool espota_catalog_grow(void ***table, size_t count, size_t *room);

#endif
