/* SPDX-License-Identifier: MIT */
/*
 * Avahi's client wants a loop as its table AvahiPoll describes one; this is ours behind it. Its
 * callbacks free watches, their own included, so those go once nobody is in them.
 */
#include "lazy/avahi.h"
#include "mdns/mdns.h"

#include <stdlib.h>

/* D-Bus makes a watch for reading and one for writing of one descriptor; our loop takes one. */
struct descriptor {
    struct espota_avahi_poll *poll;
    struct espota_watch watch;
    AvahiWatch *watches;
    bool calling; /* watches that are freed meanwhile stay until it is over */
    struct descriptor *next;
};

struct AvahiWatch {
    struct descriptor *descriptor;
    AvahiWatchEvent wanted;
    AvahiWatchEvent happened;
    AvahiWatchCallback callback;
    void *userdata;
    bool freed;
    AvahiWatch *next;
};

struct AvahiTimeout {
    struct espota_avahi_poll *poll;
    struct espota_timer timer;
    AvahiTimeoutCallback callback;
    void *userdata;
};

struct espota_avahi_poll {
    AvahiPoll api;
    struct espota_loop *loop;
    struct descriptor *descriptors;
};

static unsigned wanted_of(const struct descriptor *d)
{
    unsigned events = 0;

    for (const AvahiWatch *w = d->watches; w != NULL; w = w->next) {
        if (w->freed)
            continue;
        events |= (w->wanted & AVAHI_WATCH_IN) != 0 ? (unsigned)ESPOTA_READABLE : 0;
        events |= (w->wanted & AVAHI_WATCH_OUT) != 0 ? (unsigned)ESPOTA_WRITABLE : 0;
    }
    return events;
}

static void descriptor_free(struct descriptor *d)
{
    struct descriptor **at = &d->poll->descriptors;

    espota_loop_unwatch(d->poll->loop, &d->watch);
    while (*at != d)
        at = &(*at)->next;
    *at = d->next;
    free(d);
}

/* Throws away what was freed; the descriptor goes with its last watch. */
static void sweep(struct descriptor *d)
{
    AvahiWatch **at = &d->watches;

    while (*at != NULL) {
        AvahiWatch *w = *at;

        if (w->freed) {
            *at = w->next;
            free(w);
        } else {
            at = &w->next;
        }
    }
    if (d->watches == NULL)
        descriptor_free(d);
    else
        espota_loop_rewatch(d->poll->loop, &d->watch, wanted_of(d));
}

static void ready(void *context, unsigned events)
{
    struct descriptor *d = context;

    d->calling = true;
    for (AvahiWatch *w = d->watches; w != NULL; w = w->next) {
        unsigned happened = 0;

        if ((events & ESPOTA_READABLE) != 0)
            happened |= (unsigned)w->wanted & AVAHI_WATCH_IN;
        if ((events & ESPOTA_WRITABLE) != 0)
            happened |= (unsigned)w->wanted & AVAHI_WATCH_OUT;
        if ((events & ESPOTA_BROKEN) != 0)
            happened |= AVAHI_WATCH_HUP;
        if (w->freed || happened == 0)
            continue;
        w->happened = (AvahiWatchEvent)happened;
        w->callback(w, d->watch.fd, w->happened, w->userdata);
        w->happened = (AvahiWatchEvent)0;
    }
    d->calling = false;
    sweep(d);
}

static struct descriptor *descriptor_for(struct espota_avahi_poll *poll, int fd)
{
    struct descriptor *d;

    for (d = poll->descriptors; d != NULL; d = d->next)
        if (d->watch.fd == fd)
            return d;
    d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    d->poll = poll;
    d->watch.fd = fd;
    d->watch.ready = ready;
    d->watch.context = d;
    if (espota_loop_watch(poll->loop, &d->watch, NULL) != ESPOTA_OK) {
        free(d);
        return NULL;
    }
    d->next = poll->descriptors;
    poll->descriptors = d;
    return d;
}

static void watch_update(AvahiWatch *w, AvahiWatchEvent event)
{
    w->wanted = event;
    espota_loop_rewatch(w->descriptor->poll->loop, &w->descriptor->watch, wanted_of(w->descriptor));
}

static AvahiWatch *watch_new(const AvahiPoll *api, int fd, AvahiWatchEvent event,
                             AvahiWatchCallback callback, void *userdata)
{
    AvahiWatch *w = calloc(1, sizeof(*w));

    if (w == NULL)
        return NULL;
    w->descriptor = descriptor_for(api->userdata, fd);
    if (w->descriptor == NULL) {
        free(w);
        return NULL;
    }
    w->callback = callback;
    w->userdata = userdata;
    w->next = w->descriptor->watches;
    w->descriptor->watches = w;
    watch_update(w, event);
    return w;
}

static AvahiWatchEvent watch_get_events(AvahiWatch *w)
{
    return w->happened;
}

static void watch_free(AvahiWatch *w)
{
    w->freed = true;
    if (!w->descriptor->calling)
        sweep(w->descriptor);
}

static void expired(void *context)
{
    AvahiTimeout *t = context;

    t->callback(t, t->userdata);
}

static void timeout_update(AvahiTimeout *t, const struct timeval *tv)
{
    uint64_t now = espota_loop_now(t->poll->loop);
    AvahiUsec age;

    if (tv == NULL) {
        espota_loop_disarm(t->poll->loop, &t->timer);
        return;
    }
    age = avahi_age(tv); /* below 0: still to come */
    if (age < 0)
        now += ((uint64_t)-age + 999) / 1000;
    /* without memory it is late: Avahi has no way to be told */
    if (espota_loop_arm(t->poll->loop, &t->timer, now) != ESPOTA_OK)
        espota_loop_disarm(t->poll->loop, &t->timer);
}

static AvahiTimeout *timeout_new(const AvahiPoll *api, const struct timeval *tv,
                                 AvahiTimeoutCallback callback, void *userdata)
{
    AvahiTimeout *t = calloc(1, sizeof(*t));

    if (t == NULL)
        return NULL;
    t->poll = api->userdata;
    t->timer.expired = expired;
    t->timer.context = t;
    t->callback = callback;
    t->userdata = userdata;
    timeout_update(t, tv);
    return t;
}

static void timeout_free(AvahiTimeout *t)
{
    espota_loop_disarm(t->poll->loop, &t->timer);
    free(t);
}

struct espota_avahi_poll *espota_avahi_poll_create(struct espota_loop *loop)
{
    struct espota_avahi_poll *poll = calloc(1, sizeof(*poll));

    if (poll == NULL)
        return NULL;
    poll->loop = loop;
    poll->api.userdata = poll;
    poll->api.watch_new = watch_new;
    poll->api.watch_update = watch_update;
    poll->api.watch_get_events = watch_get_events;
    poll->api.watch_free = watch_free;
    poll->api.timeout_new = timeout_new;
    poll->api.timeout_update = timeout_update;
    poll->api.timeout_free = timeout_free;
    return poll;
}

void espota_avahi_poll_destroy(struct espota_avahi_poll *poll)
{
    if (poll == NULL)
        return;
    while (poll->descriptors != NULL)
        descriptor_free(poll->descriptors); /* the last watch of each was freed */
    free(poll);
}

const AvahiPoll *espota_avahi_poll_get(struct espota_avahi_poll *poll)
{
    return &poll->api;
}
