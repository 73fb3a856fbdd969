/* SPDX-License-Identifier: MIT */
/*
 * Sockets with their corners taken off: nobody outside sees EINTR, SIGPIPE, an error that an
 * earlier datagram caused, or a descriptor that blocks or outlives an exec. What systems do
 * differently is behind sockets.h.
 */
#include "sys/net.h"

#include <errno.h>

#include "sys/sockets.h"

/*
 * An unconnected UDP socket reports an error that an earlier datagram to somebody else caused,
 * once, in place of what it was asked for. So a call counts as failed only when it goes on
 * failing.
 */
enum { STALE_ERRORS = 4 };

/* Callers who hung up before they were accepted, passed over in one go. */
enum { ACCEPT_TRIES = 64 };

static enum espota_status failed(struct espota_error *err, const char *what,
                                 const struct espota_address *address)
{
    int os_error = errno;
    char text[ESPOTA_ADDRESS_TEXT];

    espota_address_format(address, true, text);
    if (os_error == EADDRINUSE)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "%s %s is in use by another program; take another port or stop it",
                                what, text);
    if (os_error == EADDRNOTAVAIL)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s %s: that is no address of this machine",
                                what, text);
    if (os_error == EACCES && address->port != 0 && address->port < 1024)
        return espota_error_set(
            err, ESPOTA_E_LOCAL,
            "%s %s: ports below 1024 need root (or CAP_NET_BIND_SERVICE); take a higher one", what,
            text);
    if (os_error == EAFNOSUPPORT)
        return espota_error_set(err, ESPOTA_E_LOCAL, "%s %s: this machine has no IPv%u", what, text,
                                address->family);
    return espota_error_errno(err, ESPOTA_E_LOCAL, os_error, "%s %s", what, text);
}

/* A prepared socket of the address's family; -1 with errno. */
static int open_socket(const struct espota_address *address, int type)
{
    const int on = 1;
    int fd;

    if (address->family != 4 && address->family != 6) {
        errno = EINVAL;
        return -1;
    }
    fd = espota_os_socket(address->family == 4 ? AF_INET : AF_INET6, type);
    if (fd < 0 || address->family == 4 ||
        espota_os_set(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)))
        return fd;
    espota_socket_close(&fd);
    return -1;
}

static bool open_port(const struct espota_address *local, int type, int *fd)
{
    *fd = open_socket(local, type);
    return *fd >= 0 && espota_os_own_port(*fd, type) && espota_os_bind(*fd, local);
}

enum espota_status espota_udp_open(const struct espota_address *local, int *fd,
                                   struct espota_error *err)
{
    if (open_port(local, SOCK_DGRAM, fd))
        return ESPOTA_OK;
    espota_socket_close(fd);
    return failed(err, "UDP port", local);
}

enum espota_status espota_tcp_listen(const struct espota_address *local, int *fd,
                                     struct espota_error *err)
{
    /* The backlog is for a fleet that calls back at once. */
    if (open_port(local, SOCK_STREAM, fd) && espota_os_listen(*fd, 4096))
        return ESPOTA_OK;
    espota_socket_close(fd);
    return failed(err, "TCP port", local);
}

enum espota_status espota_tcp_connect(const struct espota_address *local,
                                      const struct espota_address *peer, uint32_t window, int *fd,
                                      struct espota_error *err)
{
    *fd = open_socket(peer, SOCK_STREAM);
    if (*fd < 0)
        return failed(err, "cannot connect to", peer);
    if (window != 0)
        espota_socket_narrow(*fd, window);
    if (local != NULL && !espota_os_bind(*fd, local)) {
        espota_socket_close(fd);
        return failed(err, "cannot connect from", local);
    }
    if (espota_os_connect(*fd, peer))
        return ESPOTA_OK;
    espota_socket_close(fd);
    return failed(err, "cannot connect to", peer);
}

enum espota_status espota_socket_local(int fd, struct espota_address *out)
{
    return espota_os_local(fd, out) && out->family != 0 ? ESPOTA_OK : ESPOTA_E_LOCAL;
}

enum espota_status espota_socket_send(int fd, const void *data, size_t length, size_t *done,
                                      int *os_error)
{
    return espota_os_outcome(espota_os_send(fd, data, length), done, os_error);
}

enum espota_status espota_socket_receive(int fd, void *data, size_t room, size_t *done,
                                         int *os_error)
{
    return espota_os_outcome(espota_os_receive(fd, data, room), done, os_error);
}

enum espota_status espota_socket_send_to(int fd, const void *data, size_t length,
                                         const struct espota_address *to, int *os_error)
{
    enum espota_status status = ESPOTA_E_BROKEN;
    size_t done;

    for (int i = 0; i <= STALE_ERRORS && status == ESPOTA_E_BROKEN; i++) {
        status = espota_os_outcome(espota_os_send_to(fd, data, length, to), &done, os_error);
        if (*os_error == ENOBUFS) /* the interface's queue is full, which passes */
            return ESPOTA_MORE;
    }
    return status;
}

enum espota_status espota_socket_receive_from(int fd, void *data, size_t room, size_t *done,
                                              struct espota_address *from, int *os_error)
{
    enum espota_status status = ESPOTA_E_BROKEN;

    *done = 0;
    *from = (struct espota_address){0};
    for (int i = 0; i <= STALE_ERRORS && status == ESPOTA_E_BROKEN; i++)
        status = espota_os_outcome(espota_os_receive_from(fd, data, room, from), done, os_error);
    return status;
}

/* What a failed accept means: OK stands for "that caller is gone, ask for the next". */
static enum espota_status accept_failed(int error)
{
    switch (error) {
    case EAGAIN:
#if EWOULDBLOCK != EAGAIN
    case EWOULDBLOCK:
#endif
        return ESPOTA_MORE;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        return ESPOTA_E_LOCAL;
    case EBADF:
    case EINVAL:
    case ENOTSOCK:
    case EFAULT:
        return ESPOTA_E_BROKEN;
    default:
        return ESPOTA_OK;
    }
}

enum espota_status espota_socket_accept(int listener, int *fd, struct espota_address *peer,
                                        int *os_error)
{
    enum espota_status status = ESPOTA_OK;

    *fd = -1;
    *peer = (struct espota_address){0};
    for (int i = 0; i < ACCEPT_TRIES && status == ESPOTA_OK; i++) {
        *fd = espota_os_accept(listener, peer);
        if (*fd >= 0)
            return ESPOTA_OK;
        *os_error = errno;
        status = accept_failed(*os_error);
    }
    return status == ESPOTA_OK ? ESPOTA_MORE : status; /* more of the same in the next turn */
}

void espota_socket_shutdown(int fd)
{
    espota_os_shutdown(fd);
}

void espota_socket_no_delay(int fd)
{
    const int on = 1;

    (void)espota_os_set(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void espota_socket_reset_on_close(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    (void)espota_os_set(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}
