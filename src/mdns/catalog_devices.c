/* SPDX-License-Identifier: MIT */
/* From sightings to devices: who belongs together, what to tell, what to ask. */
#include <stdlib.h>
#include <string.h>

#include "mdns/catalog_inside.h"
#include "wire/wire.h"

enum { ASK_AGAIN_MS = 400 };

static const uint64_t forever = UINT64_MAX;

/* Lower is better: an address that anybody can use, before one that means something here only. */
static unsigned rank_of(const struct espota_address *address)
{
    unsigned six = address->family == 6;

    if (espota_address_is_loopback(address))
        return 4 + six;
    if (espota_address_is_link_local(address))
        return 2 + six;
    return six;
}

static const struct heard_address *best_of(const struct sighting *s, uint64_t now)
{
    const struct heard_address *best = NULL;

    for (size_t i = 0; i < ESPOTA_CATALOG_ADDRESSES; i++) {
        const struct heard_address *a = &s->addresses[i];

        if (espota_catalog_alive(&a->life, now) &&
            (best == NULL || rank_of(&a->address) < rank_of(&best->address)))
            best = a;
    }
    return best;
}

static bool can_be_reached(const struct sighting *s, uint64_t now)
{
    return espota_catalog_alive(&s->ptr, now) && espota_catalog_alive(&s->srv, now) &&
           best_of(s, now) != NULL;
}

static uint64_t settled_at(const struct sighting *s)
{
    return s->resolved_at + ESPOTA_CATALOG_SETTLE_MS;
}

/* All that is worth waiting for is there. */
static bool is_whole(const struct sighting *s, uint64_t now)
{
    return s->txt_data != NULL && rank_of(&best_of(s, now)->address) == 0;
}

static struct device *device_for(struct espota_catalog *catalog, const struct sighting *s,
                                 const struct espota_address *only)
{
    struct device *d;

    for (size_t i = 0; i < catalog->device_count; i++) {
        d = catalog->devices[i];
        if (d->instance_hash == s->instance_hash && d->service == s->service &&
            d->only.family == only->family &&
            (only->family == 0 || espota_address_equal(&d->only, only)) &&
            espota_dns_name_equal(&d->instance, &s->instance))
            return d;
    }
    if (!espota_catalog_grow((void ***)&catalog->devices, catalog->device_count,
                             &catalog->device_room) ||
        (d = calloc(1, sizeof(*d))) == NULL)
        return NULL;
    d->id = ++catalog->last_id;
    d->service = s->service;
    d->instance = s->instance;
    d->instance_hash = s->instance_hash;
    d->only = *only;
    catalog->devices[catalog->device_count++] = d;
    return d;
}

void espota_catalog_leave(struct sighting *s)
{
    struct sighting **at = &s->device->members;

    while (*at != s)
        at = &(*at)->next_member;
    *at = s->next_member;
    s->device->dirty = true;
    s->device = NULL;
    s->next_member = NULL;
}

/* At the end: the first member's word stays, so that two links do not take turns. */
static void join(struct device *device, struct sighting *s)
{
    struct sighting **at = &device->members;

    while (*at != NULL)
        at = &(*at)->next_member;
    *at = s;
    s->device = device;
    device->dirty = true;
}

static uint64_t sooner(uint64_t first, uint64_t other, uint64_t now)
{
    return other > now && other < first ? other : first;
}

static uint64_t next_end(const struct sighting *s, uint64_t now)
{
    uint64_t first = sooner(forever, s->ptr.until, now);

    first = sooner(first, s->srv.until, now);
    if (s->resolved_at == 0)
        first = sooner(first, s->first + ESPOTA_CATALOG_UNRESOLVED_MS, now);
    else if (s->device == NULL)
        first = sooner(first, settled_at(s), now);
    for (size_t i = 0; i < ESPOTA_CATALOG_ADDRESSES; i++)
        first = sooner(first, s->addresses[i].life.until, now);
    return first;
}

static void place(struct espota_catalog *catalog, struct sighting *s, uint64_t now)
{
    struct espota_address only = {.family = 0};
    bool ready = can_be_reached(s, now);

    if (!ready)
        s->resolved_at = 0;
    else if (s->resolved_at == 0)
        s->resolved_at = now > 0 ? now : 1;
    if (ready && s->device == NULL && !is_whole(s, now) && now < settled_at(s))
        return;
    if (ready && s->source.family != 0)
        only = best_of(s, now)->address;
    if (s->device != NULL) {
        bool same = only.family == s->device->only.family &&
                    (only.family == 0 || espota_address_equal(&only, &s->device->only));

        if (!ready || !same)
            espota_catalog_leave(s);
        else
            s->device->dirty = true;
    }
    if (ready && s->device == NULL) {
        struct device *device = device_for(catalog, s, &only);

        if (device != NULL) /* without memory it comes with the next tick */
            join(device, s);
    }
}

void espota_catalog_place(struct espota_catalog *catalog, struct sighting *s, uint64_t now)
{
    place(catalog, s, now);
    s->touched = false;
    s->check_at = next_end(s, now);
    if (s->resolved_at != 0 && s->device == NULL && now >= settled_at(s))
        s->check_at = now + 1000; /* no memory for it now */
}

/* The address that was told stays while it lives, unless there is one of a better kind. */
static const struct espota_address *address_of(const struct device *d, uint64_t now)
{
    const struct espota_address *best = NULL;

    for (const struct sighting *s = d->members; s != NULL; s = s->next_member) {
        for (size_t i = 0; i < ESPOTA_CATALOG_ADDRESSES; i++) {
            const struct heard_address *a = &s->addresses[i];
            unsigned rank = rank_of(&a->address);

            if (!espota_catalog_alive(&a->life, now) ||
                !espota_dns_name_equal(&s->host, &d->members->host))
                continue;
            if (best == NULL || rank < rank_of(best) ||
                (rank == rank_of(best) && d->told &&
                 espota_address_equal(&a->address, &d->told_address)))
                best = &a->address;
        }
    }
    return best;
}

static void describe(const struct device *d, const struct espota_address *address,
                     struct espota_device *out)
{
    const struct sighting *s = d->members;
    char host[ESPOTA_DNS_NAME_TEXT];
    struct espota_address plain = *address;

    memset(out, 0, sizeof(*out));
    out->id = d->id;
    espota_text_printable(s->instance.bytes + 1, s->instance.bytes[0], out->name,
                          sizeof(out->name));
    espota_dns_name_format(&s->host, host);
    espota_text_printable(host, strlen(host), out->hostname, sizeof(out->hostname));
    plain.port = 0;
    espota_address_format(&plain, false, out->address);
    out->port = s->port;
    espota_device_describe(out, s->service, s->txt_data, s->txt_data != NULL ? s->txt_length : 0);
}

static void drop_device(struct espota_catalog *catalog, size_t index)
{
    free(catalog->devices[index]);
    catalog->devices[index] = catalog->devices[--catalog->device_count];
}

static bool same_words(const struct espota_device *a, const struct espota_device *b)
{
    return strcmp(a->address, b->address) == 0 && a->port == b->port && a->kind == b->kind &&
           a->auth == b->auth && strcmp(a->board, b->board) == 0 &&
           strcmp(a->hostname, b->hostname) == 0 && strcmp(a->name, b->name) == 0 &&
           strcmp(a->platform, b->platform) == 0 && strcmp(a->version, b->version) == 0 &&
           a->encrypted == b->encrypted;
}

/* Fills the event if there is something to tell about the device. */
static bool tell(struct device *d, uint64_t now, struct espota_catalog_event *event)
{
    const struct espota_address *address = d->members != NULL ? address_of(d, now) : NULL;

    memset(event, 0, sizeof(*event));
    event->service = d->service;
    if (address == NULL) {
        event->event = ESPOTA_DEVICE_REMOVE;
        event->device = d->as_told;
        return d->told;
    }
    event->event = d->told ? ESPOTA_DEVICE_CHANGE : ESPOTA_DEVICE_ADD;
    event->txt = d->members->txt_data;
    event->txt_length = d->members->txt_length;
    describe(d, address, &event->device);
    if (d->told && same_words(&event->device, &d->as_told))
        return false;
    d->told = true;
    d->as_told = event->device;
    d->told_address = *address;
    return true;
}

bool espota_catalog_next(struct espota_catalog *catalog, uint64_t now,
                         struct espota_catalog_event *event)
{
    while (catalog->told_to < catalog->device_count) {
        struct device *d = catalog->devices[catalog->told_to];
        bool something;

        if (!d->dirty) {
            catalog->told_to++;
            continue;
        }
        d->dirty = false;
        something = tell(d, now, event);
        if (event->event == ESPOTA_DEVICE_REMOVE)
            d->told = false;
        if (d->members == NULL)
            drop_device(catalog, catalog->told_to);
        else
            catalog->told_to++;
        if (something)
            return true;
    }
    return false;
}

/* When what is known should be asked for again: at 80, 90 and 95 % of the shortest life. */
static uint64_t refresh_at(const struct sighting *s, uint64_t now)
{
    static const unsigned percent[] = {80, 90, 95};
    const struct heard_address *best = best_of(s, now);
    const struct life *shortest = &s->srv;

    if (best != NULL && best->life.until < shortest->until)
        shortest = &best->life;
    if (s->ptr.until < shortest->until)
        shortest = &s->ptr;
    if (s->asked >= sizeof(percent) / sizeof(percent[0]) || shortest->until == forever ||
        shortest->since >= shortest->until)
        return forever;
    return shortest->since + (shortest->until - shortest->since) * percent[s->asked] / 100;
}

/* When what is missing should be asked for: often the rest comes by itself a moment later. */
static uint64_t complete_at(const struct sighting *s)
{
    static const unsigned after[] = {100, 500, 1500, 4000};

    if (s->asked >= sizeof(after) / sizeof(after[0]) || s->ptr.since >= s->ptr.until)
        return forever;
    return s->first + after[s->asked];
}

static uint64_t question_at(const struct sighting *s, uint64_t now)
{
    uint64_t at;

    if (s->ptr.until == forever)
        return forever; /* daemons ask by themselves */
    if (!espota_catalog_alive(&s->srv, now) || best_of(s, now) == NULL || s->txt_data == NULL)
        at = complete_at(s);
    else
        at = refresh_at(s, now);
    /* whatever is answered, nobody is asked more often than this */
    return s->asked_at != 0 && at < s->asked_at + ASK_AGAIN_MS ? s->asked_at + ASK_AGAIN_MS : at;
}

bool espota_catalog_question(struct espota_catalog *catalog, uint64_t now,
                             struct espota_catalog_question *question)
{
    for (size_t i = 0; i < catalog->sighting_count; i++) {
        struct sighting *s = catalog->sightings[i];
        bool has_srv, has_address;

        if (question_at(s, now) > now)
            continue;
        has_srv = espota_catalog_alive(&s->srv, now);
        has_address = best_of(s, now) != NULL;
        memset(question, 0, sizeof(*question));
        question->link = s->link;
        question->which = s->service;
        question->instance = s->instance;
        question->host = s->host;
        question->service = has_srv && has_address && s->txt_data != NULL;
        question->srv = question->service || !has_srv;
        question->txt = s->txt_data == NULL;
        question->address = has_srv && (question->service || !has_address);
        s->asked++;
        s->asked_at = now;
        return true;
    }
    return false;
}

uint64_t espota_catalog_deadline(const struct espota_catalog *catalog, uint64_t now)
{
    uint64_t first = forever;

    for (size_t i = 0; i < catalog->sighting_count; i++) {
        const struct sighting *s = catalog->sightings[i];
        uint64_t question = question_at(s, now);

        if (s->check_at < first)
            first = s->check_at;
        if (question < first)
            first = question;
    }
    return first;
}
