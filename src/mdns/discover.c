/* SPDX-License-Identifier: MIT */
/* The public face: a discovery on a loop of its own, for as long as it is wanted. */
#include "mdns/mdns.h"

#include <limits.h>
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

/* How long it goes on at the most, as things stand; -1: for good. */
static int left_ms(const struct espota_discover *d)
{
    uint64_t now = espota_loop_now(d->loop);
    uint64_t end = d->discovery->started + d->options.timeout_ms;
    uint64_t over = d->options.watch ? UINT64_MAX : espota_discovery_over_at(d->discovery);

    if (d->enough || d->stopped)
        return 0;
    if (d->options.watch && d->options.timeout_ms == 0)
        return -1;
    if (over < end)
        end = over;
    if (end <= now)
        return 0;
    return end - now < INT_MAX ? (int)(end - now) : INT_MAX; /* end > now: tested above */
}

/* Of two waits, of which -1 is the longest. */
static int sooner(int a, int b)
{
    return (unsigned)a < (unsigned)b ? a : b;
}

enum espota_status espota_discover_begin(struct espota_discover *discover, struct espota_error *err)
{
    struct espota_discovery_options options = {
        .via = discover->options.via,
        .any = discover->options.any,
        .watch = discover->options.watch,
        .log = discover->options.log,
        .context = discover,
        .event = told,
    };

    if (discover->discovery != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "a discovery runs once");
    return espota_discovery_start(discover->loop, &options, &discover->discovery, err);
}

static enum espota_status turn(struct espota_discover *discover, int most_ms,
                               struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;
    int left;

    if (discover->discovery == NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "no discovery is running");
    left = left_ms(discover);
    if (left != 0)
        status = espota_loop_turn(discover->loop, sooner(left, most_ms), err);
    return status == ESPOTA_OK && left_ms(discover) != 0 ? ESPOTA_MORE : status;
}

enum espota_status espota_discover_pump(struct espota_discover *discover, struct espota_error *err)
{
    return turn(discover, 0, err);
}

int espota_discover_fd(const struct espota_discover *discover)
{
    return espota_loop_fd(discover->loop);
}

int espota_discover_wait_ms(const struct espota_discover *discover)
{
    if (discover->discovery == NULL)
        return -1;
    return sooner(left_ms(discover), espota_loop_wait_ms(discover->loop));
}

enum espota_status espota_discover_run(struct espota_discover *discover, struct espota_error *err)
{
    enum espota_status status = espota_discover_begin(discover, err);

    if (status == ESPOTA_OK)
        do
            status = turn(discover, -1, err);
        while (status == ESPOTA_MORE);
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
