/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/crc.h"
#include "lib/registry_inside.h"

struct espota_registry *espota_registry_create(void)
{
    return calloc(1, sizeof(struct espota_registry));
}

void espota_registry_destroy(struct espota_registry *registry)
{
    if (registry == NULL)
        return;
    free(registry->records);
    free(registry->slots);
    free(registry);
}

/* Where the MAC stands, or the free slot where it would stand. */
static uint32_t *slot_of(const struct espota_registry *registry, const char *mac)
{
    size_t at = espota_crc32_zlib(ESPOTA_CRC32_START, mac, strlen(mac));

    for (;; at++) {
        uint32_t *slot = &registry->slots[at & (registry->slot_count - 1)];

        if (*slot == 0 || strcmp(registry->records[*slot - 1].mac, mac) == 0)
            return slot;
    }
}

static void fill_slots(struct espota_registry *registry)
{
    memset(registry->slots, 0, registry->slot_count * sizeof(*registry->slots));
    for (size_t i = 0; i < registry->count; i++)
        *slot_of(registry, registry->records[i].mac) = (uint32_t)i + 1;
}

static bool grow(struct espota_registry *registry)
{
    size_t room = registry->room > 0 ? 2 * registry->room : 64;
    struct espota_record *records = realloc(registry->records, room * sizeof(*records));
    uint32_t *slots = calloc(2 * room, sizeof(*slots));

    if (records != NULL)
        registry->records = records;
    if (records == NULL || slots == NULL) {
        free(slots);
        return false;
    }
    free(registry->slots);
    registry->slots = slots;
    registry->slot_count = 2 * room;
    registry->room = room;
    fill_slots(registry);
    return true;
}

static int compare_times(const void *a, const void *b)
{
    const int64_t *one = a;
    const int64_t *two = b;

    return (*one > *two) - (*one < *two);
}

/* The time before which a sixteenth of the records was seen last; without memory, of the oldest. */
static int64_t silent_since(const struct espota_registry *registry)
{
    int64_t *times = calloc(registry->count, sizeof(*times));
    int64_t since = registry->records[0].last_seen;

    for (size_t i = 0; times != NULL && i < registry->count; i++)
        times[i] = registry->records[i].last_seen;
    if (times != NULL) {
        qsort(times, registry->count, sizeof(*times), compare_times);
        since = times[ESPOTA_REGISTRY_DROPPED - 1];
    }
    free(times);
    return since;
}

/* Many at once: a flood of invented devices must not cost a walk over all for each of them. */
static void drop_most_silent(struct espota_registry *registry)
{
    int64_t since = silent_since(registry);
    size_t dropped = 0;
    size_t kept = 0;

    for (size_t i = 0; i < registry->count; i++) {
        if (registry->records[i].last_seen <= since && dropped < ESPOTA_REGISTRY_DROPPED)
            dropped++;
        else
            registry->records[kept++] = registry->records[i];
    }
    registry->count = kept; /* the first one, at least, was seen by then: less than before */
    fill_slots(registry);
}

struct espota_record *espota_registry_record(struct espota_registry *registry, const char *mac)
{
    struct espota_record *record;
    uint32_t *slot = registry->slots != NULL ? slot_of(registry, mac) : NULL;

    if (slot != NULL && *slot != 0)
        return &registry->records[*slot - 1];
    if (registry->count == ESPOTA_REGISTRY_MAX)
        drop_most_silent(registry);
    if (registry->count == registry->room && !grow(registry))
        return NULL;
    record = &registry->records[registry->count++];
    memset(record, 0, sizeof(*record));
    snprintf(record->mac, sizeof(record->mac), "%s", mac);
    *slot_of(registry, mac) = (uint32_t)registry->count;
    return record;
}

void espota_registry_note(struct espota_registry *registry,
                          const struct espota_pull_request *request, const char *address,
                          unsigned status, const char *why, int64_t now)
{
    struct espota_record *record =
        request->mac[0] != '\0' ? espota_registry_record(registry, request->mac) : NULL;

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
    snprintf(record->address, sizeof(record->address), "%s", address);
    snprintf(record->why, sizeof(record->why), "%.*s", (int)sizeof(record->why) - 1, why);
    registry->dirty = true;
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
