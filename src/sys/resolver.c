/* SPDX-License-Identifier: MIT */
/*
 * getaddrinfo() blocks, for as long as the system's resolver likes, and cannot be called off. So
 * it runs in threads that nobody waits for: what they know is shared, and the last who knows it
 * frees it.
 */
#include "sys/net.h"

#include <stdlib.h>
#include <string.h>

#include "sys/sockets.h"

struct lookup {
    struct lookup *next;
    struct espota_address address;
    enum espota_status status;
    struct espota_error err;
    char name[];
};

struct list {
    struct lookup *first;
    struct lookup **end; /* where the next one goes */
};

/* What the threads know: it goes with the last who knows it. */
struct shared {
    espota_os_lock lock;
    struct list waiting, done;
    unsigned threads;
    bool abandoned; /* the resolver is gone */
    int bell;       /* rung when something is done */
};

struct espota_resolver {
    struct espota_loop *loop;
    struct espota_resolver_hooks hooks;
    struct espota_watch watch; /* of the bell */
    struct shared *shared;
};

static void list_init(struct list *list)
{
    list->first = NULL;
    list->end = &list->first;
}

static void list_add(struct list *list, struct lookup *lookup)
{
    lookup->next = NULL;
    *list->end = lookup;
    list->end = &lookup->next;
}

static struct lookup *list_take(struct list *list)
{
    struct lookup *lookup = list->first;

    if (lookup != NULL)
        list->first = lookup->next;
    if (list->first == NULL)
        list->end = &list->first;
    return lookup;
}

static void list_clear(struct list *list)
{
    struct lookup *lookup;

    while ((lookup = list_take(list)) != NULL)
        free(lookup);
}

static void shared_free(struct shared *shared)
{
    list_clear(&shared->waiting);
    list_clear(&shared->done);
    espota_wake_close(&shared->bell);
    espota_os_lock_deinit(&shared->lock);
    free(shared);
}

/* One thread: until nothing waits any more. */
static void work(void *context)
{
    struct shared *shared = context;
    struct lookup *lookup;
    bool last;

    espota_os_lock_take(&shared->lock);
    while (!shared->abandoned && (lookup = list_take(&shared->waiting)) != NULL) {
        espota_os_lock_give(&shared->lock);
        lookup->status = espota_address_resolve(lookup->name, 0, &lookup->address, &lookup->err);
        espota_os_lock_take(&shared->lock);
        list_add(&shared->done, lookup);
        if (!shared->abandoned)
            espota_wake_ring(shared->bell);
    }
    shared->threads--;
    last = shared->abandoned && shared->threads == 0;
    espota_os_lock_give(&shared->lock);
    if (last)
        shared_free(shared);
}

static void ready(void *context, unsigned events)
{
    struct espota_resolver *resolver = context;
    struct lookup *lookup, *next;

    (void)events;
    espota_wake_clear(resolver->watch.fd);
    espota_os_lock_take(&resolver->shared->lock);
    lookup = resolver->shared->done.first;
    list_init(&resolver->shared->done);
    espota_os_lock_give(&resolver->shared->lock);
    while (lookup != NULL) {
        next = lookup->next;
        resolver->hooks.found(resolver->hooks.context, lookup->name,
                              lookup->status == ESPOTA_OK ? &lookup->address : NULL, &lookup->err);
        free(lookup);
        lookup = next;
    }
}

static struct shared *shared_create(void)
{
    struct shared *shared = calloc(1, sizeof(*shared));

    if (shared == NULL)
        return NULL;
    list_init(&shared->waiting);
    list_init(&shared->done);
    shared->bell = -1;
    if (espota_os_lock_init(&shared->lock))
        return shared;
    free(shared);
    return NULL;
}

enum espota_status espota_resolver_create(struct espota_loop *loop,
                                          const struct espota_resolver_hooks *hooks,
                                          struct espota_resolver **out, struct espota_error *err)
{
    struct espota_resolver *resolver = calloc(1, sizeof(*resolver));
    enum espota_status status;

    *out = NULL;
    if (resolver != NULL)
        resolver->shared = shared_create();
    if (resolver == NULL || resolver->shared == NULL) {
        free(resolver);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look names up");
    }
    resolver->loop = loop;
    resolver->hooks = *hooks;
    resolver->watch = (struct espota_watch){
        .fd = -1, .events = ESPOTA_READABLE, .ready = ready, .context = resolver};
    if (espota_wake_open(&resolver->watch.fd, &resolver->shared->bell))
        status = espota_loop_watch(loop, &resolver->watch, err);
    else
        status = espota_error_set(err, ESPOTA_E_LOCAL, "cannot create a pipe to look names up");
    if (status != ESPOTA_OK) {
        espota_resolver_destroy(resolver);
        return status;
    }
    *out = resolver;
    return ESPOTA_OK;
}

void espota_resolver_destroy(struct espota_resolver *resolver)
{
    bool last;

    if (resolver == NULL)
        return;
    espota_os_lock_take(&resolver->shared->lock);
    resolver->shared->abandoned = true;
    last = resolver->shared->threads == 0;
    espota_os_lock_give(&resolver->shared->lock);
    if (last)
        shared_free(resolver->shared);
    espota_loop_unwatch(resolver->loop, &resolver->watch);
    espota_wake_close(&resolver->watch.fd);
    free(resolver);
}

enum espota_status espota_resolver_ask(struct espota_resolver *resolver, const char *name,
                                       struct espota_error *err)
{
    struct shared *shared = resolver->shared;
    size_t length = strlen(name);
    struct lookup *lookup = calloc(1, sizeof(*lookup) + length + 1);
    bool alone;

    if (lookup == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look up %.255s", name);
    memcpy(lookup->name, name, length + 1);
    espota_os_lock_take(&shared->lock);
    list_add(&shared->waiting, lookup);
    /* every thread there is has something to do, or is just going to look */
    if (shared->threads < ESPOTA_RESOLVER_THREADS) {
        shared->threads++;
        if (!espota_os_thread(work, shared))
            shared->threads--;
    }
    alone = shared->threads == 0;
    shared->threads += alone;
    espota_os_lock_give(&shared->lock);
    if (alone) /* no thread is to be had: then one after the other, as it has to be */
        work(shared);
    return ESPOTA_OK;
}
