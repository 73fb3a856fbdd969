/* SPDX-License-Identifier: MIT */
/*
 * The Avahi daemon over D-Bus. It lets a client have about a thousand objects, so
 * only some services are being resolved at a time; those keep their resolver,
 * which tells of changes, until another one needs its place.
 *
 * The daemon does not tell who announced something, only on which interface. So nobody's share of
 * the list can be bounded here, and an address of this machine is taken for a device of its own;
 * and the daemon itself keeps 4,096 records of an interface by default and drops the rest in
 * silence. Where that matters, there is --via query.
 */
#include "mdns/discover.h"

#include <stdlib.h>
#include <string.h>

#include "lazy/avahi.h"

enum {
    RESOLVERS = 256,
    SERVICES = ESPOTA_CATALOG_SIGHTINGS,
    AGAIN_MS = 30 * 1000, /* services without a resolver are looked at so often */
    RECONNECT_MS = 1000,
    COMEBACK_MS = 10 * 1000, /* how long devices stay when the daemon restarts */
};

struct avahi;

/* One service on one interface by one protocol. */
struct avahi_service {
    struct avahi *avahi;
    AvahiIfIndex interface;
    AvahiProtocol protocol;
    enum espota_service type;
    char name[AVAHI_LABEL_MAX];
    AvahiServiceResolver *resolver;
    bool waiting;
    uint64_t answered; /* when it was last resolved; 0: never */
    struct avahi_service *next;
};

struct avahi {
    struct espota_discovery *discovery;
    struct espota_avahi_poll *poll;
    AvahiClient *client;
    AvahiServiceBrowser *browsers[ESPOTA_SERVICE_COUNT];
    struct avahi_service *services;
    size_t service_count;
    size_t resolver_count;
    bool has_waiting;
    bool broken;
    struct espota_timer timer; /* to connect again, and to look again */
};

static uint64_t now_of(const struct avahi *a)
{
    return espota_loop_now(a->discovery->loop);
}

static uint32_t link_of(AvahiIfIndex interface, AvahiProtocol protocol)
{
    return (uint32_t)interface * 2 + (protocol == AVAHI_PROTO_INET6 ? 1 : 0);
}

static void drop_resolver(struct avahi_service *s)
{
    if (s->resolver == NULL)
        return;
    avahi_service_resolver_free(s->resolver);
    s->resolver = NULL;
    s->avahi->resolver_count--;
}

static void set_address(struct espota_address *out, const AvahiAddress *address,
                        AvahiIfIndex interface)
{
    memset(out, 0, sizeof(*out));
    if (address->proto == AVAHI_PROTO_INET) {
        out->family = 4;
        memcpy(out->bytes, &address->data.ipv4.address, 4);
        return;
    }
    out->family = 6;
    memcpy(out->bytes, address->data.ipv6.address, 16);
    espota_address_set_scope(out, (uint32_t)interface);
}

/* Avahi's list as it is on the wire; what does not fit whole is left out. */
static size_t txt_of(AvahiStringList *list, uint8_t *out, size_t room)
{
    size_t used = 0;

    for (; list != NULL; list = avahi_string_list_get_next(list)) {
        size_t size = avahi_string_list_get_size(list);

        if (size > 255 || size + 1 > room - used) /* used <= room */
            continue;
        out[used] = (uint8_t)size;
        memcpy(out + used + 1, avahi_string_list_get_text(list), size);
        used += size + 1;
    }
    return used;
}

static void resolve_waiting(struct avahi *a);

static void resolved(AvahiServiceResolver *resolver, AvahiIfIndex interface, AvahiProtocol protocol,
                     AvahiResolverEvent event, const char *name, const char *type,
                     const char *domain, const char *host, const AvahiAddress *address,
                     uint16_t port, AvahiStringList *txt, AvahiLookupResultFlags flags,
                     void *userdata)
{
    struct avahi_service *s = userdata;
    uint8_t data[ESPOTA_CATALOG_TXT];
    struct espota_catalog_service found = {.link = link_of(interface, protocol),
                                           .service = s->type,
                                           .instance = s->name,
                                           .host = host,
                                           .port = port,
                                           .txt = data};

    (void)resolver;
    (void)name;
    (void)type;
    (void)domain;
    (void)flags;
    if (event == AVAHI_RESOLVER_FOUND) {
        found.txt_length = txt_of(txt, data, sizeof(data));
        set_address(&found.address, address, interface);
        if (espota_discovery_believes(s->avahi->discovery, (uint32_t)interface, &found.address))
            espota_catalog_resolved(s->avahi->discovery->catalog, now_of(s->avahi), &found);
    }
    s->answered = now_of(s->avahi); /* a failure is an answer, too: others get their turn */
    if (event != AVAHI_RESOLVER_FOUND || s->avahi->has_waiting)
        drop_resolver(s);
    resolve_waiting(s->avahi);
    espota_discovery_changed(s->avahi->discovery);
}

/* The one that has had its answer longest gives its place up. */
static bool make_place(struct avahi *a)
{
    struct avahi_service *oldest = NULL;

    if (a->resolver_count < RESOLVERS)
        return true;
    for (struct avahi_service *s = a->services; s != NULL; s = s->next)
        if (s->resolver != NULL && s->answered != 0 &&
            (oldest == NULL || s->answered < oldest->answered))
            oldest = s;
    if (oldest == NULL)
        return false;
    drop_resolver(oldest);
    return true;
}

/* What was heard by IPv6 may be of a device that has IPv4 alone. */
static AvahiProtocol address_protocol(const struct avahi_service *s)
{
    return s->protocol == AVAHI_PROTO_INET6 ? AVAHI_PROTO_UNSPEC : s->protocol;
}

static void resolve_waiting(struct avahi *a)
{
    bool left = false;

    for (struct avahi_service *s = a->services; s != NULL; s = s->next) {
        if (!s->waiting)
            continue;
        if (!make_place(a)) {
            left = true;
            break;
        }
        s->waiting = false;
        s->answered = 0;
        s->resolver = avahi_service_resolver_new(
            a->client, s->interface, s->protocol, s->name, espota_service_type(s->type), "local",
            address_protocol(s), (AvahiLookupFlags)0, resolved, s);
        if (s->resolver != NULL)
            a->resolver_count++;
        else
            espota_log_say(&a->discovery->options.log, ESPOTA_LOG_DETAIL,
                           "Avahi cannot resolve %s: %s", s->name,
                           avahi_strerror(avahi_client_errno(a->client)));
    }
    a->has_waiting = left;
}

static struct avahi_service **find(struct avahi *a, AvahiIfIndex interface, AvahiProtocol protocol,
                                   enum espota_service type, const char *name)
{
    struct avahi_service **at = &a->services;

    while (*at != NULL && ((*at)->interface != interface || (*at)->protocol != protocol ||
                           (*at)->type != type || strcmp((*at)->name, name) != 0))
        at = &(*at)->next;
    return at;
}

static void appeared(struct avahi *a, AvahiIfIndex interface, AvahiProtocol protocol,
                     enum espota_service type, const char *name)
{
    struct avahi_service **at = find(a, interface, protocol, type, name);
    struct avahi_service *s = *at;

    if (s == NULL) {
        if (strlen(name) >= sizeof(s->name))
            return;
        if (a->service_count >= SERVICES || (s = calloc(1, sizeof(*s))) == NULL) {
            espota_catalog_overflow(a->discovery->catalog);
            espota_discovery_changed(a->discovery);
            return;
        }
        s->avahi = a;
        s->interface = interface;
        s->protocol = protocol;
        s->type = type;
        memcpy(s->name, name, strlen(name) + 1);
        *at = s;
        a->service_count++;
    }
    if (s->resolver == NULL)
        s->waiting = a->has_waiting = true;
    resolve_waiting(a);
}

static void service_free(struct avahi_service **at)
{
    struct avahi_service *s = *at;

    *at = s->next;
    drop_resolver(s);
    s->avahi->service_count--;
    free(s);
}

static void disappeared(struct avahi *a, AvahiIfIndex interface, AvahiProtocol protocol,
                        enum espota_service type, const char *name)
{
    struct avahi_service **at = find(a, interface, protocol, type, name);

    if (*at != NULL)
        service_free(at);
    espota_catalog_lost(a->discovery->catalog, now_of(a), link_of(interface, protocol), type, name);
    resolve_waiting(a);
    espota_discovery_changed(a->discovery);
}

static void arm(struct avahi *a, uint64_t after)
{
    if (espota_loop_arm(a->discovery->loop, &a->timer, now_of(a) + after) != ESPOTA_OK)
        espota_log_say(&a->discovery->options.log, ESPOTA_LOG_WARNING,
                       "no memory to go on with Avahi");
}

static void browsed(AvahiServiceBrowser *browser, AvahiIfIndex interface, AvahiProtocol protocol,
                    AvahiBrowserEvent event, const char *name, const char *type, const char *domain,
                    AvahiLookupResultFlags flags, void *userdata)
{
    struct avahi *a = userdata;
    enum espota_service service = ESPOTA_SERVICE_ARDUINO;

    (void)type;
    (void)domain;
    (void)flags;
    if (browser == a->browsers[ESPOTA_SERVICE_ESPHOME] ||
        (type != NULL && strcmp(type, espota_service_type(ESPOTA_SERVICE_ESPHOME)) == 0))
        service = ESPOTA_SERVICE_ESPHOME;
    switch (event) {
    case AVAHI_BROWSER_NEW:
        appeared(a, interface, protocol, service, name);
        break;
    case AVAHI_BROWSER_REMOVE:
        disappeared(a, interface, protocol, service, name);
        break;
    case AVAHI_BROWSER_FAILURE:
        a->broken = true;
        arm(a, RECONNECT_MS);
        break;
    case AVAHI_BROWSER_CACHE_EXHAUSTED:
    case AVAHI_BROWSER_ALL_FOR_NOW:
        break;
    }
}

static void browse(struct avahi *a, AvahiClient *client)
{
    for (size_t i = 0; i < a->discovery->service_count; i++) {
        if (a->browsers[i] != NULL)
            continue;
        a->browsers[i] = avahi_service_browser_new(client, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC,
                                                   espota_service_type((enum espota_service)i),
                                                   "local", (AvahiLookupFlags)0, browsed, a);
        if (a->browsers[i] == NULL)
            espota_log_say(&a->discovery->options.log, ESPOTA_LOG_WARNING,
                           "Avahi does not list devices: %s",
                           avahi_strerror(avahi_client_errno(client)));
    }
}

/* Called inside avahi_client_new as well, before a->client is set. */
static void client_changed(AvahiClient *client, AvahiClientState state, void *userdata)
{
    struct avahi *a = userdata;

    switch (state) {
    case AVAHI_CLIENT_S_RUNNING:
    case AVAHI_CLIENT_S_REGISTERING:
    case AVAHI_CLIENT_S_COLLISION:
        a->client = client;
        browse(a, client);
        break;
    case AVAHI_CLIENT_FAILURE:
        a->broken = true;
        arm(a, RECONNECT_MS);
        break;
    case AVAHI_CLIENT_CONNECTING:
        break;
    }
}

/* All objects of a client go with it. */
static void disconnect(struct avahi *a)
{
    while (a->services != NULL)
        service_free(&a->services);
    memset(a->browsers, 0, sizeof(a->browsers));
    if (a->client != NULL) {
        espota_avahi_poll_rest(a->poll);
        avahi_client_free(a->client);
    }
    a->client = NULL;
    a->has_waiting = false;
}

static void reconnect(struct avahi *a)
{
    int error;

    if (a->client != NULL)
        espota_catalog_lost_all(a->discovery->catalog, now_of(a) + COMEBACK_MS);
    disconnect(a);
    espota_discovery_changed(a->discovery);
    a->broken = false;
    /* NO_FAIL waits for a daemon that is starting */
    a->client = avahi_client_new(espota_avahi_poll_get(a->poll), AVAHI_CLIENT_NO_FAIL,
                                 client_changed, a, &error);
    if (a->client == NULL) {
        a->broken = true;
        espota_log_say(&a->discovery->options.log, ESPOTA_LOG_DETAIL, "Avahi is gone: %s",
                       avahi_strerror(error));
    }
}

static void expired(void *context)
{
    struct avahi *a = context;

    if (a->broken)
        reconnect(a);
    else if (a->client != NULL) {
        for (struct avahi_service *s = a->services; s != NULL; s = s->next)
            if (s->resolver == NULL)
                s->waiting = a->has_waiting = true;
        resolve_waiting(a);
    }
    arm(a, a->broken ? RECONNECT_MS : AGAIN_MS);
}

static void stop(void *state)
{
    struct avahi *a = state;

    if (a == NULL)
        return;
    disconnect(a);
    espota_loop_disarm(a->discovery->loop, &a->timer);
    espota_avahi_poll_destroy(a->poll);
    free(a);
}

static enum espota_status start(struct espota_discovery *discovery, void **state,
                                struct espota_error *err)
{
    enum espota_status status = espota_lazy_avahi(err);
    struct avahi *a;
    int error = 0;

    if (status != ESPOTA_OK)
        return status;
    a = calloc(1, sizeof(*a));
    if (a != NULL) {
        a->discovery = discovery;
        a->timer = (struct espota_timer){.expired = expired, .context = a};
        a->poll = espota_avahi_poll_create(discovery->loop);
    }
    if (a == NULL || a->poll == NULL) {
        stop(a);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to ask Avahi");
    }
    a->client = avahi_client_new(espota_avahi_poll_get(a->poll), (AvahiClientFlags)0,
                                 client_changed, a, &error);
    if (a->client == NULL) {
        stop(a);
        return espota_error_remedy(
            err, error == AVAHI_ERR_NO_MEMORY ? ESPOTA_E_MEMORY : ESPOTA_E_NO_ANSWER,
            ESPOTA_REMEDY_ASK_DIRECTLY, "the Avahi daemon does not answer (%s): start it",
            avahi_strerror(error));
    }
    arm(a, AGAIN_MS);
    *state = a;
    return ESPOTA_OK;
}

static bool busy(void *state)
{
    const struct avahi *a = state;

    for (const struct avahi_service *s = a->services; s != NULL; s = s->next)
        if (s->answered == 0)
            return true;
    return false;
}

const struct espota_backend espota_backend_avahi = {
    .via = ESPOTA_VIA_AVAHI, .word = "avahi", .start = start, .stop = stop, .busy = busy};
