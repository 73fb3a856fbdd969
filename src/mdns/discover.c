/* SPDX-License-Identifier: MIT */
/*
 * One discovery on somebody's loop, whatever the way: Avahi, dns_sd and our own question feed one
 * catalog, and only here is decided when that was all. Below it the public face, which puts a loop
 * of its own around one; the pluggable discovery of the IDE has a loop already.
 */
#include "mdns/discover.h"

#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "text/text.h"

enum {
    LAST_QUESTION_MS = 1500,   /* every way has asked for the last time by then */
    DAEMON_QUESTION_MS = 3200, /* Avahi asks at 0, 1 and 3 s, each a little late */
    QUIET_MS = 1000,           /* so long nothing new: that was all */
    QUESTIONS_A_TURN = 256,    /* of the catalog; the rest a moment later */
    LOOK_AGAIN_MS = 5000,      /* for interfaces and their addresses */
};

/* Once each: a list that lacks devices says so. */
static void tell_fullness(struct espota_discovery *d)
{
    struct espota_address crowder = espota_catalog_crowder(d->catalog);
    char text[ESPOTA_ADDRESS_TEXT];

    if (crowder.family != 0 && !d->told_crowd) {
        d->told_crowd = true;
        espota_log_say(&d->options.log, ESPOTA_LOG_WARNING,
                       "%s announces more than %d devices: of what it announces the list has "
                       "only a part",
                       espota_address_format(&crowder, false, text), ESPOTA_CATALOG_OF_ONE);
    }
    if (espota_catalog_is_full(d->catalog) && !d->told_full) {
        d->told_full = true;
        espota_log_say(&d->options.log, ESPOTA_LOG_WARNING,
                       "the list is full: more than %d devices are announced, and some that "
                       "are there may be missing",
                       ESPOTA_CATALOG_SIGHTINGS);
    }
}

static void drain(struct espota_discovery *d)
{
    uint64_t now = espota_loop_now(d->loop);
    struct espota_catalog_event event;
    struct espota_catalog_question question;
    uint64_t deadline;
    int asked = 0;

    espota_catalog_tick(d->catalog, now);
    tell_fullness(d);
    while (espota_catalog_next(d->catalog, now, &event)) {
        if (event.event != ESPOTA_DEVICE_REMOVE)
            d->last_new = now;
        d->event(d->context, &event);
    }
    if (d->backend->ask != NULL) {
        while (asked < QUESTIONS_A_TURN && espota_catalog_question(d->catalog, now, &question)) {
            d->backend->ask(d->state, &question);
            asked++;
        }
        if (asked > 0)
            d->backend->asked(d->state);
    }
    deadline = espota_catalog_deadline(d->catalog, now);
    if (asked == QUESTIONS_A_TURN)
        deadline = now + 10;
    if (deadline == UINT64_MAX || espota_loop_arm(d->loop, &d->timer, deadline) != ESPOTA_OK)
        espota_loop_disarm(d->loop, &d->timer); /* without memory: with the next packet */
}

static void expired(void *context)
{
    drain(context);
}

bool espota_discovery_believes(struct espota_discovery *d, uint32_t interface,
                               const struct espota_address *address)
{
    uint64_t now = espota_loop_now(d->loop);
    struct espota_interface *list;
    struct espota_mdns_origin origin = {.link = interface};
    size_t count;

    if ((d->interfaces == NULL || now >= d->interfaces_at + LOOK_AGAIN_MS) &&
        espota_interfaces(&list, &count, NULL) == ESPOTA_OK) {
        free(d->interfaces);
        d->interfaces = list;
        d->interface_count = count;
        d->interfaces_at = now;
    }
    origin.interfaces = d->interfaces;
    origin.interface_count = d->interface_count;
    /* a daemon that listens on the loopback hears only this machine there */
    origin.loopback = espota_address_is_loopback(address);
    return espota_mdns_is_credible(&origin, address);
}

void espota_discovery_changed(struct espota_discovery *discovery)
{
    /* soon, not now: a backend may feed several things in a row, and none is in its own callback */
    if (espota_loop_arm(discovery->loop, &discovery->timer, espota_loop_now(discovery->loop)) !=
        ESPOTA_OK)
        drain(discovery);
}

/* When one that does not watch has heard all there is, if nothing new comes until then. */
static uint64_t over_at(const struct espota_discovery *discovery)
{
    uint64_t asked = discovery->started + LAST_QUESTION_MS;

    if (discovery->backend->busy != NULL && discovery->backend->busy(discovery->state))
        return UINT64_MAX;
    if (discovery->last_new <= asked)
        return asked + QUIET_MS;
    /* so many that they still come: a daemon has another question before that was all */
    asked = discovery->started + DAEMON_QUESTION_MS;
    if (discovery->backend->ask != NULL || discovery->last_new > asked)
        return discovery->last_new + QUIET_MS;
    return asked + QUIET_MS;
}

static enum espota_status start_one(struct espota_discovery *d,
                                    const struct espota_backend *backend, struct espota_error *err)
{
    enum espota_status status;

    d->backend = backend;
    d->state = NULL;
    status = backend->start(d, &d->state, err);
    if (status != ESPOTA_OK) {
        d->backend = NULL;
        return status;
    }
    espota_log_say(&d->options.log, ESPOTA_LOG_DETAIL, "looking for devices by way of %s",
                   backend->word);
    return ESPOTA_OK;
}

static enum espota_status start_first(struct espota_discovery *d, struct espota_error *err)
{
    static const struct espota_backend *const backends[] = {
        &espota_backend_avahi, &espota_backend_dnssd, &espota_backend_query};
    enum espota_status status = ESPOTA_E_NO_ANSWER;

    for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++) {
        struct espota_error why = ESPOTA_ERROR_INIT;

        if (d->options.via != ESPOTA_VIA_AUTO && d->options.via != backends[i]->via)
            continue;
        status = start_one(d, backends[i], &why);
        if (status == ESPOTA_OK)
            return status;
        /* no daemon, or not even its library: the last way needs neither */
        if (d->options.via == ESPOTA_VIA_AUTO && status != ESPOTA_E_MEMORY &&
            backends[i] != &espota_backend_query) {
            espota_log_say(&d->options.log, ESPOTA_LOG_DETAIL, "not by way of %s: %s",
                           backends[i]->word, why.message);
            continue;
        }
        /* asked for by name and not there: that is this machine's matter, not a device's */
        if (status == ESPOTA_E_NO_ANSWER)
            status = ESPOTA_E_LOCAL;
        return espota_error_copy(err, status, &why);
    }
    return espota_error_set(err, ESPOTA_E_LOCAL, "no way to ask the network");
}

enum espota_status espota_discovery_start(struct espota_loop *loop,
                                          const struct espota_discover_options *options,
                                          espota_discovery_event *event, void *context,
                                          struct espota_discovery **out, struct espota_error *err)
{
    struct espota_discovery *d = calloc(1, sizeof(*d));
    enum espota_status status;

    *out = NULL;
    if (d == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look for devices");
    d->options = *options;
    d->event = event;
    d->context = context;
    d->loop = loop;
    d->timer = (struct espota_timer){.expired = expired, .context = d};
    d->started = espota_loop_now(loop);
    d->service_count = options->any ? ESPOTA_SERVICE_COUNT : 1;
    status = espota_catalog_create(d->service_count, &d->catalog, err);
    if (status == ESPOTA_OK)
        status = start_first(d, err);
    if (status != ESPOTA_OK) {
        espota_discovery_destroy(d);
        return status;
    }
    *out = d;
    return ESPOTA_OK;
}

void espota_discovery_destroy(struct espota_discovery *discovery)
{
    if (discovery == NULL)
        return;
    if (discovery->backend != NULL)
        discovery->backend->stop(discovery->state);
    espota_loop_disarm(discovery->loop, &discovery->timer);
    espota_catalog_destroy(discovery->catalog);
    free(discovery->interfaces);
    free(discovery);
}

/* The public face. */

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
    uint64_t over = d->options.watch ? UINT64_MAX : over_at(d->discovery);

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
    if (discover->discovery != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "a discovery runs once");
    return espota_discovery_start(discover->loop, &discover->options, told, discover,
                                  &discover->discovery, err);
}

static enum espota_status turn(struct espota_discover *discover, int most_ms,
                               struct espota_error *err)
{
    enum espota_status status;
    int left;

    if (discover->discovery == NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "no discovery is running");
    left = left_ms(discover);
    status = espota_loop_turn(discover->loop, sooner(left, most_ms), err);
    if (status != ESPOTA_OK || discover->enough || discover->stopped)
        return status;
    /* not before a turn after the end brought nothing: where this process is late, answers wait */
    return left == 0 && left_ms(discover) == 0 ? ESPOTA_OK : ESPOTA_MORE;
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
        espota_json_set_text(object, "kind", espota_device_kind_word(device->kind)) &&
        (device->kind != ESPOTA_KIND_ESPHOME ||
         (espota_json_set_text(object, "platform", device->platform) &&
          espota_json_set_text(object, "version", device->version) &&
          espota_json_set_bool(object, "encrypted", device->encrypted))))
        line = espota_json_line(object);
    espota_json_free(object);
    return line;
}
