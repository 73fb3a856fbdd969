/* SPDX-License-Identifier: MIT */
/* From an address (its port is not looked at) to a number, in constant time. Entries stay. */
#ifndef ESPOTA_SEND_ESPOTA_ADDRESS_MAP_H
#define ESPOTA_SEND_ESPOTA_ADDRESS_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "sys/sys.h"

struct espota_address_slot;

/* Starts as zeros. */
struct espota_address_map {
    struct espota_address_slot *slots;
    size_t room; /* a power of two, or 0 */
    size_t count;
};

void espota_address_map_deinit(struct espota_address_map *map);

/* False if the address is not in it. */
bool espota_address_map_find(const struct espota_address_map *map,
                             const struct espota_address *address, size_t *value);
/* Adds an address that is not in it; false without memory. */
bool espota_address_map_add(struct espota_address_map *map, const struct espota_address *address,
                            size_t value) ESPOTA_MUST_CHECK;

#endif
