/* SPDX-License-Identifier: MIT */
/*
 * A device that was told a port may call back late. So the next attempt at it gets another port,
 * and a connection tells by the port that it came to which invitation it answers.
 */
#include "send/espota/ports.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    ACCEPTS_A_TURN = 64,
    NO_ROOM_MS = 200, /* how long to leave a connection waiting when descriptors are short */
    REPORTS_A_WINDOW = 5,
    REPORTS_WINDOW_MS = 1000,
    PORT_TRIES = 16,
};

static void destroy(struct espota_listener *listener)
{
    struct espota_loop *loop = listener->owner->loop;

    espota_loop_unwatch(loop, &listener->watch);
    espota_loop_disarm(loop, &listener->timer);
    espota_socket_close(&listener->fd);
    free(listener);
}

void espota_listeners_deinit(struct espota_listeners *listeners)
{
    if (listeners->current != NULL)
        destroy(listeners->current);
    listeners->current = NULL;
}

/* At most a few lines a second; those left out are counted. */
static void report(struct espota_listeners *listeners, const struct espota_address *from,
                   const char *why)
{
    uint64_t now = espota_loop_now(listeners->loop);
    char text[ESPOTA_ADDRESS_TEXT];
    char others[48] = "";

    if (now - listeners->reports_since >= REPORTS_WINDOW_MS) {
        listeners->reports_since = now;
        listeners->reports = 0;
    }
    if (listeners->reports++ >= REPORTS_A_WINDOW) {
        listeners->silent++;
        return;
    }
    if (listeners->silent > 0)
        snprintf(others, sizeof(others), " (and %u more before it)", listeners->silent);
    listeners->silent = 0;
    espota_log_say(listeners->log, ESPOTA_LOG_WARNING, "closed a connection from %s: %s%s",
                   espota_address_format(from, true, text), why, others);
}

static void wait_for_room(struct espota_listener *listener)
{
    struct espota_loop *loop = listener->owner->loop;

    /* without a timer it would never listen again: then rather ask too often */
    if (espota_loop_arm(loop, &listener->timer, espota_loop_now(loop) + NO_ROOM_MS) == ESPOTA_OK)
        espota_loop_rewatch(loop, &listener->watch, 0);
}

static void room_again(void *context)
{
    struct espota_listener *listener = context;

    espota_loop_rewatch(listener->owner->loop, &listener->watch, ESPOTA_READABLE);
}

static void ready(void *context, unsigned events)
{
    struct espota_listener *listener = context;
    struct espota_listeners *owner = listener->owner;

    (void)events;
    listener->users++; /* what is taken may release the last user */
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        struct espota_address from;
        enum espota_status status;
        const char *why;
        int fd, os_error;

        status = espota_socket_accept(listener->fd, &fd, &from, &os_error);
        if (status != ESPOTA_OK) {
            if (status != ESPOTA_MORE)
                wait_for_room(listener);
            break;
        }
        why = owner->take(owner->context, listener, fd, &from);
        if (why == NULL)
            continue;
        espota_socket_reset_on_close(fd);
        espota_socket_close(&fd);
        report(owner, &from, why);
    }
    espota_listeners_release(listener);
}

static bool was_told(const struct espota_listeners *listeners, uint16_t port)
{
    for (int i = 0; i < ESPOTA_PORTS_TOLD; i++) {
        if (listeners->told[i] == port)
            return true;
    }
    return false;
}

/* The kernel may pick a port that a device was told a while ago: then another one. */
static enum espota_status open_socket(struct espota_listener *listener, struct espota_error *err)
{
    const struct espota_listeners *owner = listener->owner;
    struct espota_address bound;
    enum espota_status status = ESPOTA_E_LOCAL;

    for (int i = 0; i < PORT_TRIES; i++) {
        status = espota_tcp_listen(&owner->local, &listener->fd, err);
        if (status != ESPOTA_OK)
            return status;
        status = espota_socket_local(listener->fd, &bound);
        if (status == ESPOTA_OK && !was_told(owner, bound.port)) {
            listener->port = bound.port;
            return ESPOTA_OK;
        }
        espota_socket_close(&listener->fd);
    }
    return espota_error_set(err, ESPOTA_E_LOCAL, "no free TCP port to listen on");
}

static enum espota_status open_next(struct espota_listeners *listeners, struct espota_error *err)
{
    struct espota_listener *listener = calloc(1, sizeof(*listener));
    enum espota_status status;

    if (listener == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a listening socket");
    listener->owner = listeners;
    listener->fd = -1;
    listener->timer = (struct espota_timer){.expired = room_again, .context = listener};
    status = open_socket(listener, err);
    if (status == ESPOTA_OK) {
        listener->watch = (struct espota_watch){
            .fd = listener->fd, .events = ESPOTA_READABLE, .ready = ready, .context = listener};
        status = espota_loop_watch(listeners->loop, &listener->watch, err);
    }
    if (status != ESPOTA_OK) {
        destroy(listener);
        return status;
    }
    listener->generation = listeners->current == NULL ? 1 : listeners->current->generation + 1;
    listeners->told[listener->generation % ESPOTA_PORTS_TOLD] = listener->port;
    if (listeners->current != NULL && listeners->current->users == 0)
        destroy(listeners->current);
    listeners->current = listener;
    return ESPOTA_OK;
}

enum espota_status espota_listeners_open(struct espota_listeners *listeners,
                                         const struct espota_address *local,
                                         struct espota_error *err)
{
    if (listeners->current != NULL)
        return ESPOTA_OK;
    listeners->local = *local;
    return open_next(listeners, err);
}

enum espota_status espota_listeners_take(struct espota_listeners *listeners, uint32_t beyond,
                                         struct espota_listener **out, struct espota_error *err)
{
    if (listeners->current->generation <= beyond) {
        enum espota_status status = open_next(listeners, err);

        if (status != ESPOTA_OK)
            return status;
    }
    *out = listeners->current;
    (*out)->users++;
    return ESPOTA_OK;
}

void espota_listeners_release(struct espota_listener *listener)
{
    if (--listener->users == 0 && listener != listener->owner->current)
        destroy(listener);
}
