/* SPDX-License-Identifier: MIT */
/*
 * Without epoll libmicrohttpd tells what it waits for as the sets of select(), and takes the same
 * for what is ready. Between the two each socket is a watch of our loop, which has no bound of
 * numbers and waits for everything else as well. The events of a turn are gathered, and the daemon
 * runs once for all of them: each run looks at every connection.
 */
#include "http/server_sockets.h"

#include <stdlib.h>

#include "lazy/mhd.h"

const unsigned espota_http_sockets_flags = MHD_NO_FLAG;
const size_t espota_http_sockets_below = FD_SETSIZE;

/* Since the last run. */
struct select_events {
    fd_set readable;
    fd_set writable;
};

static void socket_ready(void *context, unsigned events)
{
    const struct espota_http_socket *socket = context;
    struct espota_http_sockets *sockets = socket->sockets;

    /* what is broken comes as what was asked for: the next call of the system tells it */
    if (events & ESPOTA_READABLE)
        FD_SET((MHD_socket)socket->watch.fd, &sockets->events->readable);
    if (events & ESPOTA_WRITABLE)
        FD_SET((MHD_socket)socket->watch.fd, &sockets->events->writable);
    sockets->ready(sockets->context);
}

static void prepare(struct espota_http_sockets *sockets, struct espota_http_socket *socket, int fd)
{
    *socket = (struct espota_http_socket){.sockets = sockets};
    socket->watch.fd = fd;
    socket->watch.ready = socket_ready;
    socket->watch.context = socket;
}

/* One that nothing is asked of is not watched at all: its end would be reported in every turn. */
static enum espota_status ask(struct espota_http_socket *socket, bool readable, bool writable)
{
    struct espota_loop *loop = socket->sockets->loop;
    unsigned events =
        (readable ? (unsigned)ESPOTA_READABLE : 0) | (writable ? (unsigned)ESPOTA_WRITABLE : 0);

    if (events == 0) {
        espota_loop_unwatch(loop, &socket->watch);
        return ESPOTA_OK;
    }
    if (socket->watch.slot != 0) {
        espota_loop_rewatch(loop, &socket->watch, events);
        return ESPOTA_OK;
    }
    socket->watch.events = events;
    return espota_loop_watch(loop, &socket->watch, NULL);
}

static void ask_all(struct espota_http_sockets *sockets)
{
    fd_set readable, writable, broken;
    struct espota_http_socket *listener = &sockets->listener;

    FD_ZERO(&readable);
    FD_ZERO(&writable);
    FD_ZERO(&broken);
    (void)MHD_get_fdset2(sockets->daemon, &readable, &writable, &broken, NULL, FD_SETSIZE);
    for (struct espota_http_socket *at = sockets->first; at != NULL; at = at->next) {
        MHD_socket fd = (MHD_socket)at->watch.fd;

        if (ask(at, FD_ISSET(fd, &readable), FD_ISSET(fd, &writable)) != ESPOTA_OK)
            espota_socket_shutdown(at->watch.fd); /* out of memory; its time-out ends it */
    }
    /* who comes when there are as many as there may be waits in the listener's queue */
    if (listener->watch.fd >= 0 &&
        ask(listener, sockets->connections < sockets->most, false) != ESPOTA_OK)
        sockets->ready(sockets->context); /* out of memory: once more */
}

enum espota_status espota_http_sockets_init(struct espota_http_sockets *sockets, int listener,
                                            struct espota_error *err)
{
    prepare(sockets, &sockets->listener, listener);
    sockets->events = calloc(1, sizeof(*sockets->events));
    return sockets->events != NULL ? ESPOTA_OK
                                   : espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
}

void espota_http_sockets_deinit(struct espota_http_sockets *sockets)
{
    espota_http_sockets_unlisten(sockets);
    while (sockets->first != NULL)
        espota_http_sockets_remove(sockets->first);
    free(sockets->events);
    sockets->events = NULL;
}

void espota_http_sockets_add(struct espota_http_sockets *sockets, struct espota_http_socket *socket,
                             int fd)
{
    prepare(sockets, socket, fd);
    socket->next = sockets->first;
    if (socket->next != NULL)
        socket->next->previous = socket;
    sockets->first = socket;
    sockets->connections++;
}

void espota_http_sockets_remove(struct espota_http_socket *socket)
{
    struct espota_http_sockets *sockets = socket->sockets;

    if (sockets == NULL)
        return;
    espota_loop_unwatch(sockets->loop, &socket->watch);
    *(socket->previous != NULL ? &socket->previous->next : &sockets->first) = socket->next;
    if (socket->next != NULL)
        socket->next->previous = socket->previous;
    socket->sockets = NULL;
    sockets->connections--; /* it was counted when it was added */
}

void espota_http_sockets_unlisten(struct espota_http_sockets *sockets)
{
    espota_loop_unwatch(sockets->loop, &sockets->listener.watch);
    sockets->listener.watch.fd = -1;
}

void espota_http_sockets_run(struct espota_http_sockets *sockets)
{
    fd_set readable = sockets->events->readable;
    fd_set writable = sockets->events->writable;
    fd_set broken;

    FD_ZERO(&broken);
    FD_ZERO(&sockets->events->readable);
    FD_ZERO(&sockets->events->writable);
    (void)MHD_run_from_select(sockets->daemon, &readable, &writable, &broken);
    ask_all(sockets);
}
