/* SPDX-License-Identifier: MIT */
/* In place of platform_linux.c where a system tells no more than POSIX has: what cannot be done
 * says so, and who asked for it does without. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/loop_backend.h"
#include "sys/platform.h"

/*
 * SIGPIPE is kept away per socket on systems of BSD's line, which lack the flag or got it late;
 * what has neither relies on the program ignoring the signal.
 */
#ifdef MSG_NOSIGNAL
const int espota_net_send_flags = MSG_NOSIGNAL;
#else
const int espota_net_send_flags = 0;
#endif

void espota_net_prepare(int fd)
{
#ifdef SO_NOSIGPIPE
    const int on = 1;

    (void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof(on));
#else
    (void)fd;
#endif
}

void espota_socket_narrow(int fd, uint32_t window)
{
    const int buffer = window < INT_MAX ? (int)window : INT_MAX;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
}

bool espota_socket_unacked(int fd, uint32_t *bytes)
{
    (void)fd;
    (void)bytes;
    return false;
}

bool espota_socket_acked(int fd, uint64_t *bytes, bool *closed)
{
    (void)fd;
    (void)bytes;
    (void)closed;
    return false;
}

bool espota_socket_unsent(int fd, uint32_t *bytes)
{
    (void)fd;
    (void)bytes;
    return false;
}

void espota_socket_limit_unsent(int fd, uint32_t bytes)
{
#ifdef TCP_NOTSENT_LOWAT
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
#else
    (void)fd;
    (void)bytes;
#endif
}

void espota_udp_want_unreachable(int fd)
{
    (void)fd;
}

bool espota_udp_unreachable(int fd, struct espota_address *target, struct espota_address *reporter,
                            enum espota_unreachable *why)
{
    (void)fd;
    (void)target;
    (void)reporter;
    (void)why;
    return false;
}

bool espota_multicast_share(int fd)
{
    const int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
           setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0;
}

void espota_multicast_force_room(int fd, int bytes)
{
    (void)fd; /* nobody may have more than the system's bound here */
    (void)bytes;
}

int espota_output_nameless(const char *folder)
{
    (void)folder;
    errno = EOPNOTSUPP;
    return -1;
}

int espota_output_name(int fd, const char *name)
{
    (void)fd;
    (void)name;
    errno = EOPNOTSUPP;
    return -1;
}

int espota_open_beneath(int folder, const char *name, int flags)
{
    (void)folder;
    (void)name;
    (void)flags;
    errno = ENOSYS;
    return -1;
}

bool espota_process_close_from(posix_spawn_file_actions_t *actions, int first)
{
    long most = sysconf(_SC_OPEN_MAX);

    for (int fd = first; fd < most && fd < 65536; fd++) {
        if (fcntl(fd, F_GETFD) < 0)
            continue; /* closing one that is not open would be an error */
        errno = posix_spawn_file_actions_addclose(actions, fd);
        if (errno != 0)
            return false;
    }
    return true;
}

const struct espota_loop_backend_ops *const espota_loop_epoll = NULL;
