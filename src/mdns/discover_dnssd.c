/* SPDX-License-Identifier: MIT */
/*
 * dns_sd: macOS, Bonjour, and Avahi's compatibility library, for which every open
 * request is a thread and a connection to the bus. So only a few services are
 * being resolved at a time; with `watch` each is looked at again now and then.
 *
 * As from Avahi nobody hears from it who announced something: see there.
 */
#include "lazy/dnssd.h"
#include "mdns/discover.h"

#include <stdlib.h>
#include <string.h>

enum {
    JOBS = 16,
    SERVICES = ESPOTA_CATALOG_SIGHTINGS,
    LABEL_ROOM = 64,
    GIVE_UP_MS = 5000,
    IPV4_MS = 500,        /* so long an IPv6 address waits for an IPv4 one */
    AGAIN_MS = 30 * 1000, /* to look at every service again */
    RECONNECT_MS = 1000,
    COMEBACK_MS = 10 * 1000,
};

struct dnssd;

/* An open request. The reference is given back after its callback, never in it. */
struct request {
    struct dnssd *dnssd;
    DNSServiceRef reference; /* NULL: not open */
    struct espota_watch watch;
    bool over;
};

struct dnssd_service {
    struct dnssd *dnssd;
    uint32_t interface;
    enum espota_service type;
    char name[LABEL_ROOM];
    bool waiting;
    bool busy;
    struct request resolve, four, six;
    struct espota_timer timer;
    uint64_t give_up;
    char host[1009]; /* kDNSServiceMaxDomainName */
    uint16_t port;
    uint8_t txt[ESPOTA_CATALOG_TXT];
    size_t txt_length;
    struct espota_address address6;
    struct dnssd_service *next;
};

struct browser {
    struct request request;
    enum espota_service type;
};

struct dnssd {
    struct espota_discovery *discovery;
    struct browser browsers[ESPOTA_SERVICE_COUNT];
    struct dnssd_service *services;
    size_t service_count, busy_count;
    bool broken;
    struct espota_timer timer;
};

static uint64_t now_of(const struct dnssd *d)
{
    return espota_loop_now(d->discovery->loop);
}

static void arm(struct dnssd *d, struct espota_timer *timer, uint64_t after)
{
    if (espota_loop_arm(d->discovery->loop, timer, now_of(d) + after) != ESPOTA_OK)
        espota_log_say(&d->discovery->options.log, ESPOTA_LOG_WARNING,
                       "no memory to go on with dns_sd");
}

static void request_close(struct request *r)
{
    if (r->reference == NULL)
        return;
    espota_loop_unwatch(r->dnssd->discovery->loop, &r->watch);
    DNSServiceRefDeallocate(r->reference);
    r->reference = NULL;
    r->over = false;
}

static void work(struct dnssd *d);

static void ready(void *context, unsigned events)
{
    struct request *r = context;
    struct dnssd *d = r->dnssd;

    (void)events;
    if (DNSServiceProcessResult(r->reference) != kDNSServiceErr_NoError) {
        d->broken = true;
        r->over = true;
        arm(d, &d->timer, RECONNECT_MS);
    }
    if (r->over)
        request_close(r);
    work(d);
}

/* `error` is what the call that made the reference returned. */
static bool request_open(struct dnssd *d, struct request *r, DNSServiceErrorType error)
{
    if (error != kDNSServiceErr_NoError) {
        r->reference = NULL;
        return false;
    }
    r->dnssd = d;
    r->over = false;
    r->watch = (struct espota_watch){.fd = DNSServiceRefSockFD(r->reference),
                                     .events = ESPOTA_READABLE,
                                     .ready = ready,
                                     .context = r};
    if (espota_loop_watch(d->discovery->loop, &r->watch, NULL) == ESPOTA_OK)
        return true;
    DNSServiceRefDeallocate(r->reference);
    r->reference = NULL;
    return false;
}

/* Nothing more is wanted of the service for now. Not inside one of its callbacks. */
static void rest(struct dnssd_service *s)
{
    request_close(&s->resolve);
    request_close(&s->four);
    request_close(&s->six);
    espota_loop_disarm(s->dnssd->discovery->loop, &s->timer);
    if (s->busy)
        s->dnssd->busy_count--;
    s->busy = false;
}

/* The requests go with the next turn of the timer, which is not inside a callback. */
static void rest_soon(struct dnssd_service *s)
{
    s->give_up = now_of(s->dnssd);
    arm(s->dnssd, &s->timer, 0);
}

static void tell(struct dnssd_service *s, const struct espota_address *address)
{
    const struct espota_catalog_service found = {.link = s->interface,
                                                 .service = s->type,
                                                 .instance = s->name,
                                                 .host = s->host,
                                                 .port = s->port,
                                                 .txt = s->txt,
                                                 .txt_length = s->txt_length,
                                                 .address = *address};

    if (espota_discovery_believes(s->dnssd->discovery, s->interface, address))
        espota_catalog_resolved(s->dnssd->discovery->catalog, now_of(s->dnssd), &found);
    espota_discovery_changed(s->dnssd->discovery);
    rest_soon(s);
}

static void DNSSD_API addressed(DNSServiceRef reference, DNSServiceFlags flags, uint32_t interface,
                                DNSServiceErrorType error, const char *name, uint16_t type,
                                uint16_t class, uint16_t length, const void *data, uint32_t ttl,
                                void *context)
{
    struct dnssd_service *s = context;
    struct espota_address address = {.family = 0};

    (void)reference;
    (void)name;
    (void)class;
    (void)ttl;
    if (error != kDNSServiceErr_NoError || (flags & kDNSServiceFlagsAdd) == 0)
        return;
    if (type == ESPOTA_DNS_A && length == 4) {
        address.family = 4;
        memcpy(address.bytes, data, 4);
        tell(s, &address);
    } else if (type == ESPOTA_DNS_AAAA && length == 16) {
        address.family = 6;
        memcpy(address.bytes, data, 16);
        espota_address_set_scope(&address, interface);
        s->address6 = address;
        if (s->give_up > now_of(s->dnssd) + IPV4_MS)
            arm(s->dnssd, &s->timer, IPV4_MS);
    }
}

static void DNSSD_API resolved(DNSServiceRef reference, DNSServiceFlags flags, uint32_t interface,
                               DNSServiceErrorType error, const char *name, const char *host,
                               uint16_t port, uint16_t txt_length, const unsigned char *txt,
                               void *context)
{
    struct dnssd_service *s = context;
    struct dnssd *d = s->dnssd;
    const uint8_t *bytes = (const uint8_t *)&port; /* in network order */
    bool any;

    (void)reference;
    (void)flags;
    (void)name;
    s->resolve.over = true;
    if (error != kDNSServiceErr_NoError || strlen(host) >= sizeof(s->host) ||
        s->four.reference != NULL) {
        rest_soon(s);
        return;
    }
    memcpy(s->host, host, strlen(host) + 1);
    s->port = (uint16_t)(bytes[0] << 8 | bytes[1]);
    s->txt_length = txt_length <= sizeof(s->txt) ? txt_length : 0;
    memcpy(s->txt, txt, s->txt_length);
    any = request_open(d, &s->four,
                       DNSServiceQueryRecord(&s->four.reference, 0, interface, host, ESPOTA_DNS_A,
                                             ESPOTA_DNS_IN, addressed, s));
    any |= request_open(d, &s->six,
                        DNSServiceQueryRecord(&s->six.reference, 0, interface, host,
                                              ESPOTA_DNS_AAAA, ESPOTA_DNS_IN, addressed, s));
    if (!any)
        rest_soon(s);
}

static void service_expired(void *context)
{
    struct dnssd_service *s = context;
    uint64_t now = now_of(s->dnssd);

    if (now < s->give_up && s->address6.family != 0)
        tell(s, &s->address6);
    else
        rest(s);
    work(s->dnssd);
}

static void begin(struct dnssd_service *s)
{
    struct dnssd *d = s->dnssd;

    s->waiting = false;
    s->busy = true;
    d->busy_count++;
    s->address6.family = 0;
    s->timer.expired = service_expired;
    s->timer.context = s;
    s->give_up = now_of(d) + GIVE_UP_MS;
    arm(d, &s->timer, GIVE_UP_MS);
    if (!request_open(d, &s->resolve,
                      DNSServiceResolve(&s->resolve.reference, 0, s->interface, s->name,
                                        espota_service_type(s->type), "local.", resolved, s)))
        rest(s);
}

static void work(struct dnssd *d)
{
    for (struct dnssd_service *s = d->services; s != NULL && d->busy_count < JOBS; s = s->next)
        if (s->waiting && !s->busy)
            begin(s);
}

static struct dnssd_service **find(struct dnssd *d, uint32_t interface, enum espota_service type,
                                   const char *name)
{
    struct dnssd_service **at = &d->services;

    while (*at != NULL &&
           ((*at)->interface != interface || (*at)->type != type || strcmp((*at)->name, name) != 0))
        at = &(*at)->next;
    return at;
}

static void service_free(struct dnssd_service **at)
{
    struct dnssd_service *s = *at;

    *at = s->next;
    rest(s);
    s->dnssd->service_count--;
    free(s);
}

static void appeared(struct dnssd *d, uint32_t interface, enum espota_service type,
                     const char *name)
{
    struct dnssd_service **at = find(d, interface, type, name);

    if (*at == NULL) {
        if (strlen(name) >= LABEL_ROOM)
            return;
        if (d->service_count >= SERVICES || (*at = calloc(1, sizeof(**at))) == NULL) {
            espota_catalog_overflow(d->discovery->catalog);
            espota_discovery_changed(d->discovery);
            return;
        }
        (*at)->dnssd = d;
        (*at)->interface = interface;
        (*at)->type = type;
        memcpy((*at)->name, name, strlen(name) + 1);
        d->service_count++;
    }
    (*at)->waiting = true; /* `ready` goes on with the work */
}

static void DNSSD_API browsed(DNSServiceRef reference, DNSServiceFlags flags, uint32_t interface,
                              DNSServiceErrorType error, const char *name, const char *type,
                              const char *domain, void *context)
{
    struct browser *b = context;
    struct dnssd *d = b->request.dnssd;
    struct dnssd_service **at;

    (void)reference;
    (void)type;
    (void)domain;
    if (error != kDNSServiceErr_NoError) {
        d->broken = true;
        arm(d, &d->timer, RECONNECT_MS);
        return;
    }
    if ((flags & kDNSServiceFlagsAdd) != 0) {
        appeared(d, interface, b->type, name);
        return;
    }
    at = find(d, interface, b->type, name);
    if (*at != NULL)
        service_free(at);
    espota_catalog_lost(d->discovery->catalog, now_of(d), interface, b->type, name);
    espota_discovery_changed(d->discovery);
}

static DNSServiceErrorType browse(struct dnssd *d)
{
    DNSServiceErrorType error = kDNSServiceErr_NoError;

    for (size_t i = 0; i < d->discovery->service_count && error == kDNSServiceErr_NoError; i++) {
        struct browser *b = &d->browsers[i];

        if (b->request.reference != NULL)
            continue;
        b->type = (enum espota_service)i;
        b->request.dnssd = d;
        error = DNSServiceBrowse(&b->request.reference, 0, 0, espota_service_type(b->type),
                                 "local.", browsed, b);
        if (!request_open(d, &b->request, error) && error == kDNSServiceErr_NoError)
            error = kDNSServiceErr_NoMemory;
    }
    return error;
}

static void disconnect(struct dnssd *d)
{
    while (d->services != NULL)
        service_free(&d->services);
    for (size_t i = 0; i < ESPOTA_SERVICE_COUNT; i++)
        request_close(&d->browsers[i].request);
}

static void expired(void *context)
{
    struct dnssd *d = context;

    if (d->broken) {
        espota_catalog_lost_all(d->discovery->catalog, now_of(d) + COMEBACK_MS);
        disconnect(d);
        espota_discovery_changed(d->discovery);
        d->broken = browse(d) != kDNSServiceErr_NoError;
    } else {
        for (struct dnssd_service *s = d->services; s != NULL; s = s->next)
            s->waiting = true;
        work(d);
    }
    arm(d, &d->timer, d->broken ? RECONNECT_MS : AGAIN_MS);
}

static void stop(void *state)
{
    struct dnssd *d = state;

    if (d == NULL)
        return;
    disconnect(d);
    espota_loop_disarm(d->discovery->loop, &d->timer);
    free(d);
}

static enum espota_status start(struct espota_discovery *discovery, void **state,
                                struct espota_error *err)
{
    enum espota_status status = espota_lazy_dnssd(err);
    struct dnssd *d;
    DNSServiceErrorType error;

    if (status != ESPOTA_OK)
        return status;
    d = calloc(1, sizeof(*d));
    if (d == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to ask dns_sd");
    d->discovery = discovery;
    d->timer = (struct espota_timer){.expired = expired, .context = d};
    /* Avahi's library would lecture the user on standard error */
    (void)setenv("AVAHI_COMPAT_NOWARN", "1", 0);
    error = browse(d);
    if (error != kDNSServiceErr_NoError) {
        stop(d);
        return espota_error_remedy(err, ESPOTA_E_NO_ANSWER, ESPOTA_REMEDY_ASK_DIRECTLY,
                                   "no daemon answers to dns_sd (error %d): start it", (int)error);
    }
    arm(d, &d->timer, AGAIN_MS);
    *state = d;
    return ESPOTA_OK;
}

static bool busy(void *state)
{
    const struct dnssd *d = state;

    for (const struct dnssd_service *s = d->services; s != NULL; s = s->next)
        if (s->waiting || s->busy)
            return true;
    return false;
}

const struct espota_backend espota_backend_dnssd = {
    .via = ESPOTA_VIA_DNSSD, .word = "dnssd", .start = start, .stop = stop, .busy = busy};
