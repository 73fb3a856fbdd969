/* SPDX-License-Identifier: MIT */
/* The public face: a discovery on a loop of its own, for as long as it is wanted. */
#include "mdns/mdns.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "text/text.h"

struct espota_discover {
    struct espota_discover_options options;
    struct espota_loop *loop;
    struct espota_discovery *discovery;
    atomic_bool stopped; /* set in signal handlers */
    bool enough;
};

enum espota_status espota_discover_create(const struct espota_discover_options *options,
                                          struct espota_discover **out, struct espota_error *err)
{
    struct espota_discover *discover = calloc(1, sizeof(*discover));
    enum espota_status status;

    *out = NULL;
    if (discover == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look for devices");
    discover->options = (struct espota_discover_options)ESPOTA_DISCOVER_OPTIONS_INIT;
    status = espota_sized_take(&discover->options, options, err);
    if (status == ESPOTA_OK)
        status = espota_loop_create(ESPOTA_LOOP_BEST, &discover->loop, err);
    if (status != ESPOTA_OK) {
        free(discover);
        return status;
    }
    *out = discover;
    return ESPOTA_OK;
}

void espota_discover_destroy(struct espota_discover *discover)
{
    if (discover == NULL)
        return;
    espota_discovery_destroy(discover->discovery);
    espota_loop_destroy(discover->loop);
    free(discover);
}

void espota_discover_stop(struct espota_discover *discover)
{
    discover->stopped = true;
    espota_loop_wake(discover->loop);
}

static void told(void *context, const struct espota_catalog_event *event)
{
    struct espota_discover *d = context;

    if (d->enough || d->stopped ||
        (d->options.name != NULL && !espota_glob_match(d->options.name, event->device.name)))
        return;
    if (d->options.event != NULL &&
        !d->options.event(d->options.context, event->event, &event->device))
        d->enough = true;
}

/* When the run is over at the latest, as things stand. */
static uint64_t end_of(const struct espota_discover *d)
{
    uint64_t over = espota_discovery_over_at(d->discovery);
    uint64_t limit = d->discovery->started + d->options.timeout_ms;

    if (d->options.watch)
        return d->options.timeout_ms != 0 ? limit : UINT64_MAX;
    return over < limit ? over : limit;
}

enum espota_status espota_discover_run(struct espota_discover *discover, struct espota_error *err)
{
    struct espota_discovery_options options = {
        .via = discover->options.via,
        .any = discover->options.any,
        .watch = discover->options.watch,
        .log = discover->options.log,
        .context = discover,
        .event = told,
    };
    enum espota_status status =
        espota_discovery_start(discover->loop, &options, &discover->discovery, err);

    while (status == ESPOTA_OK && !discover->enough && !discover->stopped) {
        uint64_t now = espota_loop_now(discover->loop);
        uint64_t end = end_of(discover);
        uint64_t left = end > now ? end - now : 0;

        if (left == 0)
            break;
        status = espota_loop_turn(discover->loop, left > 60000 ? 60000 : (int)left, err);
    }
    return status;
}

bool espota_name_matches(const char *pattern, const char *name)
{
    return espota_glob_match(pattern, name);
}

char *espota_discover_event_json(enum espota_device_event event, const struct espota_device *device)
{
    static const char *const words[] = {"add", "change", "remove"};
    struct espota_json *object = espota_json_object();
    char *line = NULL;

    if (espota_json_set_text(object, "event", words[event]) &&
        espota_json_set_text(object, "name", device->name) &&
        espota_json_set_text(object, "address", device->address) &&
        espota_json_set_integer(object, "port", device->port) &&
        espota_json_set_text(object, "board", device->board) &&
        espota_json_set_text(object, "auth", espota_device_auth_word(device->auth)) &&
        espota_json_set_text(object, "hostname", device->hostname) &&
        espota_json_set_text(object, "kind", espota_device_kind_word(device->kind)))
        line = espota_json_line(object);
    espota_json_free(object);
    return line;
}
