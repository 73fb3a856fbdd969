/* SPDX-License-Identifier: MIT */
/* Who may stay in the catalog when more is announced than it holds. */
#include <stdlib.h>

#include "mdns/catalog_inside.h"

/* FNV-1a. Who finds two senders of one value has no more of it than by forging the other's. */
static uint16_t hash_of(const struct espota_address *sender)
{
    uint32_t hash = 2166136261u;

    for (size_t i = 0; i < sizeof(sender->bytes); i++)
        hash = (hash ^ sender->bytes[i]) * 16777619u;
    return (uint16_t)((hash ^ hash >> 16) % ESPOTA_CATALOG_SENDERS);
}

static bool goes_before(const struct espota_catalog *catalog, const struct sighting *a,
                        const struct sighting *b)
{
    uint16_t of_a = catalog->of_sender[a->sender_hash];
    uint16_t of_b = catalog->of_sender[b->sender_hash];

    if (of_a != of_b)
        return of_a > of_b;
    if (a->confirmed != b->confirmed)
        return !a->confirmed;
    return a->heard_at < b->heard_at;
}

/* The next to go; of one sender, or (NULL) of all. */
static size_t last_of(const struct espota_catalog *catalog, const struct espota_address *sender)
{
    size_t found = catalog->sighting_count;
    uint16_t hash = sender != NULL ? hash_of(sender) : 0;

    for (size_t i = 0; i < catalog->sighting_count; i++) {
        const struct sighting *s = catalog->sightings[i];

        if ((sender == NULL ||
             (s->sender_hash == hash && espota_address_equal(&s->sender, sender))) &&
            (found == catalog->sighting_count ||
             goes_before(catalog, s, catalog->sightings[found])))
            found = i;
    }
    return found;
}

static void drop(struct espota_catalog *catalog, size_t index)
{
    struct sighting *s = catalog->sightings[index];

    if (s->device != NULL)
        espota_catalog_leave(s);
    catalog->sightings[index] = catalog->sightings[--catalog->sighting_count];
    espota_catalog_forget(catalog, s);
}

void espota_catalog_forget(struct espota_catalog *catalog, struct sighting *s)
{
    if (s->sender.family != 0)
        catalog->of_sender[s->sender_hash]--; /* it was counted when it was added */
    free(s->txt_data);
    free(s);
}

struct sighting *espota_catalog_add(struct espota_catalog *catalog,
                                    const struct espota_address *sender)
{
    uint16_t hash = hash_of(sender);
    struct sighting *s;
    size_t goes = catalog->sighting_count;

    if (sender->family != 0 && catalog->of_sender[hash] >= ESPOTA_CATALOG_OF_ONE) {
        goes = last_of(catalog, sender);
        if (goes < catalog->sighting_count && catalog->crowder.family == 0)
            catalog->crowder = *sender;
    } else if (catalog->sighting_count >= ESPOTA_CATALOG_SIGHTINGS) {
        goes = last_of(catalog, NULL);
        catalog->full = true;
    }
    if (goes < catalog->sighting_count)
        drop(catalog, goes);
    if (!espota_catalog_grow((void ***)&catalog->sightings, catalog->sighting_count,
                             &catalog->sighting_room) ||
        (s = calloc(1, sizeof(*s))) == NULL) {
        catalog->full = true;
        return NULL;
    }
    s->sender = *sender;
    s->sender_hash = hash;
    if (sender->family != 0)
        catalog->of_sender[hash]++;
    catalog->sightings[catalog->sighting_count++] = s;
    return s;
}

size_t espota_catalog_size(const struct espota_catalog *catalog)
{
    return catalog->sighting_count;
}

bool espota_catalog_is_full(const struct espota_catalog *catalog)
{
    return catalog->full;
}

void espota_catalog_overflow(struct espota_catalog *catalog)
{
    catalog->full = true;
}

struct espota_address espota_catalog_crowder(const struct espota_catalog *catalog)
{
    return catalog->crowder;
}
