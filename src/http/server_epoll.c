/* SPDX-License-Identifier: MIT */
/* libmicrohttpd has a set of its own, and that is one descriptor for our loop. */
#include "http/server_sockets.h"

#include <stdint.h>
#include <stdlib.h>

const unsigned espota_http_sockets_flags = MHD_USE_EPOLL;
const size_t espota_http_sockets_below = SIZE_MAX;

struct espota_http_sockets {
    struct espota_loop *loop;
    struct MHD_Daemon *daemon;
    struct espota_watch watch;
    void (*ready)(void *context);
    void *context;
};

static void set_ready(void *context, unsigned events)
{
    struct espota_http_sockets *sockets = context;

    (void)events;
    sockets->ready(sockets->context);
}

enum espota_status espota_http_sockets_create(struct espota_loop *loop, struct MHD_Daemon *daemon,
                                              int listener, unsigned most,
                                              void (*ready)(void *context), void *context,
                                              struct espota_http_sockets **out,
                                              struct espota_error *err)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD);
    struct espota_http_sockets *sockets = calloc(1, sizeof(*sockets));
    enum espota_status status = ESPOTA_OK;

    (void)listener, (void)most; /* the set has it; the daemon counts */
    *out = NULL;
    if (sockets == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    *sockets = (struct espota_http_sockets){
        .loop = loop, .daemon = daemon, .ready = ready, .context = context};
    if (info == NULL)
        status = espota_error_set(err, ESPOTA_E_LOCAL, "libmicrohttpd has no epoll here");
    else
        sockets->watch = (struct espota_watch){.fd = info->epoll_fd,
                                               .events = ESPOTA_READABLE,
                                               .ready = set_ready,
                                               .context = sockets};
    if (status == ESPOTA_OK)
        status = espota_loop_watch(loop, &sockets->watch, err);
    if (status == ESPOTA_OK)
        *out = sockets;
    else
        free(sockets);
    return status;
}

void espota_http_sockets_destroy(struct espota_http_sockets *sockets)
{
    if (sockets != NULL)
        espota_loop_unwatch(sockets->loop, &sockets->watch);
    free(sockets);
}

void espota_http_sockets_add(struct espota_http_sockets *sockets, struct espota_http_socket *socket,
                             int fd)
{
    (void)sockets, (void)socket, (void)fd;
}

void espota_http_sockets_remove(struct espota_http_socket *socket)
{
    (void)socket;
}

void espota_http_sockets_unlisten(struct espota_http_sockets *sockets)
{
    (void)sockets;
}

void espota_http_sockets_run(struct espota_http_sockets *sockets)
{
    (void)MHD_run(sockets->daemon);
}
