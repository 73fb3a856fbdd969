/* SPDX-License-Identifier: MIT */
/* The registry as its state file has it: {"espota-c": "serve", "devices": [...], "history": [...]}.
 */
#include <stdlib.h>
#include <string.h>

#include "serve/registry_inside.h"
#include "text/text.h"

static const char *const kind = "serve";

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

static struct espota_json *sample_json(const struct espota_registry *registry,
                                       const struct espota_sample *sample)
{
    struct espota_json *json = espota_json_object();
    struct espota_json *counts = espota_json_object();
    bool good = espota_json_set_integer(json, "at", sample->at);

    for (size_t i = 0; i < ESPOTA_REGISTRY_LABELS && good; i++)
        if (sample->counts[i] > 0 && registry->labels[i][0] != '\0')
            good = espota_json_set_integer(counts, registry->labels[i], sample->counts[i]);
    if (espota_json_set_own(json, "counts", counts) && good)
        return json;
    espota_json_free(json);
    return NULL;
}

char *espota_registry_write(const struct espota_registry *registry)
{
    struct espota_json *root = espota_json_object();
    struct espota_json *devices = espota_json_array();
    struct espota_json *history = espota_json_array();
    bool good = espota_json_set_text(root, "espota-c", kind);
    char *text;

    for (size_t i = 0; i < registry->count && good; i++)
        good = espota_json_append_own(devices, record_json(&registry->records[i]));
    for (size_t i = 0; i < registry->sample_count && good; i++)
        good = espota_json_append_own(
            history, sample_json(registry, espota_registry_sample_at(registry, i)));
    good &= espota_json_set_own(root, "devices", devices);
    good &= espota_json_set_own(root, "history", history);
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
    record = espota_registry_record(registry, mac, address);
    if (record == NULL)
        return false;
    take_text(json, "chip", word, sizeof(word));
    for (int i = 0; i < ESPOTA_PULL_FAMILY_COUNT; i++)
        if (strcmp(word, espota_pull_family_word((enum espota_pull_family)i)) == 0)
            record->family = (enum espota_pull_family)i;
    take_text(json, "version", record->version, sizeof(record->version));
    take_text(json, "md5", record->sketch_md5, sizeof(record->sketch_md5));
    take_text(json, "why", record->why, sizeof(record->why));
    record->first_seen = take_number(json, "first");
    record->last_seen = take_number(json, "last");
    record->requests = (uint64_t)take_number(json, "requests");
    record->status = (unsigned)take_number(json, "status");
    return true;
}

static size_t column_named(struct espota_registry *registry, const char *label)
{
    size_t i = 0;

    while (i < ESPOTA_REGISTRY_LABELS - 1 && registry->labels[i][0] != '\0' &&
           strcmp(registry->labels[i], label) != 0)
        i++;
    if (registry->labels[i][0] == '\0' && strlen(label) < sizeof(registry->labels[i]))
        strcpy(registry->labels[i], label);
    return i;
}

static bool read_sample(struct espota_registry *registry, const struct espota_json *json)
{
    const struct espota_json *counts = espota_json_member(json, "counts");
    struct espota_sample *sample;
    struct espota_json *value;
    const char *label;
    void *at = NULL;

    if (!espota_json_is_object(counts))
        return false;
    sample = espota_registry_new_sample(registry);
    sample->at = take_number(json, "at");
    while ((at = espota_json_next(counts, at, &label, &value)) != NULL) {
        int64_t count = 0;

        if (espota_json_integer(value, &count) && count > 0 && count <= ESPOTA_REGISTRY_MAX)
            sample->counts[column_named(registry, label)] += (uint32_t)count;
    }
    return true;
}

static bool read_all(struct espota_registry *registry, const struct espota_json *root)
{
    const char *ours = espota_json_text(espota_json_member(root, "espota-c"));
    const struct espota_json *devices = espota_json_member(root, "devices");
    const struct espota_json *history = espota_json_member(root, "history");

    if (ours == NULL || strcmp(ours, kind) != 0 || !espota_json_is_array(devices) ||
        !espota_json_is_array(history))
        return false;
    for (size_t i = 0; i < espota_json_count(devices); i++)
        if (!read_record(registry, espota_json_at(devices, i)))
            return false;
    for (size_t i = 0; i < espota_json_count(history); i++)
        if (!read_sample(registry, espota_json_at(history, i)))
            return false;
    return true;
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
