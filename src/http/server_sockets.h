/* SPDX-License-Identifier: MIT */
/*
 * How libmicrohttpd's sockets get into our loop: epoll_mhd.c where there is epoll,
 * select_mhd.c elsewhere. Of this room alone.
 */
#ifndef ESPOTA_HTTP_SERVER_SOCKETS_H
#define ESPOTA_HTTP_SERVER_SOCKETS_H

#include <stddef.h>

#include "sys/sys.h"

struct MHD_Daemon;
struct espota_http_sockets;

/* A connection's, part of the caller's own. */
struct espota_http_socket {
    struct espota_watch watch;
    struct espota_http_sockets *sockets;
    struct espota_http_socket *next;
    struct espota_http_socket *previous;
};

/* Part of the server. Set the first five; the rest is 0. */
struct espota_http_sockets {
    struct espota_loop *loop;
    struct MHD_Daemon *daemon;
    void (*ready)(void *context); /* in turns of the loop in which there is something to run for */
    void *context;
    unsigned most;                      /* connections that the daemon takes at a time */
    struct espota_http_socket listener; /* with epoll: the set of all */
    struct espota_http_socket *first;   /* of the connections; without epoll, as all that follows */
    unsigned connections;
    struct select_events *events;
};

/* For MHD_start_daemon. */
extern const unsigned espota_http_sockets_flags;
/* Numbers of descriptors that libmicrohttpd can take are below this. */
extern const size_t espota_http_sockets_below;

/* Of a daemon that has just been started for `listener`. */
enum espota_status espota_http_sockets_init(struct espota_http_sockets *sockets, int listener,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;
/* Before the daemon is stopped. The connections may be removed later. Harmless after an init that
 * failed. */
void espota_http_sockets_deinit(struct espota_http_sockets *sockets);

/* From the daemon's calls: one that came, one that goes. */
void espota_http_sockets_add(struct espota_http_sockets *sockets, struct espota_http_socket *socket,
                             int fd);
void espota_http_sockets_remove(struct espota_http_socket *socket);
/* Before the listener is closed. */
void espota_http_sockets_unlisten(struct espota_http_sockets *sockets);

/* Lets the daemon do what is ready; then what it waits for is watched. */
void espota_http_sockets_run(struct espota_http_sockets *sockets);

#endif
