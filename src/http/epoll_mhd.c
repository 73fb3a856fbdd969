/* SPDX-License-Identifier: MIT */
/* libmicrohttpd has a set of its own, and that is one descriptor for our loop. */
#include "http/server_sockets.h"

#include <stdint.h>

#include "lazy/mhd.h"

const unsigned espota_http_sockets_flags = MHD_USE_EPOLL;
const size_t espota_http_sockets_below = SIZE_MAX;

static void set_ready(void *context, unsigned events)
{
    struct espota_http_sockets *sockets = context;

    (void)events;
    sockets->ready(sockets->context);
}

enum espota_status espota_http_sockets_init(struct espota_http_sockets *sockets, int listener,
                                            struct espota_error *err)
{
    const union MHD_DaemonInfo *info =
        MHD_get_daemon_info(sockets->daemon, MHD_DAEMON_INFO_EPOLL_FD);

    (void)listener; /* the set has it */
    if (info == NULL)
        return espota_error_set(err, ESPOTA_E_LOCAL, "libmicrohttpd has no epoll here");
    sockets->listener.watch = (struct espota_watch){
        .fd = info->epoll_fd, .events = ESPOTA_READABLE, .ready = set_ready, .context = sockets};
    return espota_loop_watch(sockets->loop, &sockets->listener.watch, err);
}

void espota_http_sockets_deinit(struct espota_http_sockets *sockets)
{
    espota_loop_unwatch(sockets->loop, &sockets->listener.watch);
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
