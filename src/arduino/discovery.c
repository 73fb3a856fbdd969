/* SPDX-License-Identifier: MIT */
/* Arduino's protocol on standard input, beside a discovery, on one loop. */
#include "espota/arduino_discovery.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "arduino/pluggable.h"
#include "mdns/mdns.h"
#include "sys/sys.h"

struct espota_arduino_discovery {
    struct espota_arduino_discovery_options options;
    struct espota_loop *loop;
    struct espota_pluggable *pluggable;
    struct espota_discovery *discovery; /* NULL: stopped */
    struct espota_watch input;
    struct espota_timer timer; /* of ports that are kept for devices that went */
    atomic_bool stopped;       /* set in signal handlers */
    bool over;
    int read_error;
};

static void arm(struct espota_arduino_discovery *d)
{
    uint64_t deadline = espota_pluggable_deadline(d->pluggable);

    if (deadline == UINT64_MAX || espota_loop_arm(d->loop, &d->timer, deadline) != ESPOTA_OK)
        espota_loop_disarm(d->loop, &d->timer); /* without memory: with the next event */
}

static void expired(void *context)
{
    struct espota_arduino_discovery *d = context;

    espota_pluggable_tick(d->pluggable, espota_loop_now(d->loop));
    arm(d);
}

static void told(void *context, const struct espota_catalog_event *event)
{
    struct espota_arduino_discovery *d = context;

    if (event->service != ESPOTA_SERVICE_ARDUINO)
        return;
    espota_pluggable_event(d->pluggable, event, espota_loop_now(d->loop));
    arm(d);
}

static enum espota_status start(void *context, struct espota_error *err)
{
    struct espota_arduino_discovery *d = context;
    const struct espota_discover_options options = {
        .via = d->options.via, .watch = true, .log = d->options.log};

    return espota_discovery_start(d->loop, &options, told, d, &d->discovery, err);
}

/* Commands are read in the input's callback, never in one of the discovery's. */
static void stop(void *context)
{
    struct espota_arduino_discovery *d = context;

    espota_discovery_destroy(d->discovery);
    d->discovery = NULL;
    espota_loop_disarm(d->loop, &d->timer);
}

static void write_message(void *context, const char *message)
{
    struct espota_arduino_discovery *d = context;

    d->options.write(d->options.context, message);
}

static void readable(void *context, unsigned events)
{
    struct espota_arduino_discovery *d = context;
    char data[1024];
    size_t length;
    enum espota_status status;

    (void)events; /* of a pipe whose writer is gone the end is still to be read */
    status = espota_stream_read(d->input.fd, data, sizeof(data), &length, &d->read_error);
    if (status == ESPOTA_OK)
        d->over = !espota_pluggable_read(d->pluggable, data, length);
    else if (status != ESPOTA_MORE)
        d->over = true;
}

enum espota_status
espota_arduino_discovery_create(const struct espota_arduino_discovery_options *options,
                                struct espota_arduino_discovery **out, struct espota_error *err)
{
    struct espota_arduino_discovery *d = calloc(1, sizeof(*d));
    const struct espota_pluggable_hooks hooks = {d, start, stop, write_message};
    enum espota_status status;

    *out = NULL;
    if (d == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for Arduino's discovery");
    d->options = (struct espota_arduino_discovery_options)ESPOTA_ARDUINO_DISCOVERY_OPTIONS_INIT;
    d->input = (struct espota_watch){.events = ESPOTA_READABLE, .ready = readable, .context = d};
    d->timer = (struct espota_timer){.expired = expired, .context = d};
    status = espota_sized_take(&d->options, options, err);
    if (status == ESPOTA_OK)
        status = espota_loop_create(ESPOTA_LOOP_BEST, &d->loop, err);
    if (status == ESPOTA_OK)
        status = espota_pluggable_create(&hooks, &d->pluggable, err);
    if (status == ESPOTA_OK)
        status = espota_stream_stdin(&d->input.fd, err);
    if (status == ESPOTA_OK)
        status = espota_loop_watch(d->loop, &d->input, err);
    if (status != ESPOTA_OK) {
        espota_arduino_discovery_destroy(d);
        return status;
    }
    *out = d;
    return ESPOTA_OK;
}

enum espota_status espota_arduino_discovery_run(struct espota_arduino_discovery *discovery,
                                                struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    while (status == ESPOTA_OK && !discovery->over && !discovery->stopped)
        status = espota_loop_turn(discovery->loop, -1, err);
    if (status == ESPOTA_OK && discovery->read_error != 0)
        status = espota_error_errno(err, ESPOTA_E_LOCAL, discovery->read_error,
                                    "cannot read standard input");
    return status;
}

void espota_arduino_discovery_stop(struct espota_arduino_discovery *discovery)
{
    discovery->stopped = true;
    espota_loop_wake(discovery->loop);
}

void espota_arduino_discovery_destroy(struct espota_arduino_discovery *discovery)
{
    if (discovery == NULL)
        return;
    espota_discovery_destroy(discovery->discovery);
    if (discovery->loop != NULL) {
        espota_loop_unwatch(discovery->loop, &discovery->input);
        espota_loop_disarm(discovery->loop, &discovery->timer);
    }
    espota_pluggable_destroy(discovery->pluggable);
    espota_loop_destroy(discovery->loop);
    free(discovery);
}
