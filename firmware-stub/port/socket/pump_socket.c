/* SPDX-License-Identifier: MIT */
/* The pump's functions on two sockets, and the sleep between. */
#include <string.h>

#include "espota_sockets.h"
#include "port/socket/socket.h"

enum {
    LEAVE_MS = 2000, /* how long the host may take to close, once it has heard the last words */
    FOREVER = ESPOTA_PUMP_FOREVER,
};

static void close_socket(int *fd)
{
    if (*fd >= 0)
        (void)ESPOTA_SOCKET(close)(*fd);
    *fd = -1;
}

static int open_socket(int type)
{
    int fd = ESPOTA_SOCKET(socket)(AF_INET, type, 0);
    int flags = fd >= 0 ? ESPOTA_SOCKET(fcntl)(fd, F_GETFL, 0) : -1;

    if (flags < 0 || ESPOTA_SOCKET(fcntl)(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        close_socket(&fd);
    return fd;
}

static bool not_yet(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINPROGRESS || errno == EALREADY ||
           errno == EINTR || errno == ENOBUFS || errno == ENOMEM;
}

static struct sockaddr_in address_of(const struct espota_peer *peer)
{
    struct sockaddr_in address;

    memset(&address, 0, sizeof(address));
    address.sin_family = AF_INET;
    address.sin_port = htons(peer->port);
    memcpy(&address.sin_addr, peer->address, sizeof(address.sin_addr));
    return address;
}

/* --- datagrams --- */

static enum espota_status udp_receive(void *context, void *data, size_t room, size_t *length,
                                      struct espota_peer *from)
{
    struct espota_socket *port = context;
    struct sockaddr_in address;
    socklen_t size = sizeof(address);
    ssize_t got = ESPOTA_SOCKET(recvfrom)(port->udp, data, room, 0,
                                          (struct sockaddr *)(void *)&address, &size);

    *length = 0;
    if (got < 0 || size < sizeof(address) || address.sin_family != AF_INET)
        return ESPOTA_MORE;
    *length = (size_t)got; /* not negative, see above */
    memset(from, 0, sizeof(*from));
    memcpy(from->address, &address.sin_addr, sizeof(address.sin_addr));
    from->port = ntohs(address.sin_port);
    return ESPOTA_OK;
}

static enum espota_status udp_send(void *context, const void *data, size_t length,
                                   const struct espota_peer *to)
{
    struct espota_socket *port = context;
    struct sockaddr_in address = address_of(to);

    if (ESPOTA_SOCKET(sendto)(port->udp, data, length, 0, (struct sockaddr *)(void *)&address,
                              sizeof(address)) >= 0)
        return ESPOTA_OK;
    return not_yet() ? ESPOTA_MORE : ESPOTA_E_FAILED;
}

/* --- the connection --- */

/* Whether a connect that began is over, without a wait. */
static enum espota_status connected(struct espota_socket *port)
{
    struct ESPOTA_SOCKET(pollfd) watch = {.fd = port->tcp, .events = ESPOTA_SOCKET_OUT};
    int error = 0;
    socklen_t size = sizeof(error);

    if (ESPOTA_SOCKET(poll)(&watch, 1, 0) == 0)
        return ESPOTA_MORE;
    /* which Zephyr before 3.5 does not have; `error` stays 0 */
    (void)ESPOTA_SOCKET(getsockopt)(port->tcp, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0 &&
        (watch.revents & (ESPOTA_SOCKET_OUT | ESPOTA_SOCKET_FAULT)) == ESPOTA_SOCKET_OUT)
        return ESPOTA_OK;
    close_socket(&port->tcp);
    return ESPOTA_E_FAILED;
}

static enum espota_status connect_to(void *context, const struct espota_peer *to)
{
    struct espota_socket *port = context;
    struct sockaddr_in address = address_of(to);
    int on = 1;

    if (port->tcp >= 0)
        return connected(port);
    close_socket(&port->leaving); /* there may be no more than one left */
    port->tcp = open_socket(SOCK_STREAM);
    if (port->tcp < 0)
        return ESPOTA_E_FAILED;
    /* only faster with it */
    (void)ESPOTA_SOCKET(setsockopt)(port->tcp, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (ESPOTA_SOCKET(connect)(port->tcp, (struct sockaddr *)(void *)&address, sizeof(address)) ==
        0)
        return ESPOTA_OK;
    if (not_yet())
        return ESPOTA_MORE;
    close_socket(&port->tcp);
    return ESPOTA_E_FAILED;
}

static enum espota_status receive(void *context, void *data, size_t room, size_t *length)
{
    struct espota_socket *port = context;
    ssize_t got = ESPOTA_SOCKET(recv)(port->tcp, data, room, 0);

    *length = 0;
    if (got < 0)
        return not_yet() ? ESPOTA_MORE : ESPOTA_E_BROKEN;
    *length = (size_t)got; /* not negative, see above */
    return ESPOTA_OK;
}

static enum espota_status send_to(void *context, const void *data, size_t length, size_t *sent)
{
    struct espota_socket *port = context;
    ssize_t took = ESPOTA_SOCKET(send)(port->tcp, data, length, 0);

    *sent = 0;
    if (took <= 0)
        return took == 0 || not_yet() ? ESPOTA_MORE : ESPOTA_E_BROKEN;
    *sent = (size_t)took; /* positive, see above */
    return ESPOTA_OK;
}

/* Bytes that nobody reads would make a reset of the close, and that destroys what was said: the
 * socket stays until the host has closed as well. */
static void close_it(void *context)
{
    struct espota_socket *port = context;

    /* a stack that cannot do one half waits for the host or the time */
    (void)ESPOTA_SOCKET(shutdown)(port->tcp, ESPOTA_SOCKET_SEND);
    port->leaving = port->tcp;
    port->leave_at = port->board->now(port->board->context) + LEAVE_MS;
    port->tcp = -1;
}

/* --- the board --- */

static uint64_t now(void *context)
{
    const struct espota_socket *port = context;

    return port->board->now(port->board->context);
}

static void reboot(void *context)
{
    struct espota_socket *port = context;

    port->restart = true;
}

static void log_line(void *context, const char *line)
{
    const struct espota_socket *port = context;

    if (port->board->log != NULL)
        port->board->log(port->board->context, line);
}

/* --- running --- */

/* The milliseconds that the last connection may still take; FOREVER: there is none. */
static int32_t see_off(struct espota_socket *port)
{
    uint64_t time = now(port);
    uint8_t dropped[64];
    ssize_t got = 1;

    if (port->leaving < 0)
        return FOREVER;
    while (got > 0)
        got = ESPOTA_SOCKET(recv)(port->leaving, dropped, sizeof(dropped), 0);
    if (got < 0 && not_yet() && time < port->leave_at)
        return (int32_t)(port->leave_at - time); /* at most LEAVE_MS */
    close_socket(&port->leaving);
    return FOREVER;
}

static int32_t sooner(int32_t a, int32_t b)
{
    if (a < 0 || b < 0)
        return a < 0 ? b : a;
    return a < b ? a : b;
}

static void sleep_until_more(struct espota_socket *port, int32_t wait)
{
    unsigned want = espota_pump_want(&port->pump);
    struct ESPOTA_SOCKET(pollfd) watch[3] = {{.fd = port->udp, .events = ESPOTA_SOCKET_IN}};
    unsigned count = 1;

    if (port->tcp >= 0) {
        watch[count].fd = port->tcp;
        if ((want & ESPOTA_WANT_STREAM_IN) != 0)
            watch[count].events |= ESPOTA_SOCKET_IN;
        if ((want & (ESPOTA_WANT_CONNECT | ESPOTA_WANT_STREAM_OUT)) != 0)
            watch[count].events |= ESPOTA_SOCKET_OUT;
        count += watch[count].events != 0;
    }
    if (port->leaving >= 0) {
        watch[count].fd = port->leaving;
        watch[count].events = ESPOTA_SOCKET_IN;
        count++;
    }
    (void)ESPOTA_SOCKET(poll)(watch, count, (int)wait); /* the next round asks each of them */
}

void espota_socket_run(struct espota_socket *port, int32_t limit)
{
    int32_t wait = espota_pump_run(&port->pump);
    int32_t leaving = see_off(port);

    if (port->restart && port->leaving < 0) {
        port->restart = false;
        if (port->board->reboot != NULL)
            port->board->reboot(port->board->context);
    }
    sleep_until_more(port, sooner(sooner(wait, leaving), limit));
}

enum espota_status espota_socket_init(struct espota_socket *port,
                                      const struct espota_socket_board *board,
                                      const struct espota_receiver_config *config,
                                      uint16_t udp_port)
{
    struct espota_peer any = {.port = udp_port};
    struct sockaddr_in address = address_of(&any);

    memset(port, 0, sizeof(*port));
    port->tcp = port->leaving = -1;
    port->udp = open_socket(SOCK_DGRAM);
    if (port->udp < 0)
        return ESPOTA_E_LOCAL;
    if (ESPOTA_SOCKET(bind)(port->udp, (struct sockaddr *)(void *)&address, sizeof(address)) != 0) {
        close_socket(&port->udp);
        return ESPOTA_E_LOCAL;
    }
    port->board = board;
    port->ops = (struct espota_pump_ops){
        .context = port,
        .udp_receive = udp_receive,
        .udp_send = udp_send,
        .tcp_connect = connect_to,
        .tcp_receive = receive,
        .tcp_send = send_to,
        .tcp_close = close_it,
        .now = now,
        .reboot = reboot,
        .log = log_line,
    };
    espota_pump_init(&port->pump, &port->ops, config);
    return ESPOTA_OK;
}

void espota_socket_deinit(struct espota_socket *port)
{
    espota_pump_deinit(&port->pump);
    close_socket(&port->leaving);
    close_socket(&port->udp);
    memset(port, 0, sizeof(*port));
}
