/* SPDX-License-Identifier: MIT */
/* The registry's own content, shared by registry.c and registry_json.c. */
#ifndef ESPOTA_SERVE_REGISTRY_INSIDE_H
#define ESPOTA_SERVE_REGISTRY_INSIDE_H

#include "serve/registry.h"

struct espota_registry {
    struct espota_record *records;
    size_t count;
    size_t room;
    /* Numbers of all records: in the order of their MACs, and of their addresses and MACs. Nothing
     * that a client invents makes these slower, as it could a table by hash. */
    uint32_t *by_mac;
    uint32_t *by_address;
    struct espota_sample samples[ESPOTA_REGISTRY_SAMPLES]; /* a ring */
    size_t sample_first;
    size_t sample_count;
    char labels[ESPOTA_REGISTRY_LABELS][ESPOTA_PULL_VERSION_MAX];
    bool dirty;
};

/* The record of a MAC, made if it is new, which has this address from now on; NULL without memory.
 */
struct espota_record *espota_registry_record(struct espota_registry *registry, const char *mac,
                                             const char *address);
/* Room for one more sample, the oldest given up for it. */
struct espota_sample *espota_registry_new_sample(struct espota_registry *registry);

#endif
