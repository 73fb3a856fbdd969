/* SPDX-License-Identifier: MIT */
/*
 * Every datagram and every connection is for one of a thousand attempts, and only its address says
 * for which: so addresses are found by a hash. Records are allocated one by one, because callbacks
 * hold on to them while others are added.
 */
#include "send/send.h"

#include <stdlib.h>
#include <string.h>

struct espota_address_slot {
    struct espota_address address; /* family 0: free */
    void *record;
};

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/*
 * FNV-1a over the bytes that must be equal: address_equal takes an IPv4-mapped address for the
 * IPv4 one, and looks at scopes only where both have one, so they are left out. Only what the user
 * named is ever added, so nobody outside can choose keys that collide.
 */
static size_t hash_of(const struct espota_address *address)
{
    const uint8_t *bytes = address->bytes;
    size_t length = address->family == 4 ? 4 : 16;
    uint32_t hash = 2166136261u;

    if (length == 16 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
        bytes += 12;
        length = 4;
    }
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

/* The slot that holds the address, or the free one where it would go. */
static struct espota_address_slot *slot_of(const struct espota_address_map *map,
                                           const struct espota_address *address)
{
    size_t at = hash_of(address) & (map->room - 1);

    while (map->slots[at].address.family != 0 &&
           !espota_address_equal(&map->slots[at].address, address))
        at = (at + 1) & (map->room - 1);
    return &map->slots[at];
}

void espota_address_map_deinit(struct espota_address_map *map)
{
    for (size_t i = 0; i < map->room; i++)
        free(map->slots[i].record);
    free(map->slots);
    memset(map, 0, sizeof(*map));
}

void *espota_address_map_find(const struct espota_address_map *map,
                              const struct espota_address *address)
{
    return map->room == 0 || address->family == 0 ? NULL : slot_of(map, address)->record;
}

static bool grow(struct espota_address_map *map)
{
    struct espota_address_map larger = {NULL, map->room == 0 ? 16 : 2 * map->room, map->count};

    larger.slots = calloc(larger.room, sizeof(*larger.slots));
    if (larger.slots == NULL)
        return false;
    for (size_t i = 0; i < map->room; i++) {
        if (map->slots[i].address.family != 0)
            *slot_of(&larger, &map->slots[i].address) = map->slots[i];
    }
    free(map->slots);
    *map = larger;
    return true;
}

void *espota_address_map_make(struct espota_address_map *map, const struct espota_address *address,
                              size_t size)
{
    void *record = espota_address_map_find(map, address);

    if (record != NULL || (4 * (map->count + 1) > 3 * map->room && !grow(map)))
        return record;
    record = calloc(1, size);
    if (record == NULL)
        return NULL;
    *slot_of(map, address) = (struct espota_address_slot){*address, record};
    map->count++;
    return record;
}
