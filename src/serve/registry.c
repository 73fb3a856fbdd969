/* SPDX-License-Identifier: MIT */
/*
 * Who has asked, as sorted arrays: devices come by the ten thousand, names by whoever likes, and
 * nothing that a client invents may make this slow or large. What is kept over a restart is
 * {"espota-c": "serve", "devices": [...], "history": [...]}.
 */
#include "serve/registry.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "serve/manifest.h"

static const char kind[] = "serve";

struct espota_registry *espota_registry_create(void)
{
    return calloc(1, sizeof(struct espota_registry));
}

void espota_registry_destroy(struct espota_registry *registry)
{
    if (registry == NULL)
        return;
    for (size_t i = 0; i < registry->count; i++)
        free(registry->by_mac[i]);
    free(registry);
}

typedef int (*comparison)(const struct espota_record *record, const char *mac, const char *address);

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

/* The place in an order of the first record that does not come before. */
static size_t place_of(struct espota_record *const *order, size_t count, comparison compare,
                       const char *mac, const char *address)
{
    size_t low = 0;

    while (low < count) {
        size_t middle = low + (count - low) / 2; /* low < count */

        if (compare(order[middle], mac, address) < 0)
            low = middle + 1;
        else
            count = middle;
    }
    return low;
}

/* Into an order that has `count` records and room for one more. */
static void put(struct espota_record **order, size_t count, comparison compare,
                struct espota_record *record)
{
    size_t place = place_of(order, count, compare, record->mac, record->address);

    memmove(order + place + 1, order + place, (count - place) * sizeof(*order)); /* <= count */
    order[place] = record;
}

static int compare_silence(const void *a, const void *b)
{
    const struct espota_record *const *one = a;
    const struct espota_record *const *two = b;

    return ((*one)->last_seen > (*two)->last_seen) - ((*one)->last_seen < (*two)->last_seen);
}

/*
 * Of the `count` records in a part of an order, `many` go that were silent for longest (without
 * memory to sort them, any). Many at once: a flood of invented devices must not cost a walk over
 * all for each of them.
 */
static void drop_most_silent(struct espota_registry *registry, struct espota_record *const *part,
                             size_t count, size_t many)
{
    struct espota_record **oldest = calloc(count, sizeof(*oldest));
    size_t kept = 0;
    size_t left = 0;

    if (oldest != NULL) {
        memcpy(oldest, part, count * sizeof(*oldest));
        qsort(oldest, count, sizeof(*oldest), compare_silence);
    }
    for (size_t i = 0; i < many; i++)
        (oldest != NULL ? oldest : part)[i]->dropped = true;
    free(oldest);
    for (size_t i = 0; i < registry->count; i++)
        if (!registry->by_address[i]->dropped)
            registry->by_address[kept++] = registry->by_address[i];
    for (size_t i = 0; i < registry->count; i++) {
        if (registry->by_mac[i]->dropped)
            free(registry->by_mac[i]);
        else
            registry->by_mac[left++] = registry->by_mac[i];
    }
    registry->count = left;
}

/* One address, or all together, may not have more than so many. */
static void make_room(struct espota_registry *registry, const char *address)
{
    struct espota_record **order = registry->by_address;
    size_t first = place_of(order, registry->count, compare_address, "", address);
    /* a MAC is digits, and "g" comes behind all of them */
    size_t end = place_of(order, registry->count, compare_address, "g", address);

    if (end - first >= ESPOTA_REGISTRY_OF_ADDRESS)
        drop_most_silent(registry, order + first, end - first, ESPOTA_REGISTRY_OF_ADDRESS_DROPPED);
    else if (registry->count == ESPOTA_REGISTRY_MAX)
        drop_most_silent(registry, registry->by_mac, registry->count, ESPOTA_REGISTRY_DROPPED);
}

static void move_to_address(struct espota_registry *registry, struct espota_record *record,
                            const char *address)
{
    struct espota_record **order = registry->by_address;
    size_t place, behind;

    if (strcmp(record->address, address) == 0)
        return;
    place = place_of(order, registry->count, compare_address, record->mac, record->address);
    behind = registry->count - place - 1; /* it is there */
    memmove(order + place, order + place + 1, behind * sizeof(*order));
    snprintf(record->address, sizeof(record->address), "%s", address);
    put(order, registry->count - 1, compare_address, record);
}

static struct espota_record *find(const struct espota_registry *registry, const char *mac)
{
    size_t place = place_of(registry->by_mac, registry->count, compare_mac, mac, "");

    if (place == registry->count || strcmp(registry->by_mac[place]->mac, mac) != 0)
        return NULL;
    return registry->by_mac[place];
}

/* The record of a MAC, made if it is new, which has this address from now on; NULL without memory.
 */
static struct espota_record *take_record(struct espota_registry *registry, const char *mac,
                                         const char *address)
{
    struct espota_record *record = find(registry, mac);

    if (record != NULL) {
        move_to_address(registry, record, address);
        return record;
    }
    make_room(registry, address);
    record = calloc(1, sizeof(*record));
    if (record == NULL)
        return NULL;
    snprintf(record->mac, sizeof(record->mac), "%s", mac);
    snprintf(record->address, sizeof(record->address), "%s", address);
    put(registry->by_mac, registry->count, compare_mac, record);
    put(registry->by_address, registry->count, compare_address, record);
    registry->count++;
    return record;
}

void espota_registry_note(struct espota_registry *registry,
                          const struct espota_pull_request *request, const char *address,
                          unsigned status, const char *why, int64_t now)
{
    struct espota_record *record =
        request->mac[0] != '\0' ? take_record(registry, request->mac, address) : NULL;

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

void espota_registry_sample(struct espota_registry *registry, int64_t now)
{
    struct espota_history *history = &registry->history;
    struct espota_sample *sample;

    if (registry->count == 0)
        return;
    if (history->count > 0 &&
        now - espota_history_at(history, history->count - 1)->at < ESPOTA_HISTORY_SAMPLE_S)
        return;
    sample = espota_history_add(history, now);
    for (size_t i = 0; i < registry->count; i++) {
        char label[ESPOTA_PULL_VERSION_MAX];

        if (now - registry->by_mac[i]->last_seen > ESPOTA_REGISTRY_PRESENT_S)
            continue;
        espota_record_label(registry->by_mac[i], label);
        espota_history_count(history, sample, label, 1);
    }
    registry->dirty = true;
}

static struct espota_json *record_json(const struct espota_record *record)
{
    struct espota_json *json = espota_json_object();

    if (espota_json_set_text(json, "mac", record->mac) &&
        espota_json_set_text(json, "chip", espota_pull_family_word(record->family)) &&
        espota_json_set_text(json, "version", record->version) &&
        espota_json_set_text(json, "md5", record->sketch_md5) &&
        espota_json_set_text(json, "address", record->address) &&
        espota_json_set_integer(json, "first", record->first_seen) &&
        espota_json_set_integer(json, "last", record->last_seen) &&
        espota_json_set_integer(json, "requests", (int64_t)record->requests) &&
        espota_json_set_integer(json, "status", record->status) &&
        espota_json_set_text(json, "why", record->why))
        return json;
    espota_json_free(json);
    return NULL;
}

char *espota_registry_write(const struct espota_registry *registry)
{
    struct espota_json *root = espota_json_object();
    struct espota_json *devices = espota_json_array();
    bool good = espota_json_set_text(root, "espota-c", kind);
    char *text;

    for (size_t i = 0; i < registry->count && good; i++)
        good = espota_json_append_own(devices, record_json(registry->by_mac[i]));
    good &= espota_json_set_own(root, "devices", devices);
    good = good && espota_json_set_own(root, "history", espota_history_json(&registry->history));
    text = good ? espota_json_pretty(root) : NULL;
    espota_json_free(root);
    return text;
}

/* A text that fits, or "". */
static void take_text(const struct espota_json *object, const char *key, char *out, size_t room)
{
    const char *text = espota_json_text(espota_json_member(object, key));

    out[0] = '\0';
    if (text != NULL && strlen(text) < room)
        strcpy(out, text);
}

static int64_t take_number(const struct espota_json *object, const char *key)
{
    int64_t number = 0;

    return espota_json_integer(espota_json_member(object, key), &number) && number > 0 ? number : 0;
}

static bool read_record(struct espota_registry *registry, const struct espota_json *json)
{
    const char *text = espota_json_text(espota_json_member(json, "mac"));
    char mac[ESPOTA_MAC_DIGITS + 1];
    char address[sizeof(((struct espota_record *)NULL)->address)];
    char word[16];
    struct espota_record *record;

    if (text == NULL || !espota_mac_normalise(text, false, mac, sizeof(mac)))
        return false;
    take_text(json, "address", address, sizeof(address));
    record = take_record(registry, mac, address);
    if (record == NULL)
        return false;
    take_text(json, "chip", word, sizeof(word));
    record->family = espota_family_named(word);
    take_text(json, "version", record->version, sizeof(record->version));
    take_text(json, "md5", record->sketch_md5, sizeof(record->sketch_md5));
    take_text(json, "why", record->why, sizeof(record->why));
    record->first_seen = take_number(json, "first");
    record->last_seen = take_number(json, "last");
    record->requests = (uint64_t)take_number(json, "requests");
    record->status = (unsigned)take_number(json, "status");
    return true;
}

static bool read_all(struct espota_registry *registry, const struct espota_json *root)
{
    const char *ours = espota_json_text(espota_json_member(root, "espota-c"));
    const struct espota_json *devices = espota_json_member(root, "devices");

    if (ours == NULL || strcmp(ours, kind) != 0 || !espota_json_is_array(devices))
        return false;
    for (size_t i = 0; i < espota_json_count(devices); i++)
        if (!read_record(registry, espota_json_at(devices, i)))
            return false;
    return espota_history_read(&registry->history, espota_json_member(root, "history"));
}

enum espota_status espota_registry_read(struct espota_registry *registry, const char *text,
                                        size_t length, struct espota_error *err)
{
    struct espota_json *root = NULL;
    enum espota_status status = espota_json_read(text, length, &root, err);

    if (status == ESPOTA_OK && !read_all(registry, root))
        status = espota_error_set(err, ESPOTA_E_LOCAL,
                                  "this is no state file that espota-c serve has written");
    espota_json_free(root);
    registry->dirty = false;
    return status;
}
