/* SPDX-License-Identifier: MIT */
/*
 * Winsock told as POSIX: errno for WSAGetLastError, MORE for what would block, and a datagram that
 * is too long is cut. A signal interrupts nothing here, and none comes of a peer that is gone.
 */
#include "sys/sockets.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "sys/refused_windows.h"

static const struct {
    int windows, posix;
} errors[] = {
    {WSAEWOULDBLOCK, EAGAIN},
    {WSAEINTR, EINTR},
    {WSAEBADF, EBADF},
    {WSAEACCES, EACCES},
    {WSAEFAULT, EFAULT},
    {WSAEINVAL, EINVAL},
    {WSAEMFILE, EMFILE},
    {WSAEINPROGRESS, EINPROGRESS},
    {WSAEALREADY, EALREADY},
    {WSAENOTSOCK, ENOTSOCK},
    {WSAEDESTADDRREQ, EDESTADDRREQ},
    {WSAEMSGSIZE, EMSGSIZE},
    {WSAENOPROTOOPT, ENOPROTOOPT},
    {WSAEPROTONOSUPPORT, EPROTONOSUPPORT},
    {WSAEOPNOTSUPP, EOPNOTSUPP},
    {WSAEAFNOSUPPORT, EAFNOSUPPORT},
    {WSAEADDRINUSE, EADDRINUSE},
    {WSAEADDRNOTAVAIL, EADDRNOTAVAIL},
    {WSAENETDOWN, ENETDOWN},
    {WSAENETUNREACH, ENETUNREACH},
    {WSAENETRESET, ENETRESET},
    {WSAECONNABORTED, ECONNABORTED},
    {WSAECONNRESET, ECONNRESET},
    {WSAENOBUFS, ENOBUFS},
    {WSAEISCONN, EISCONN},
    {WSAENOTCONN, ENOTCONN},
    {WSAESHUTDOWN, EPIPE},
    {WSAETIMEDOUT, ETIMEDOUT},
    {WSAECONNREFUSED, ECONNREFUSED},
    {WSAEHOSTDOWN, EHOSTUNREACH},
    {WSAEHOSTUNREACH, EHOSTUNREACH},
    {WSA_NOT_ENOUGH_MEMORY, ENOMEM},
    {WSAHOST_NOT_FOUND, ENOENT},
    {WSANO_DATA, ENOENT},
    {WSATRY_AGAIN, EAGAIN},
};

/* What no errno tells is the system's own number, below 0: espota_os_text knows it. */
static int to_errno(int error)
{
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (errors[i].windows == error)
            return errors[i].posix;
    return -error;
}

static bool fails(void)
{
    errno = to_errno(WSAGetLastError());
    return false;
}

long espota_os_failed(void)
{
    (void)fails();
    return -1;
}

static long result(int value)
{
    return value != SOCKET_ERROR ? value : espota_os_failed();
}

static BOOL CALLBACK start(PINIT_ONCE once, void *parameter, void **context)
{
    WSADATA about;

    (void)once;
    (void)parameter;
    (void)context;
    return WSAStartup(MAKEWORD(2, 2), &about) == 0;
}

/* Before the first call of all; never undone, since a program ends with it. */
static void begin(void)
{
    static INIT_ONCE once = INIT_ONCE_STATIC_INIT;

    (void)InitOnceExecuteOnce(&once, start, NULL, NULL);
}

/* INVALID_SOCKET becomes -1 with errno. */
static int prepared(SOCKET socket)
{
    u_long on = 1;

    if (socket == INVALID_SOCKET) {
        (void)fails();
        return -1;
    }
    if (ioctlsocket(socket, (long)FIONBIO, &on) == 0)
        return (int)socket;
    (void)fails();
    closesocket(socket);
    return -1;
}

/*
 * Windows lets a receive fail because nobody listens where an earlier datagram went, without a
 * word on which of them it was; only who asks for it wants that.
 */
static void quieten(int fd)
{
    BOOL report = FALSE;
    DWORD length;

    (void)WSAIoctl((SOCKET)fd, SIO_UDP_CONNRESET, &report, sizeof(report), NULL, 0, &length, NULL,
                   NULL);
}

int espota_os_socket(int family, int type)
{
    int fd;

    begin();
    fd = prepared(
        WSASocketW(family, type, 0, NULL, 0, WSA_FLAG_OVERLAPPED | WSA_FLAG_NO_HANDLE_INHERIT));
    if (fd >= 0 && type == SOCK_DGRAM)
        quieten(fd);
    return fd;
}

/* SO_REUSEADDR would let anybody take the port away; what lingers does not hold it here. */
bool espota_os_own_port(int fd, int type)
{
    const BOOL on = TRUE;

    (void)type;
    return espota_os_set(fd, SOL_SOCKET, SO_EXCLUSIVEADDRUSE, &on, sizeof(on));
}

/* A port that another program has for itself is "forbidden" here. */
bool espota_os_bind(int fd, const struct espota_address *local)
{
    struct sockaddr_storage name;
    socklen_t length = espota_net_to_sockaddr(local, &name);

    if (bind((SOCKET)fd, (const struct sockaddr *)&name, length) == 0)
        return true;
    (void)fails();
    if (errno == EACCES)
        errno = EADDRINUSE;
    return false;
}

bool espota_os_listen(int fd, int backlog)
{
    return listen((SOCKET)fd, backlog) == 0 || fails();
}

bool espota_os_connect(int fd, const struct espota_address *peer)
{
    struct sockaddr_storage name;
    socklen_t length = espota_net_to_sockaddr(peer, &name);

    return connect((SOCKET)fd, (const struct sockaddr *)&name, length) == 0 ||
           WSAGetLastError() == WSAEWOULDBLOCK || fails();
}

int espota_os_accept(int listener, struct espota_address *peer)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);
    SOCKET taken = accept((SOCKET)listener, (struct sockaddr *)&name, &length);
    int fd = prepared(taken);

    if (fd >= 0)
        (void)SetHandleInformation((HANDLE)taken, HANDLE_FLAG_INHERIT, 0);
    espota_address_from_os(&name, peer);
    return fd;
}

bool espota_os_set(int fd, int level, int option, const void *value, size_t length)
{
    return setsockopt((SOCKET)fd, level, option, value, (socklen_t)length) == 0 || fails();
}

bool espota_os_get(int fd, int level, int option, int *value)
{
    socklen_t length = sizeof(*value);

    return getsockopt((SOCKET)fd, level, option, (char *)value, &length) == 0 || fails();
}

int espota_socket_error(int fd)
{
    int error = 0;

    if (!espota_os_get(fd, SOL_SOCKET, SO_ERROR, &error))
        return errno;
    return error == 0 ? 0 : to_errno(error);
}

bool espota_os_local(int fd, struct espota_address *out)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);
    bool told = getsockname((SOCKET)fd, (struct sockaddr *)&name, &length) == 0 || fails();

    espota_address_from_os(&name, out);
    return told;
}

void espota_os_shutdown(int fd)
{
    (void)shutdown((SOCKET)fd, SD_BOTH);
}

void espota_socket_close(int *fd)
{
    int saved = errno;

    if (*fd >= 0) {
        espota_refused_forget(*fd);
        closesocket((SOCKET)*fd);
    }
    *fd = -1;
    errno = saved;
}

/* Winsock counts in int; what is beyond goes with the next call. */
static int most(size_t length)
{
    return length < INT_MAX ? (int)length : INT_MAX;
}

long espota_os_send(int fd, const void *data, size_t length)
{
    return result(send((SOCKET)fd, data, most(length), 0));
}

long espota_os_receive(int fd, void *data, size_t room)
{
    return result(recv((SOCKET)fd, data, most(room), 0));
}

long espota_os_send_to(int fd, const void *data, size_t length, const struct espota_address *to)
{
    struct sockaddr_storage name;
    socklen_t name_length = espota_net_to_sockaddr(to, &name);

    return result(
        sendto((SOCKET)fd, data, most(length), 0, (const struct sockaddr *)&name, name_length));
}

long espota_os_receive_from(int fd, void *data, size_t room, struct espota_address *from)
{
    struct sockaddr_storage name = {0};
    socklen_t length = sizeof(name);
    int got = recvfrom((SOCKET)fd, data, most(room), 0, (struct sockaddr *)&name, &length);

    if (got == SOCKET_ERROR && WSAGetLastError() == WSAEMSGSIZE)
        got = most(room); /* it was cut to that */
    else if (got == SOCKET_ERROR && WSAGetLastError() == WSAECONNRESET)
        espota_refused_heard(fd);
    if (got != SOCKET_ERROR)
        espota_address_from_os(&name, from);
    return result(got);
}

enum espota_status espota_os_outcome(long result, size_t *done, int *os_error)
{
    *done = result > 0 ? (size_t)result : 0;
    *os_error = result < 0 ? errno : 0;
    if (result >= 0)
        return ESPOTA_OK;
    return errno == EAGAIN ? ESPOTA_MORE : ESPOTA_E_BROKEN;
}

/*
 * No select: that knows 64 sockets at a time. Before Windows 10 2004 WSAPoll keeps a connect that
 * failed to itself; there it takes the time-out of whoever waits for it.
 */
int espota_os_poll(struct pollfd *items, size_t count, int timeout_ms)
{
    return (int)result(WSAPoll(items, (ULONG)count, timeout_ms));
}

int espota_os_look_up(const char *host, const struct addrinfo *hints, struct addrinfo **list)
{
    int error;

    begin();
    error = getaddrinfo(host, NULL, hints, list); /* in the program's code page, which is UTF-8 */
    return error == 0 ? 0 : to_errno(error);
}

/* As ipconfig, ping and netsh write it: the number. The system's names for it nobody has seen. */
void espota_os_scope_name(uint32_t index, char *out, size_t room)
{
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
    begin();
    if (gethostname(out, most(room)) != 0)
        out[0] = '\0';
    out[room - 1] = '\0';
}
