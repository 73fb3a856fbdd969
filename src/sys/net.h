/* SPDX-License-Identifier: MIT */
/*
 * Sockets: addresses as values, non-blocking UDP and TCP, and what the kernel
 * knows about them. Every descriptor is close-on-exec and non-blocking.
 */
#ifndef ESPOTA_SYS_NET_H
#define ESPOTA_SYS_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "sys/loop.h"

enum { ESPOTA_ADDRESS_TEXT = 80 }; /* room for any text that address_format writes */

/* IPv4 (4 bytes) or IPv6 (16 bytes, scope for link-local). Compare with address_equal. */
struct espota_address {
    uint8_t family; /* 4 or 6; 0: none */
    uint8_t bytes[16];
    uint32_t scope; /* interface index, IPv6 link-local only */
    uint16_t port;
};

/*
 * Same host; ports are not compared. An IPv4-mapped IPv6 address is the IPv4 address. Scopes are
 * compared where both have one. Nothing equals an address of family 0.
 */
bool espota_address_equal(const struct espota_address *a, const struct espota_address *b);
/* This machine itself: 127.0.0.0/8 or ::1, and no other. */
bool espota_address_is_loopback(const struct espota_address *address);
/* Means something on one link only: 169.254.0.0/16 or fe80::/10. */
bool espota_address_is_link_local(const struct espota_address *address);
/* An IPv6 address of which that is true, and nobody has said which link. */
bool espota_address_lacks_scope(const struct espota_address *address);
/*
 * It can be one host's: not unspecified, not 0.0.0.0/8, no group, no broadcast to all; loopback's
 * own only where `loopback` says so.
 */
bool espota_address_is_of_host(const struct espota_address *address, bool loopback);
/* It was heard of on that interface: its scope, if it needs one. */
void espota_address_set_scope(struct espota_address *address, uint32_t interface);
/* "192.168.1.5", "fe80::1%eth0"; with_port: "192.168.1.5:8266", "[fe80::1%eth0]:8266". Returns out.
 */
const char *espota_address_format(const struct espota_address *address, bool with_port,
                                  char out[ESPOTA_ADDRESS_TEXT]);
/* From a struct sockaddr of a library; family 0 for what is neither IPv4 nor IPv6. */
void espota_address_from_os(const void *sockaddr, struct espota_address *out);
/* A numeric address without a port ("fe80::1%eth0" too); false if it is none, *out family 0. */
bool espota_address_parse(const char *text, struct espota_address *out);
/* Numeric or by the system's resolver (blocking). IPv4 first where both are known. E_NO_ANSWER if
 * not found. */
enum espota_status espota_address_resolve(const char *host, uint16_t port,
                                          struct espota_address *out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;

/* UDP bound to `local` (port 0: any); IPv6 ones do not take IPv4. */
enum espota_status espota_udp_open(const struct espota_address *local, int *fd,
                                   struct espota_error *err) ESPOTA_MUST_CHECK;
/* Listening TCP socket bound to `local` (port 0: any); IPv6 ones do not take IPv4. */
enum espota_status espota_tcp_listen(const struct espota_address *local, int *fd,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/*
 * Starts to connect; writable when done, then ask espota_socket_error. `local` may be NULL. The
 * receive window is of at most `window` bytes (0: no bound), to play a small device.
 */
enum espota_status espota_tcp_connect(const struct espota_address *local,
                                      const struct espota_address *peer, uint32_t window, int *fd,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_socket_narrow(int fd, uint32_t window); /* again, as it is read from */

enum espota_status espota_socket_local(int fd, struct espota_address *out) ESPOTA_MUST_CHECK;
/* errno of a finished connect or of a broken socket; 0: none. */
int espota_socket_error(int fd);
void espota_socket_close(int *fd); /* -1 is fine; sets -1 */

/*
 * The transfer calls: OK and *done bytes (0 at the end of a stream), MORE if it
 * would block, E_BROKEN with *os_error otherwise. EINTR is handled inside. After a send that
 * broke, receive still gives what the peer sent before. A datagram longer than `room` is cut:
 * leave a byte more than the longest that is valid.
 */
enum espota_status espota_socket_send(int fd, const void *data, size_t length, size_t *done,
                                      int *os_error) ESPOTA_MUST_CHECK;
enum espota_status espota_socket_receive(int fd, void *data, size_t room, size_t *done,
                                         int *os_error) ESPOTA_MUST_CHECK;
enum espota_status espota_socket_send_to(int fd, const void *data, size_t length,
                                         const struct espota_address *to,
                                         int *os_error) ESPOTA_MUST_CHECK;
enum espota_status espota_socket_receive_from(int fd, void *data, size_t room, size_t *done,
                                              struct espota_address *from,
                                              int *os_error) ESPOTA_MUST_CHECK;
/*
 * OK: *fd is a connection from *peer; MORE: none waits. E_LOCAL: one waits, but this machine has
 * no descriptor or memory for it, and it goes on waiting: do not ask again before one is free.
 * E_BROKEN: the listener itself is of no use.
 */
enum espota_status espota_socket_accept(int listener, int *fd, struct espota_address *peer,
                                        int *os_error) ESPOTA_MUST_CHECK;

enum espota_unreachable {
    ESPOTA_UNREACHABLE_PORT,     /* the host is there, nobody listens */
    ESPOTA_UNREACHABLE_HOST,     /* a router, or this machine itself, could not reach the host */
    ESPOTA_UNREACHABLE_NETWORK,  /* no way to its network */
    ESPOTA_UNREACHABLE_FORBIDDEN /* a filter on the way said no */
};
/*
 * ICMP errors that datagrams of a UDP socket caused: first ask for them, then, whenever the loop
 * reports the socket and what came is received, take them one by one until false. `target` is where
 * the datagram went, `reporter` who says so (family 0: not known). They are hints: anyone can forge
 * one. On platforms that keep them to themselves nothing is ever told.
 */
void espota_udp_want_unreachable(int fd);
bool espota_udp_unreachable(int fd, struct espota_address *target, struct espota_address *reporter,
                            enum espota_unreachable *why);

/* Bytes handed to the socket that the peer's TCP has not acknowledged; false if the platform cannot
 * tell. */
bool espota_socket_unacked(int fd, uint32_t *bytes);
/*
 * Bytes that the peer's TCP has acknowledged since the connection began, and whether the connection
 * is over; false if the platform cannot tell, or `fd` is none of TCP.
 */
bool espota_socket_acked(int fd, uint64_t *bytes, bool *closed);
/* Of those without an acknowledgement, the bytes that have not left this machine; false if the
 * platform cannot tell. */
bool espota_socket_unsent(int fd, uint32_t *bytes);
/* The socket takes more only while fewer than so many bytes have not left; a hint. */
void espota_socket_limit_unsent(int fd, uint32_t bytes);

/* This machine's name as it calls itself; "" if it has none. */
void espota_host_own_name(char *out, size_t room);

/* Ends both directions; the descriptor stays. */
void espota_socket_shutdown(int fd);
void espota_socket_no_delay(int fd);
void espota_socket_reset_on_close(
    int fd); /* close sends RST: the peer cannot mistake it for an end */

/* Raises the soft limit of open files towards `wanted`; returns what it is now. */
size_t espota_open_files_limit(size_t wanted);

/*
 * Names, looked up by the system's resolver. It blocks, for seconds where a name server is slow
 * or dead, so that a few threads do it side by side; what they find is told on the loop.
 */
enum { ESPOTA_RESOLVER_THREADS = 32 }; /* at the most; none while nothing is asked */

struct espota_resolver;

struct espota_resolver_hooks {
    void *context;
    /* Once for each question, in a callback of the loop. `address` is NULL if there is none. */
    void (*found)(void *context, const char *name, const struct espota_address *address,
                  const struct espota_error *why);
};

/* The hooks are copied. */
enum espota_status espota_resolver_create(struct espota_loop *loop,
                                          const struct espota_resolver_hooks *hooks,
                                          struct espota_resolver **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
/* At once: a thread that waits for a name server ends later, and nobody hears of it. */
void espota_resolver_destroy(struct espota_resolver *resolver);

/* As espota_address_resolve; the answer has port 0. In the order of asking, so many at a time. */
enum espota_status espota_resolver_ask(struct espota_resolver *resolver, const char *name,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
