/* SPDX-License-Identifier: MIT */
/*
 * BSD sockets with their corners taken off: nobody outside sees EINTR, SIGPIPE, an error that an
 * earlier datagram caused, or a descriptor that blocks or outlives an exec.
 */
#include "sys/net.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/net_platform.h"

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
    fd = socket(address->family == 4 ? AF_INET : AF_INET6, type, 0);
    if (fd < 0)
        return -1;
    espota_net_prepare(fd);
    if (espota_descriptor_prepare(fd) &&
        (address->family == 4 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0))
        return fd;
    espota_descriptor_close(&fd);
    return -1;
}

static bool bind_to(int fd, const struct espota_address *local)
{
    struct sockaddr_storage name;
    socklen_t length = espota_net_to_sockaddr(local, &name);

    return bind(fd, (const struct sockaddr *)&name, length) == 0;
}

/* No SO_REUSEADDR: with UDP two programs would share the port and split the answers. */
enum espota_status espota_udp_open(const struct espota_address *local, int *fd,
                                   struct espota_error *err)
{
    *fd = open_socket(local, SOCK_DGRAM);
    if (*fd >= 0 && bind_to(*fd, local))
        return ESPOTA_OK;
    espota_descriptor_close(fd);
    return failed(err, "UDP port", local);
}

enum espota_status espota_tcp_listen(const struct espota_address *local, int *fd,
                                     struct espota_error *err)
{
    const int on = 1;

    *fd = open_socket(local, SOCK_STREAM);
    /*
     * SO_REUSEADDR: with TCP it only forgives the connections of the last run that linger on
     * this port. The backlog is for a fleet that calls back at once.
     */
    if (*fd >= 0 && setsockopt(*fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
        bind_to(*fd, local) && listen(*fd, 4096) == 0)
        return ESPOTA_OK;
    espota_descriptor_close(fd);
    return failed(err, "TCP port", local);
}

enum espota_status espota_tcp_connect(const struct espota_address *local,
                                      const struct espota_address *peer, uint32_t window, int *fd,
                                      struct espota_error *err)
{
    struct sockaddr_storage name;
    socklen_t length = espota_net_to_sockaddr(peer, &name);

    *fd = open_socket(peer, SOCK_STREAM);
    if (*fd < 0)
        return failed(err, "cannot connect to", peer);
    if (window != 0)
        espota_socket_narrow(*fd, window);
    if (local != NULL && !bind_to(*fd, local)) {
        espota_descriptor_close(fd);
        return failed(err, "cannot connect from", local);
    }
    /* An interrupted connect goes on by itself, as one that would block. */
    if (connect(*fd, (const struct sockaddr *)&name, length) == 0 || errno == EINPROGRESS ||
        errno == EINTR)
        return ESPOTA_OK;
    espota_descriptor_close(fd);
    return failed(err, "cannot connect to", peer);
}

enum espota_status espota_socket_local(int fd, struct espota_address *out)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);

    *out = (struct espota_address){0};
    if (getsockname(fd, (struct sockaddr *)&name, &length) != 0)
        return ESPOTA_E_LOCAL;
    espota_address_from_os(&name, out);
    return out->family != 0 ? ESPOTA_OK : ESPOTA_E_LOCAL;
}

int espota_socket_error(int fd)
{
    int error = 0;
    socklen_t length = sizeof(error);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

void espota_socket_close(int *fd)
{
    espota_descriptor_close(fd);
}

enum espota_status espota_socket_send(int fd, const void *data, size_t length, size_t *done,
                                      int *os_error)
{
    ssize_t n;

    do
        n = send(fd, data, length, espota_net_send_flags);
    while (n < 0 && errno == EINTR);
    return espota_descriptor_outcome(n, done, os_error);
}

enum espota_status espota_socket_receive(int fd, void *data, size_t room, size_t *done,
                                         int *os_error)
{
    ssize_t n;

    do
        n = recv(fd, data, room, 0);
    while (n < 0 && errno == EINTR);
    return espota_descriptor_outcome(n, done, os_error);
}

enum espota_status espota_socket_send_to(int fd, const void *data, size_t length,
                                         const struct espota_address *to, int *os_error)
{
    struct sockaddr_storage name;
    socklen_t name_length = espota_net_to_sockaddr(to, &name);
    enum espota_status status = ESPOTA_E_BROKEN;
    size_t done;

    for (int i = 0; i <= STALE_ERRORS && status == ESPOTA_E_BROKEN; i++) {
        ssize_t n;

        do
            n = sendto(fd, data, length, espota_net_send_flags, (const struct sockaddr *)&name,
                       name_length);
        while (n < 0 && errno == EINTR);
        status = espota_descriptor_outcome(n, &done, os_error);
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
    for (int i = 0; i <= STALE_ERRORS && status == ESPOTA_E_BROKEN; i++) {
        struct sockaddr_storage name = {0};
        socklen_t length = sizeof(name);
        ssize_t n;

        do
            n = recvfrom(fd, data, room, 0, (struct sockaddr *)&name, &length);
        while (n < 0 && errno == EINTR);
        status = espota_descriptor_outcome(n, done, os_error);
        if (status == ESPOTA_OK)
            espota_address_from_os(&name, from);
    }
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
        struct sockaddr_storage name = {0};
        socklen_t length = sizeof(name);

        *fd = accept(listener, (struct sockaddr *)&name, &length);
        if (*fd >= 0 && espota_descriptor_prepare(*fd)) {
            espota_net_prepare(*fd);
            espota_address_from_os(&name, peer);
            return ESPOTA_OK;
        }
        *os_error = errno;
        espota_descriptor_close(fd);
        status = accept_failed(*os_error);
    }
    return status == ESPOTA_OK ? ESPOTA_MORE : status; /* more of the same in the next turn */
}

void espota_socket_shutdown(int fd)
{
    (void)shutdown(fd, SHUT_RDWR);
}

void espota_socket_no_delay(int fd)
{
    const int on = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

void espota_socket_reset_on_close(int fd)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

size_t espota_open_files_limit(size_t wanted)
{
    struct rlimit limit;
    rlim_t old;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return 0;
    old = limit.rlim_cur;
    if (old < wanted) {
        limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
        if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
            limit.rlim_cur = old;
    }
    return limit.rlim_cur < SIZE_MAX ? (size_t)limit.rlim_cur : SIZE_MAX;
}

void espota_host_own_name(char *out, size_t room)
{
    if (room == 0)
        return;
    if (gethostname(out, room) != 0)
        out[0] = '\0';
    out[room - 1] = '\0'; /* POSIX leaves open whether a cut one is terminated */
}
