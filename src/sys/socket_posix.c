/* SPDX-License-Identifier: MIT */
#include "sys/sockets.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/net_platform.h"

/* -1 stays -1, with its errno. */
static int prepared(int fd)
{
    if (fd < 0)
        return -1;
    espota_net_prepare(fd);
    if (!espota_descriptor_prepare(fd))
        espota_socket_close(&fd);
    return fd;
}

int espota_os_socket(int family, int type)
{
    return prepared(socket(family, type, 0));
}

/*
 * SO_REUSEADDR: with TCP it only forgives the connections of the last run that linger on this
 * port. With UDP two programs would share the port and split the answers.
 */
bool espota_os_own_port(int fd, int type)
{
    const int on = 1;

    return type != SOCK_STREAM || espota_os_set(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
}

bool espota_os_bind(int fd, const struct espota_address *local)
{
    struct sockaddr_storage name;
    socklen_t length = espota_net_to_sockaddr(local, &name);

    return bind(fd, (const struct sockaddr *)&name, length) == 0;
}

bool espota_os_listen(int fd, int backlog)
{
    return listen(fd, backlog) == 0;
}

/* An interrupted connect goes on by itself, as one that would block. */
bool espota_os_connect(int fd, const struct espota_address *peer)
{
    struct sockaddr_storage name;
    socklen_t length = espota_net_to_sockaddr(peer, &name);

    return connect(fd, (const struct sockaddr *)&name, length) == 0 || errno == EINPROGRESS ||
           errno == EINTR;
}

int espota_os_accept(int listener, struct espota_address *peer)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);
    int fd = prepared(accept(listener, (struct sockaddr *)&name, &length));

    espota_address_from_os(&name, peer);
    return fd;
}

bool espota_os_set(int fd, int level, int option, const void *value, size_t length)
{
    return setsockopt(fd, level, option, value, (socklen_t)length) == 0;
}

bool espota_os_get(int fd, int level, int option, int *value)
{
    socklen_t length = sizeof(*value);

    return getsockopt(fd, level, option, value, &length) == 0;
}

int espota_socket_error(int fd)
{
    int error = 0;

    return espota_os_get(fd, SOL_SOCKET, SO_ERROR, &error) ? error : errno;
}

bool espota_os_local(int fd, struct espota_address *out)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);
    bool told = getsockname(fd, (struct sockaddr *)&name, &length) == 0;

    espota_address_from_os(&name, out);
    return told;
}

void espota_os_shutdown(int fd)
{
    (void)shutdown(fd, SHUT_RDWR);
}

void espota_socket_close(int *fd)
{
    espota_descriptor_close(fd);
}

long espota_os_send(int fd, const void *data, size_t length)
{
    ssize_t n;

    do
        n = send(fd, data, length, espota_net_send_flags);
    while (n < 0 && errno == EINTR);
    return n;
}

long espota_os_receive(int fd, void *data, size_t room)
{
    ssize_t n;

    do
        n = recv(fd, data, room, 0);
    while (n < 0 && errno == EINTR);
    return n;
}

long espota_os_send_to(int fd, const void *data, size_t length, const struct espota_address *to)
{
    struct sockaddr_storage name;
    socklen_t name_length = espota_net_to_sockaddr(to, &name);
    ssize_t n;

    do
        n = sendto(fd, data, length, espota_net_send_flags, (const struct sockaddr *)&name,
                   name_length);
    while (n < 0 && errno == EINTR);
    return n;
}

long espota_os_receive_from(int fd, void *data, size_t room, struct espota_address *from)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);
    ssize_t n;

    do
        n = recvfrom(fd, data, room, 0, (struct sockaddr *)&name, &length);
    while (n < 0 && errno == EINTR);
    if (n >= 0)
        espota_address_from_os(&name, from);
    return n;
}

enum espota_status espota_os_outcome(long result, size_t *done, int *os_error)
{
    return espota_descriptor_outcome(result, done, os_error);
}

int espota_os_poll(struct pollfd *items, size_t count, int timeout_ms)
{
    return poll(items, (nfds_t)count, timeout_ms);
}

int espota_os_look_up(const char *host, const struct addrinfo *hints, struct addrinfo **list)
{
    switch (getaddrinfo(host, NULL, hints, list)) {
    case 0:
        return 0;
    case EAI_MEMORY:
        return ENOMEM;
    case EAI_SYSTEM:
        return errno != 0 ? errno : EIO;
    case EAI_AGAIN:
        return EAGAIN;
    default:
        return ENOENT;
    }
}

void espota_os_scope_name(uint32_t index, char *out, size_t room)
{
    char name[IF_NAMESIZE];

    if (if_indextoname(index, name) != NULL)
        snprintf(out, room, "%s", name);
    else
        snprintf(out, room, "%u", (unsigned)index);
}

uint32_t espota_os_scope_index(const char *name)
{
    return if_nametoindex(name);
}

void espota_host_own_name(char *out, size_t room)
{
    if (room == 0)
        return;
    if (gethostname(out, room) != 0)
        out[0] = '\0';
    out[room - 1] = '\0'; /* POSIX leaves open whether a cut one is terminated */
}
