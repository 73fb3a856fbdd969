/* SPDX-License-Identifier: MIT */
/* What Linux's sockets tell beyond POSIX: who could not be reached, and what was acknowledged. */
#include <time.h> /* linux/errqueue.h needs it and does not include it */

#include <errno.h>
#include <limits.h>
#include <linux/errqueue.h>
#include <linux/sockios.h>
#include <linux/tcp.h> /* libc's own knows less of tcp_info */
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys/net.h"
#include "sys/net_platform.h"

const int espota_net_send_flags = MSG_NOSIGNAL;

void espota_net_prepare(int fd)
{
    (void)fd;
}

/*
 * The clamp alone does not hold: the kernel lifts it to what the buffer can take whenever it
 * learns anew how well packets fill their memory. So the buffer is bounded too (the kernel
 * doubles what it is told, for the packets' overhead), and callers set the clamp as they read.
 */
void espota_socket_narrow(int fd, uint32_t window)
{
    const int clamp = window < INT_MAX ? (int)window : INT_MAX;

    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &clamp, sizeof(clamp));
    (void)setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &clamp, sizeof(clamp));
}

static bool queued(int fd, unsigned short which, uint32_t *bytes)
{
    int count = 0;

    if (ioctl(fd, which, &count) != 0 || count < 0)
        return false;
    *bytes = (uint32_t)count;
    return true;
}

bool espota_socket_unacked(int fd, uint32_t *bytes)
{
    return queued(fd, SIOCOUTQ, bytes);
}

bool espota_socket_acked(int fd, uint64_t *bytes, bool *closed)
{
    enum { STATE_CLOSE = 7 };
    struct tcp_info info = {0};
    socklen_t length = sizeof(info);

    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length) != 0 ||
        length < offsetof(struct tcp_info, tcpi_bytes_acked) + sizeof(info.tcpi_bytes_acked))
        return false;
    *bytes = info.tcpi_bytes_acked;
    *closed = info.tcpi_state == STATE_CLOSE;
    return true;
}

bool espota_socket_unsent(int fd, uint32_t *bytes)
{
    return queued(fd, SIOCOUTQNSD, bytes);
}

void espota_socket_limit_unsent(int fd, uint32_t bytes)
{
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &bytes, sizeof(bytes));
}

void espota_udp_want_unreachable(int fd)
{
    const int on = 1;

    /* The one that is not the socket's family fails, which is right. */
    (void)setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
    (void)setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
}

static bool is_filter(const struct sock_extended_err *error)
{
    if (error->ee_origin == SO_EE_ORIGIN_ICMP)
        return error->ee_type == ICMP_DEST_UNREACH &&
               (error->ee_code == ICMP_NET_ANO || error->ee_code == ICMP_HOST_ANO ||
                error->ee_code == ICMP_PKT_FILTERED);
    return error->ee_origin == SO_EE_ORIGIN_ICMP6 && error->ee_type == ICMP6_DST_UNREACH &&
           (error->ee_code == ICMP6_DST_UNREACH_ADMIN || error->ee_code == 5 || /* source policy */
            error->ee_code == 6);                                               /* reject route */
}

static bool understand(const struct sock_extended_err *error, enum espota_unreachable *why)
{
    if (is_filter(error))
        *why = ESPOTA_UNREACHABLE_FORBIDDEN;
    else if (error->ee_errno == ECONNREFUSED)
        *why = ESPOTA_UNREACHABLE_PORT;
    else if (error->ee_errno == EHOSTUNREACH || error->ee_errno == EHOSTDOWN)
        *why = ESPOTA_UNREACHABLE_HOST;
    else if (error->ee_errno == ENETUNREACH || error->ee_errno == ENONET)
        *why = ESPOTA_UNREACHABLE_NETWORK;
    else
        return false; /* a message too long, a protocol we do not speak: no news about a host */
    return true;
}

static bool is_error_message(const struct cmsghdr *control)
{
    return (control->cmsg_level == IPPROTO_IP && control->cmsg_type == IP_RECVERR) ||
           (control->cmsg_level == IPPROTO_IPV6 && control->cmsg_type == IPV6_RECVERR);
}

/* Reads the kernel's note beside the datagram; false if it says nothing of use. */
static bool read_note(struct msghdr *message, struct espota_address *reporter,
                      enum espota_unreachable *why)
{
    for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c != NULL; c = CMSG_NXTHDR(message, c)) {
        struct {
            struct sock_extended_err error;
            struct sockaddr_in6 offender; /* the larger of the two families */
        } note = {0};
        /* cmsg_len counts the header, which CMSG_LEN(0) is the size of. */
        size_t length = c->cmsg_len - CMSG_LEN(0);

        if (!is_error_message(c) || length < sizeof(note.error))
            continue;
        memcpy(&note, CMSG_DATA(c), length < sizeof(note) ? length : sizeof(note));
        espota_address_from_os(&note.offender, reporter);
        reporter->port = 0;
        return understand(&note.error, why);
    }
    return false;
}

bool espota_udp_unreachable(int fd, struct espota_address *target, struct espota_address *reporter,
                            enum espota_unreachable *why)
{
    for (;;) {
        struct sockaddr_storage name = {0};
        union {
            char bytes[512];
            struct cmsghdr align;
        } control;
        char sent[1]; /* without room for what was sent, qemu-user says 0 and does not ask the
                         kernel */
        struct iovec room = {.iov_base = sent, .iov_len = sizeof(sent)};
        struct msghdr message = {.msg_name = &name,
                                 .msg_namelen = sizeof(name),
                                 .msg_iov = &room,
                                 .msg_iovlen = 1,
                                 .msg_control = control.bytes,
                                 .msg_controllen = sizeof(control.bytes)};

        if (recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) {
            if (errno == EINTR)
                continue;
            return false;
        }
        espota_address_from_os(&name, target);
        if (read_note(&message, reporter, why) && target->family != 0)
            return true;
    }
}

/*
 * Not SO_REUSEPORT: with it Linux would deal datagrams to one address out among the sharers,
 * and wants all of them to be of one user.
 */
bool espota_multicast_share(int fd)
{
    const int on = 1;

    return setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0;
}

void espota_multicast_force_room(int fd, int bytes)
{
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)); /* root only */
}
