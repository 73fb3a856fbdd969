/* SPDX-License-Identifier: MIT */
/*
 * How libmicrohttpd's sockets get into our loop: server_epoll.c where there is epoll,
 * server_select.c elsewhere. Of this room alone.
 */
#ifndef ESPOTA_HTTP_SERVER_SOCKETS_H
#define ESPOTA_HTTP_SERVER_SOCKETS_H

#include <stddef.h>

#include "lazy/mhd.h"
#include "sys/sys.h"

struct espota_http_sockets;

/* A connection's, part of the caller's own. */
struct espota_http_socket {
    struct espota_watch watch;
    struct espota_http_sockets *sockets;
    struct espota_http_socket *next;
    struct espota_http_socket *previous;
};

/* For MHD_start_daemon. */
extern const unsigned espota_http_sockets_flags;
/* Numbers of descriptors that libmicrohttpd can take are below this. */
extern const size_t espota_http_sockets_below;

/*
 * Of a daemon that has just been started for `listener` and takes `most` connections at a time.
 * `ready` is called in turns of the loop in which there is something for run to do.
 */
enum espota_status espota_http_sockets_create(struct espota_loop *loop, struct MHD_Daemon *daemon,
                                              int listener, unsigned most,
                                              void (*ready)(void *context), void *context,
                                              struct espota_http_sockets **out,
                                              struct espota_error *err) ESPOTA_MUST_CHECK;
/* Before the daemon is stopped. The connections may be removed later. NULL is fine. */
void espota_http_sockets_destroy(struct espota_http_sockets *sockets);

/* From the daemon's calls: one that came, one that goes. */
void espota_http_sockets_add(struct espota_http_sockets *sockets, struct espota_http_socket *socket,
                             int fd);
void espota_http_sockets_remove(struct espota_http_socket *socket);
/* Before the listener is closed. */
void espota_http_sockets_unlisten(struct espota_http_sockets *sockets);

/* Lets the daemon do what is ready; then what it waits for is watched. */
void espota_http_sockets_run(struct espota_http_sockets *sockets);

#endif
