/* SPDX-License-Identifier: MIT */
/*
 * What is announced is kept as each link shows it (a sighting), and a device is what one or more
 * of them come to: one that is heard on two interfaces is one device, and two of one name are two.
 * Nothing here asks or waits; packets, time and questions go through the caller, so that a test
 * plays a network.
 */
#include "mdns/discover.h"

#include <stdlib.h>
#include <string.h>

#include "mdns/catalog_inside.h"

enum {
    GOODBYE_MS = 1000, /* RFC 6762 10.1: a goodbye may be taken back for so long */
    LEGACY_TTL = 120,  /* what a host's record usually has, RFC 6762 10 */
    TTL_MAX = 24 * 60 * 60,
    JANDRASSY_PORT = 65280,
};

static const uint64_t forever = UINT64_MAX;

const char *espota_service_type(enum espota_service service)
{
    return service == ESPOTA_SERVICE_ESPHOME ? "_esphomelib._tcp" : "_arduino._tcp";
}

const struct espota_dns_name *espota_service_name(enum espota_service service)
{
    static const struct espota_dns_name names[ESPOTA_SERVICE_COUNT] = {
        {21, "\x08_arduino\x04_tcp\x05local"},
        {24, "\x0b_esphomelib\x04_tcp\x05local"},
    };

    return &names[service];
}

bool espota_catalog_alive(const struct life *life, uint64_t now)
{
    return life->until > now;
}

bool espota_catalog_grow(void ***table, size_t count, size_t *room)
{
    size_t wanted = *room == 0 ? 16 : *room * 2;
    void **grown;

    if (count < *room)
        return true;
    grown = realloc(*table, wanted * sizeof(**table));
    if (grown == NULL)
        return false;
    *table = grown;
    *room = wanted;
    return true;
}

enum espota_status espota_catalog_create(size_t services, struct espota_catalog **out,
                                         struct espota_error *err)
{
    *out = calloc(1, sizeof(**out));
    if (*out == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the list of devices");
    (*out)->services = services;
    return ESPOTA_OK;
}

void espota_catalog_destroy(struct espota_catalog *catalog)
{
    if (catalog == NULL)
        return;
    for (size_t i = 0; i < catalog->sighting_count; i++)
        espota_catalog_forget(catalog, catalog->sightings[i]);
    for (size_t i = 0; i < catalog->device_count; i++)
        free(catalog->devices[i]);
    free(catalog->sightings);
    free(catalog->devices);
    free(catalog);
}

static bool same_source(const struct espota_address *a, const struct espota_address *b)
{
    if (a->family == 0 || b->family == 0)
        return a->family == b->family;
    return espota_address_equal(a, b);
}

static struct sighting *find(struct espota_catalog *catalog, uint32_t link,
                             const struct espota_address *source,
                             const struct espota_dns_name *instance)
{
    uint32_t hash = espota_dns_name_hash(instance);

    for (size_t i = 0; i < catalog->sighting_count; i++) {
        struct sighting *s = catalog->sightings[i];

        if (s->instance_hash == hash && s->link == link && same_source(&s->source, source) &&
            espota_dns_name_equal(&s->instance, instance))
            return s;
    }
    return NULL;
}

/* NULL if there is no memory: then the announcement was not heard. */
static struct sighting *find_or_add(struct espota_catalog *catalog, uint64_t now, uint32_t link,
                                    const struct espota_address *source,
                                    const struct espota_address *sender,
                                    enum espota_service service,
                                    const struct espota_dns_name *instance)
{
    struct sighting *s = find(catalog, link, source, instance);

    if (s != NULL)
        return s;
    s = espota_catalog_add(catalog, sender);
    if (s == NULL)
        return NULL;
    s->link = link;
    s->source = *source;
    s->service = service;
    s->instance = *instance;
    s->instance_hash = espota_dns_name_hash(instance);
    s->first = s->heard_at = now;
    return s;
}

/* A record was heard. A goodbye ends its life soon, not at once: it may be taken back. */
static void live(struct life *life, uint64_t now, uint32_t ttl, bool legacy)
{
    uint64_t until;

    if (ttl == 0) {
        if (life->until > now + GOODBYE_MS)
            life->until = now + GOODBYE_MS;
        life->since = life->until; /* nobody asks for what is going */
        return;
    }
    if (ttl > TTL_MAX)
        ttl = TTL_MAX;
    if (legacy && ttl < LEGACY_TTL)
        ttl = LEGACY_TTL;
    until = now + ttl * UINT64_C(1000);
    if (legacy && life->until > until && life->since < life->until)
        return; /* the full life is known already */
    life->since = now;
    life->until = until;
}

static void set_host(struct sighting *s, const struct espota_dns_name *host)
{
    if (!espota_dns_name_equal(&s->host, host)) {
        memset(s->addresses, 0, sizeof(s->addresses)); /* another host's */
        s->confirmed = false;
    }
    s->host = *host;
    s->host_hash = espota_dns_name_hash(host);
}

static void set_txt(struct sighting *s, const uint8_t *data, size_t length)
{
    uint8_t *copy;

    if (length > ESPOTA_CATALOG_TXT)
        return;
    if (s->txt_data != NULL && s->txt_length == length && memcmp(s->txt_data, data, length) == 0)
        return;
    copy = malloc(length > 0 ? length : 1);
    if (copy == NULL)
        return; /* as if the packet had been lost */
    memcpy(copy, data, length);
    free(s->txt_data);
    s->txt_data = copy;
    s->txt_length = length;
}

/* The place of this address, else a free or ended one, else the one that ends first. */
static struct heard_address *address_place(struct sighting *s, const struct espota_address *address)
{
    struct heard_address *best = &s->addresses[0];

    for (size_t i = 0; i < ESPOTA_CATALOG_ADDRESSES; i++) {
        struct heard_address *a = &s->addresses[i];

        if (a->life.until != 0 && espota_address_equal(&a->address, address))
            return a;
        if (a->life.until < best->life.until)
            best = a;
    }
    return best;
}

static void hear_address(struct sighting *s, uint64_t now, const struct espota_address *address,
                         uint32_t ttl, bool legacy, bool flush)
{
    struct heard_address *place = address_place(s, address);

    /* a flush ends what was heard of the same family before this second (RFC 6762 10.2) */
    for (size_t i = 0; flush && i < ESPOTA_CATALOG_ADDRESSES; i++) {
        struct heard_address *a = &s->addresses[i];

        if (a != place && a->address.family == address->family &&
            a->life.since + GOODBYE_MS < now && a->life.until != forever)
            live(&a->life, now, 0, false);
    }
    if (place->life.until == 0 || !espota_address_equal(&place->address, address)) {
        if (ttl == 0)
            return; /* a goodbye to what was never heard */
        memset(place, 0, sizeof(*place));
        place->address = *address;
    }
    live(&place->life, now, ttl, legacy);
}

struct hearing {
    struct espota_catalog *catalog;
    uint64_t now;
    const struct espota_mdns_origin *origin;
    struct espota_address source; /* of every sighting in this packet */
    struct espota_address sender; /* who may have so many; family 0: this machine, any number */
};

/*
 * JAndrassy's boards answer under names that they have not probed for, each time with the same
 * four records. Who else announces such a port does so among other records sooner or later.
 */
static bool is_unprobed(const struct espota_dns_reader *packet)
{
    struct espota_dns_reader reader = *packet;
    struct espota_dns_record record;
    unsigned answers = 0;
    bool port = false;

    espota_dns_rewind(&reader);
    while (espota_dns_next(&reader, &record)) {
        if (record.section != ESPOTA_DNS_ANSWER || ++answers > 4)
            return false;
        port |= record.type == ESPOTA_DNS_SRV && record.port == JANDRASSY_PORT;
    }
    return port && answers == 4;
}

static void heard(const struct hearing *h, struct sighting *s,
                  const struct espota_dns_record *record)
{
    s->touched = true;
    s->heard_at = h->now;
    if (record->ttl > 0)
        s->asked = 0;
}

static void hear_ptr(const struct hearing *h, const struct espota_dns_record *record)
{
    for (unsigned i = 0; i < h->catalog->services; i++) {
        enum espota_service service = (enum espota_service)i;
        struct sighting *s;

        if (!espota_dns_name_equal(&record->name, espota_service_name(service)) ||
            !espota_dns_name_is_under(&record->target, &record->name))
            continue;
        if (record->ttl == 0)
            s = find(h->catalog, h->origin->link, &h->source, &record->target);
        else
            s = find_or_add(h->catalog, h->now, h->origin->link, &h->source, &h->sender, service,
                            &record->target);
        if (s == NULL)
            continue;
        live(&s->ptr, h->now, record->ttl, h->origin->own_port);
        heard(h, s, record);
    }
}

static void hear_service(const struct hearing *h, const struct espota_dns_record *record)
{
    struct sighting *s = find(h->catalog, h->origin->link, &h->source, &record->name);

    if (s == NULL)
        return;
    if (record->type == ESPOTA_DNS_SRV) {
        /* port 0 says that there is no such service, whatever its life */
        uint32_t ttl = record->port != 0 ? record->ttl : 0;

        if (ttl > 0) {
            set_host(s, &record->target);
            s->port = record->port;
        }
        live(&s->srv, h->now, ttl, h->origin->own_port);
    } else if (record->ttl > 0) {
        set_txt(s, record->data, record->length); /* lives as long as the rest */
    }
    heard(h, s, record);
}

static void hear_host(const struct hearing *h, const struct espota_dns_record *record)
{
    struct espota_address address;
    uint32_t hash = espota_dns_name_hash(&record->name);

    if (!espota_mdns_address(h->origin, record, &address))
        return;
    for (size_t i = 0; i < h->catalog->sighting_count; i++) {
        struct sighting *s = h->catalog->sightings[i];

        if (s->host_hash != hash || s->link != h->origin->link ||
            !same_source(&s->source, &h->source) || !espota_dns_name_equal(&s->host, &record->name))
            continue;
        hear_address(s, h->now, &address, record->ttl, h->origin->own_port, record->top);
        s->confirmed |= espota_address_equal(&address, &h->origin->from);
        heard(h, s, record);
    }
}

/* Records may stand in any order: names first, then services, then hosts. */
void espota_catalog_packet(struct espota_catalog *catalog, uint64_t now,
                           const struct espota_mdns_origin *origin,
                           struct espota_dns_reader *packet)
{
    struct hearing h = {.catalog = catalog, .now = now, .origin = origin};
    struct espota_dns_record record;

    if (is_unprobed(packet))
        h.source = origin->from;
    if (!origin->loopback) /* a fleet of stubs has one sender */
        h.sender = origin->from;
    for (int pass = 0; pass < 3; pass++) {
        espota_dns_rewind(packet);
        while (espota_dns_next(packet, &record)) {
            if (record.section == ESPOTA_DNS_QUESTION || record.class != ESPOTA_DNS_IN)
                continue;
            if (pass == 0 && record.type == ESPOTA_DNS_PTR)
                hear_ptr(&h, &record);
            else if (pass == 1 && (record.type == ESPOTA_DNS_SRV || record.type == ESPOTA_DNS_TXT))
                hear_service(&h, &record);
            else if (pass == 2 && (record.type == ESPOTA_DNS_A || record.type == ESPOTA_DNS_AAAA))
                hear_host(&h, &record);
        }
    }
}

static bool full_name(struct espota_dns_name *name, enum espota_service service,
                      const char *instance)
{
    return espota_dns_name_under(name, instance, strlen(instance), espota_service_name(service));
}

void espota_catalog_resolved(struct espota_catalog *catalog, uint64_t now,
                             const struct espota_catalog_service *service)
{
    static const struct espota_address none = {.family = 0};
    struct espota_dns_name instance, host;
    struct life life = {now, forever};
    struct sighting *s;

    if (!full_name(&instance, service->service, service->instance) ||
        !espota_dns_name_set(&host, service->host) ||
        !espota_address_is_of_host(&service->address, true) || service->port == 0)
        return;
    s = find_or_add(catalog, now, service->link, &none, &none, service->service, &instance);
    if (s == NULL)
        return;
    s->heard_at = now;
    s->ptr = s->srv = life;
    set_host(s, &host);
    s->port = service->port;
    set_txt(s, service->txt, service->txt_length);
    memset(s->addresses, 0, sizeof(s->addresses));
    s->addresses[0].address = service->address;
    s->addresses[0].life = life;
    espota_catalog_place(catalog, s, now);
}

static void end_at(struct sighting *s, uint64_t at)
{
    s->ptr.since = s->ptr.until = at;
    if (at < s->check_at)
        s->check_at = at;
}

void espota_catalog_lost(struct espota_catalog *catalog, uint64_t at, uint32_t link,
                         enum espota_service service, const char *instance)
{
    static const struct espota_address none = {.family = 0};
    struct espota_dns_name name;
    struct sighting *s;

    if (!full_name(&name, service, instance))
        return;
    s = find(catalog, link, &none, &name);
    if (s != NULL)
        end_at(s, at);
}

void espota_catalog_lost_all(struct espota_catalog *catalog, uint64_t at)
{
    for (size_t i = 0; i < catalog->sighting_count; i++) {
        struct sighting *s = catalog->sightings[i];

        if (s->srv.until == forever && at < s->ptr.until)
            end_at(s, at);
    }
}

void espota_catalog_tick(struct espota_catalog *catalog, uint64_t now)
{
    size_t kept = 0;

    catalog->told_to = 0;
    for (size_t i = 0; i < catalog->sighting_count; i++) {
        struct sighting *s = catalog->sightings[i];

        if (s->touched || now >= s->check_at)
            espota_catalog_place(catalog, s, now);
        if (espota_catalog_alive(&s->ptr, now) &&
            (s->resolved_at != 0 || now < s->first + ESPOTA_CATALOG_UNRESOLVED_MS))
            catalog->sightings[kept++] = s;
        else
            espota_catalog_forget(catalog, s); /* place has taken it out of its device */
    }
    catalog->sighting_count = kept;
}
