/* SPDX-License-Identifier: MIT */
/* One port as JSON: whatever a device announces becomes a property. */
#include "arduino/pluggable.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PROPERTIES = 64 };

struct property {
    char key[256];
    char value[256];
};

struct properties {
    struct property list[PROPERTIES];
    size_t count;
};

/* Sorted by key, as Arduino's tools write them; of several with one key the last counts there. */
static void set_property(struct properties *p, const char *key, const char *value)
{
    size_t at = 0;

    while (at < p->count && strcmp(p->list[at].key, key) < 0)
        at++;
    if (at == p->count || strcmp(p->list[at].key, key) != 0) {
        if (p->count == PROPERTIES)
            return;
        memmove(&p->list[at + 1], &p->list[at], (p->count - at) * sizeof(p->list[0]));
        p->count++;
        snprintf(p->list[at].key, sizeof(p->list[at].key), "%s", key);
    }
    snprintf(p->list[at].value, sizeof(p->list[at].value), "%s", value);
}

/* A TXT string counts if it has one "=" and no more. */
static void set_txt_property(struct properties *p, const uint8_t *text, size_t length)
{
    const uint8_t *equal = memchr(text, '=', length);
    char key[256], value[256];
    size_t key_length, value_length;

    if (equal == NULL || memchr(text, '\0', length) != NULL)
        return;
    key_length = (size_t)(equal - text);
    value_length = length - key_length - 1; /* the "=" is within length */
    if (memchr(equal + 1, '=', value_length) != NULL)
        return;
    snprintf(key, sizeof(key), "%.*s", (int)key_length, (const char *)text); /* at most 255 */
    snprintf(value, sizeof(value), "%.*s", (int)value_length, (const char *)equal + 1);
    set_property(p, key, value);
    if (strcmp(key, "board") == 0)
        set_property(p, ".", value);
}

static struct espota_json *properties_of(const struct espota_device *device, const uint8_t *data,
                                         size_t data_length)
{
    struct properties *p = calloc(1, sizeof(*p));
    struct espota_json *object = espota_json_object();
    char text[sizeof(device->hostname) + 1];
    struct espota_reader txt;
    const uint8_t *string;
    size_t length;
    bool well = p != NULL && object != NULL;

    if (well) {
        snprintf(text, sizeof(text), "%s.", device->hostname);
        set_property(p, "hostname", text);
        snprintf(text, sizeof(text), "%u", (unsigned)device->port);
        set_property(p, "port", text);
        espota_reader_init(&txt, data, data_length);
        while (espota_dns_txt_next(&txt, &string, &length))
            set_txt_property(p, string, length);
    }
    for (size_t i = 0; well && i < p->count; i++)
        well = espota_json_set_text(object, p->list[i].key, p->list[i].value);
    free(p);
    if (well)
        return object;
    espota_json_free(object);
    return NULL;
}

struct espota_json *espota_pluggable_port(const struct espota_device *device, const uint8_t *txt,
                                          size_t txt_length)
{
    struct espota_json *object = espota_json_object();
    size_t first = strcspn(device->hostname, ".");
    char label[sizeof(device->hostname) + sizeof(device->address) + 8];

    snprintf(label, sizeof(label), "%.*s at %s", (int)first, device->hostname, device->address);
    if (espota_json_set_text(object, "address", device->address) &&
        espota_json_set_text(object, "label", label) &&
        espota_json_set_text(object, "protocol", "network") &&
        espota_json_set_text(object, "protocolLabel", "Network Port") &&
        espota_json_set_own(object, "properties", properties_of(device, txt, txt_length)))
        return object;
    espota_json_free(object);
    return NULL;
}
