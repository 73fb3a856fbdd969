/* SPDX-License-Identifier: MIT */
/*
 * Avahi's client wants a loop as its table AvahiPoll describes one. Its own simple one is such a
 * loop, and knows how watches are freed in their own callbacks; it is turned here, without waiting,
 * whenever ours sees that it has something to do.
 */
#include "lazy/avahi.h"
#include "mdns/mdns.h"

#include <stdlib.h>

enum {
    DESCRIPTORS = 4,    /* D-Bus's, and the pipe that wakes the simple loop */
    CALLS_AT_ONCE = 64, /* before others of our loop get their turn */
    TRY_AGAIN_MS = 100, /* without memory */
};

struct espota_avahi_poll {
    AvahiSimplePoll *simple;
    struct espota_loop *loop;
    struct espota_watch watches[DESCRIPTORS];
    struct espota_timer timer;
    /* what the simple loop last wanted to wait for, and how long */
    const struct pollfd *items;
    unsigned count;
    int timeout;
    int happened; /* how many of them there were something for */
};

/* In place of poll(). */
static int look(struct pollfd *items, unsigned count, int timeout, void *context)
{
    struct espota_avahi_poll *p = context;

    p->items = items;
    p->count = count;
    p->timeout = timeout;
    p->happened = poll(items, count, 0);
    return p->happened;
}

/* One call of a callback; false if there was none to make. */
static bool turn(struct espota_avahi_poll *p)
{
    p->count = 0;
    p->happened = 0;
    p->timeout = TRY_AGAIN_MS;
    return avahi_simple_poll_prepare(p->simple, -1) == 0 && avahi_simple_poll_run(p->simple) == 0 &&
           avahi_simple_poll_dispatch(p->simple) == 0 && (p->happened > 0 || p->timeout == 0);
}

static void unwatch(struct espota_avahi_poll *p)
{
    for (size_t i = 0; i < DESCRIPTORS; i++)
        espota_loop_unwatch(p->loop, &p->watches[i]);
}

static void ready(void *context, unsigned events);

/* D-Bus makes a watch for reading and one for writing of one descriptor; our loop takes one. */
static bool watch(struct espota_avahi_poll *p)
{
    size_t used = 0;

    for (unsigned i = 0; i < p->count; i++) {
        unsigned events = ((p->items[i].events & POLLIN) != 0 ? (unsigned)ESPOTA_READABLE : 0) |
                          ((p->items[i].events & POLLOUT) != 0 ? (unsigned)ESPOTA_WRITABLE : 0);
        size_t k = 0;

        while (k < used && p->watches[k].fd != p->items[i].fd)
            k++;
        if (k < used) {
            espota_loop_rewatch(p->loop, &p->watches[k], p->watches[k].events | events);
            continue;
        }
        if (used == DESCRIPTORS)
            return false;
        p->watches[used] = (struct espota_watch){
            .fd = p->items[i].fd, .events = events, .ready = ready, .context = p};
        if (espota_loop_watch(p->loop, &p->watches[used++], NULL) != ESPOTA_OK)
            return false;
    }
    return true;
}

/* Nothing is watched meanwhile: callbacks may close a descriptor and open another of its number. */
static void pump(void *context)
{
    struct espota_avahi_poll *p = context;
    int calls = 0;

    unwatch(p);
    while (calls < CALLS_AT_ONCE && turn(p))
        calls++;
    if (calls == CALLS_AT_ONCE)
        p->timeout = 0;
    if (!watch(p) && (p->timeout < 0 || p->timeout > TRY_AGAIN_MS))
        p->timeout = TRY_AGAIN_MS;
    if (p->timeout < 0 ||
        espota_loop_arm(p->loop, &p->timer, espota_loop_now(p->loop) + (uint64_t)p->timeout) !=
            ESPOTA_OK)
        espota_loop_disarm(p->loop, &p->timer); /* without memory: with the next event */
}

static void ready(void *context, unsigned events)
{
    (void)events;
    pump(context);
}

void espota_avahi_poll_rest(struct espota_avahi_poll *poll)
{
    unwatch(poll);
    if (espota_loop_arm(poll->loop, &poll->timer, espota_loop_now(poll->loop)) != ESPOTA_OK)
        pump(poll); /* never: it is armed, or there was no memory before */
}

struct espota_avahi_poll *espota_avahi_poll_create(struct espota_loop *loop)
{
    struct espota_avahi_poll *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->loop = loop;
    p->timer = (struct espota_timer){.expired = pump, .context = p};
    p->simple = avahi_simple_poll_new();
    if (p->simple == NULL || espota_loop_arm(loop, &p->timer, espota_loop_now(loop)) != ESPOTA_OK) {
        espota_avahi_poll_destroy(p);
        return NULL;
    }
    avahi_simple_poll_set_func(p->simple, look, p);
    return p;
}

void espota_avahi_poll_destroy(struct espota_avahi_poll *poll)
{
    if (poll == NULL)
        return;
    unwatch(poll);
    espota_loop_disarm(poll->loop, &poll->timer);
    if (poll->simple != NULL)
        avahi_simple_poll_free(poll->simple);
    free(poll);
}

const AvahiPoll *espota_avahi_poll_get(struct espota_avahi_poll *poll)
{
    return avahi_simple_poll_get(poll->simple);
}
