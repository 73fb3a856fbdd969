/* SPDX-License-Identifier: MIT */
/*
 * Who has asked, as sorted arrays of numbers: devices come by the ten thousand, names by whoever
 * likes, and nothing that a client invents may make this slow or large.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/registry_inside.h"

struct espota_registry *espota_registry_create(void)
{
    return calloc(1, sizeof(struct espota_registry));
}

void espota_registry_destroy(struct espota_registry *registry)
{
    if (registry == NULL)
        return;
    free(registry->records);
    free(registry->by_mac);
    free(registry->by_address);
    free(registry);
}

/* < 0: a record comes before one with this MAC (and address). */
static int compare_mac(const struct espota_record *record, const char *mac, const char *address)
{
    (void)address;
    return strcmp(record->mac, mac);
}

static int compare_address(const struct espota_record *record, const char *mac, const char *address)
{
    int order = strcmp(record->address, address);

    return order != 0 ? order : strcmp(record->mac, mac);
}

typedef int (*comparison)(const struct espota_record *record, const char *mac, const char *address);

/* The place in an order of the first record that does not come before. */
static size_t place_of(const struct espota_registry *registry, const uint32_t *order, size_t count,
                       comparison compare, const char *mac, const char *address)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2; /* low < count */

        if (compare(&registry->records[order[middle]], mac, address) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* One number more in an order that has `count`. */
static void put(uint32_t *order, size_t count, size_t place, uint32_t number)
{
    memmove(order + place + 1, order + place, (count - place) * sizeof(*order)); /* <= count */
    order[place] = number;
}

static bool grow(struct espota_registry *registry)
{
    size_t room = registry->room > 0 ? 2 * registry->room : 64;
    struct espota_record *records = realloc(registry->records, room * sizeof(*records));
    uint32_t *by_mac = realloc(registry->by_mac, room * sizeof(*by_mac));
    uint32_t *by_address = realloc(registry->by_address, room * sizeof(*by_address));

    if (records != NULL)
        registry->records = records;
    if (by_mac != NULL)
        registry->by_mac = by_mac;
    if (by_address != NULL)
        registry->by_address = by_address;
    if (records == NULL || by_mac == NULL || by_address == NULL)
        return false;
    registry->room = room;
    return true;
}

static int compare_times(const void *a, const void *b)
{
    const int64_t *one = a;
    const int64_t *two = b;

    return (*one > *two) - (*one < *two);
}

/* The time by which `many` of these records were seen last; without memory that of all. */
static int64_t silent_since(const struct espota_registry *registry, const uint32_t *order,
                            size_t count, size_t many)
{
    int64_t *times = calloc(count, sizeof(*times));
    int64_t since = INT64_MAX;

    for (size_t i = 0; times != NULL && i < count; i++)
        times[i] = registry->records[order[i]].last_seen;
    if (times != NULL) {
        qsort(times, count, sizeof(*times), compare_times);
        since = times[many - 1];
    }
    free(times);
    return since;
}

/* Takes the numbers of records that are gone out of an order; the others get their new ones. */
static void renumber(const struct espota_registry *registry, uint32_t *order)
{
    size_t kept = 0;

    for (size_t i = 0; i < registry->count; i++) {
        uint32_t place = registry->records[order[i]].place;

        if (place != UINT32_MAX)
            order[kept++] = place;
    }
}

/*
 * Of the `count` records in a part of an order, `many` go that were silent for longest. Many at
 * once: a flood of invented devices must not cost a walk over all for each of them.
 */
static void drop_most_silent(struct espota_registry *registry, const uint32_t *order, size_t count,
                             size_t many)
{
    int64_t since = silent_since(registry, order, count, many);
    size_t kept = 0;

    for (size_t i = 0; i < registry->count; i++)
        registry->records[i].place = 0;
    for (size_t i = 0; i < count && many > 0; i++) {
        if (registry->records[order[i]].last_seen > since)
            continue;
        registry->records[order[i]].place = UINT32_MAX;
        many--;
    }
    for (size_t i = 0; i < registry->count; i++)
        if (registry->records[i].place != UINT32_MAX)
            registry->records[i].place = (uint32_t)kept++;
    renumber(registry, registry->by_mac);
    renumber(registry, registry->by_address);
    for (size_t i = 0; i < registry->count; i++)
        if (registry->records[i].place != UINT32_MAX)
            registry->records[registry->records[i].place] = registry->records[i];
    registry->count = kept;
}

/* One address, or all together, may not have more than so many. */
static void make_room(struct espota_registry *registry, const char *address)
{
    size_t first =
        place_of(registry, registry->by_address, registry->count, compare_address, "", address);
    /* a MAC is digits, and "g" comes behind all of them */
    size_t end =
        place_of(registry, registry->by_address, registry->count, compare_address, "g", address);

    if (end - first >= ESPOTA_REGISTRY_OF_ADDRESS)
        drop_most_silent(registry, registry->by_address + first, end - first,
                         ESPOTA_REGISTRY_OF_ADDRESS_DROPPED);
    else if (registry->count == ESPOTA_REGISTRY_MAX)
        drop_most_silent(registry, registry->by_mac, registry->count, ESPOTA_REGISTRY_DROPPED);
}

static void order_by_address(struct espota_registry *registry, size_t count, uint32_t number)
{
    const struct espota_record *record = &registry->records[number];

    put(registry->by_address, count,
        place_of(registry, registry->by_address, count, compare_address, record->mac,
                 record->address),
        number);
}

static void move_to_address(struct espota_registry *registry, uint32_t number, const char *address)
{
    struct espota_record *record = &registry->records[number];
    size_t place;

    if (strcmp(record->address, address) == 0)
        return;
    place = place_of(registry, registry->by_address, registry->count, compare_address, record->mac,
                     record->address);
    memmove(registry->by_address + place, registry->by_address + place + 1,
            (registry->count - place - 1) * sizeof(*registry->by_address)); /* it is there */
    snprintf(record->address, sizeof(record->address), "%s", address);
    order_by_address(registry, registry->count - 1, number);
}

static struct espota_record *find(const struct espota_registry *registry, const char *mac)
{
    size_t place = place_of(registry, registry->by_mac, registry->count, compare_mac, mac, "");
    struct espota_record *record =
        place < registry->count ? &registry->records[registry->by_mac[place]] : NULL;

    return record != NULL && strcmp(record->mac, mac) == 0 ? record : NULL;
}

struct espota_record *espota_registry_record(struct espota_registry *registry, const char *mac,
                                             const char *address)
{
    struct espota_record *record = find(registry, mac);

    if (record != NULL) {
        move_to_address(registry, (uint32_t)(record - registry->records), address);
        return record;
    }
    make_room(registry, address);
    if (registry->count == registry->room && !grow(registry))
        return NULL;
    record = &registry->records[registry->count];
    memset(record, 0, sizeof(*record));
    snprintf(record->mac, sizeof(record->mac), "%s", mac);
    snprintf(record->address, sizeof(record->address), "%s", address);
    put(registry->by_mac, registry->count,
        place_of(registry, registry->by_mac, registry->count, compare_mac, mac, ""),
        (uint32_t)registry->count);
    order_by_address(registry, registry->count, (uint32_t)registry->count);
    registry->count++;
    return record;
}

void espota_registry_note(struct espota_registry *registry,
                          const struct espota_pull_request *request, const char *address,
                          unsigned status, const char *why, int64_t now)
{
    struct espota_record *record =
        request->mac[0] != '\0' ? espota_registry_record(registry, request->mac, address) : NULL;

    if (record == NULL)
        return;
    if (record->requests++ == 0)
        record->first_seen = now;
    record->last_seen = now;
    record->family = request->family;
    record->status = status;
    if (request->mode != ESPOTA_PULL_FILESYSTEM) /* its version would be the file system's */
        snprintf(record->version, sizeof(record->version), "%s", request->version);
    snprintf(record->sketch_md5, sizeof(record->sketch_md5), "%s", request->sketch_md5);
    snprintf(record->why, sizeof(record->why), "%.*s", (int)sizeof(record->why) - 1, why);
    registry->dirty = true;
}

void espota_registry_given(struct espota_registry *registry, const char *mac, bool filesystem,
                           const char *md5, int64_t now)
{
    struct espota_record *record = find(registry, mac);

    if (record == NULL)
        return;
    snprintf(record->given_md5[filesystem], sizeof(record->given_md5[filesystem]), "%s", md5);
    record->given_at[filesystem] = now;
}

bool espota_registry_has_it(struct espota_registry *registry, const char *mac, bool filesystem,
                            const char *md5, bool asks, int64_t now)
{
    struct espota_record *record = find(registry, mac);

    if (record == NULL || strcmp(record->given_md5[filesystem], md5) != 0 ||
        now - record->given_at[filesystem] > ESPOTA_REGISTRY_REPEAT_S)
        return false;
    if (asks) /* one that asks each minute is not updated each hour */
        record->given_at[filesystem] = now;
    return true;
}

void espota_record_label(const struct espota_record *record, char out[ESPOTA_PULL_VERSION_MAX])
{
    if (record->version[0] != '\0')
        snprintf(out, ESPOTA_PULL_VERSION_MAX, "%s", record->version);
    else if (record->sketch_md5[0] != '\0')
        snprintf(out, ESPOTA_PULL_VERSION_MAX, "md5 %.8s", record->sketch_md5);
    else
        snprintf(out, ESPOTA_PULL_VERSION_MAX, "unknown");
}

/* The column of a label, taken if there is a free one; the last stands for all that found none. */
static size_t column_of(struct espota_registry *registry, const char *label)
{
    static const size_t other = ESPOTA_REGISTRY_LABELS - 1;

    for (size_t i = 0; i < other; i++) {
        if (registry->labels[i][0] == '\0')
            snprintf(registry->labels[i], sizeof(registry->labels[i]), "%s", label);
        if (strcmp(registry->labels[i], label) == 0)
            return i;
    }
    snprintf(registry->labels[other], sizeof(registry->labels[other]), "other");
    return other;
}

struct espota_sample *espota_registry_new_sample(struct espota_registry *registry)
{
    size_t at;

    if (registry->sample_count < ESPOTA_REGISTRY_SAMPLES) {
        at = registry->sample_count++;
    } else {
        at = registry->sample_first;
        registry->sample_first = (at + 1) % ESPOTA_REGISTRY_SAMPLES;
    }
    memset(&registry->samples[at], 0, sizeof(registry->samples[at]));
    return &registry->samples[at];
}

/* A label that no sample holds any more gives its column back. */
static void free_columns(struct espota_registry *registry)
{
    for (size_t column = 0; column < ESPOTA_REGISTRY_LABELS; column++) {
        bool used = false;

        for (size_t i = 0; i < registry->sample_count && !used; i++)
            used = registry->samples[i].counts[column] != 0;
        if (!used)
            registry->labels[column][0] = '\0';
    }
}

void espota_registry_sample(struct espota_registry *registry, int64_t now)
{
    size_t last = registry->sample_count;
    struct espota_sample *sample;

    if (registry->count == 0)
        return;
    if (last > 0 &&
        now - espota_registry_sample_at(registry, last - 1)->at < ESPOTA_REGISTRY_SAMPLE_S)
        return;
    free_columns(registry);
    sample = espota_registry_new_sample(registry);
    sample->at = now;
    for (size_t i = 0; i < registry->count; i++) {
        char label[ESPOTA_PULL_VERSION_MAX];

        if (now - registry->records[i].last_seen > ESPOTA_REGISTRY_PRESENT_S)
            continue;
        espota_record_label(&registry->records[i], label);
        sample->counts[column_of(registry, label)]++;
    }
    registry->dirty = true;
}

size_t espota_registry_count(const struct espota_registry *registry)
{
    return registry->count;
}

const struct espota_record *espota_registry_at(const struct espota_registry *registry, size_t index)
{
    return &registry->records[index];
}

size_t espota_registry_samples(const struct espota_registry *registry)
{
    return registry->sample_count;
}

const struct espota_sample *espota_registry_sample_at(const struct espota_registry *registry,
                                                      size_t index)
{
    return &registry->samples[(registry->sample_first + index) % ESPOTA_REGISTRY_SAMPLES];
}

const char *espota_registry_label(const struct espota_registry *registry, size_t column)
{
    return registry->labels[column][0] != '\0' ? registry->labels[column] : NULL;
}

void espota_registry_saved(struct espota_registry *registry)
{
    registry->dirty = false;
}

bool espota_registry_is_dirty(const struct espota_registry *registry)
{
    return registry->dirty;
}
