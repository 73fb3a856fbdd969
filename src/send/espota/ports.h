/* SPDX-License-Identifier: MIT */
/*
 * The sockets that all attempts share: for each address family one UDP socket,
 * which invites and hears the answers, and one listening port, which devices
 * call back to.
 *
 * Nothing is believed that was not asked for. A datagram counts only if it comes
 * from an invited address and port. A connection is taken only from an address
 * that is awaited, once, and on the port that this very attempt told the device;
 * every other one is closed with a reset and reported.
 *
 * A later attempt at an address that was told a port before gets a new port: a
 * new generation of the listener. An old one closes as soon as nobody waits on
 * it. Where the port is fixed, free_at says when the address may be used again:
 * `timeout_ms` after the last datagram to it, or as soon as the call-backs that
 * it owes have come and were closed.
 */
#ifndef ESPOTA_SEND_ESPOTA_PORTS_H
#define ESPOTA_SEND_ESPOTA_PORTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/send.h"

struct espota_listener;

/* One attempt as the ports see it, in the attempt's memory. */
struct espota_caller {
    struct espota_address device; /* invited: address and port */
    struct espota_address from;   /* its connection comes from here; family 0: awaits none */
    void *context;
    void (*datagram)(void *context, const uint8_t *data, size_t length);
    /* Takes `fd` over, or returns false: then it is closed as one that nobody awaits. */
    bool (*connection)(void *context, int fd, const struct espota_address *peer);
    /* A hint, which may be forged. */
    void (*unreachable)(void *context, enum espota_unreachable why,
                        const struct espota_address *teller);
    struct espota_listener *listener; /* the ports' own; starts as NULL */
};

/* The address, without a port, that sockets of this family are bound to. */
enum espota_status espota_ports_local(const struct espota_ports *ports, uint8_t family,
                                      struct espota_address *local,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * From now on the caller is told what comes for it. *port is what the device shall be told (0 if
 * no connection is awaited). One caller for each address at a time.
 */
enum espota_status espota_ports_join(struct espota_ports *ports, struct espota_caller *caller,
                                     uint16_t *port, struct espota_error *err) ESPOTA_MUST_CHECK;
/* No callback comes afterwards. Harmless if it has not joined. */
void espota_ports_leave(struct espota_ports *ports, struct espota_caller *caller);

/*
 * A datagram to the device. `invites`: it may make the device call back. OK also for one that had
 * to be dropped, which happens on every network; E_LOCAL with *os_error if this machine cannot or
 * must not send there.
 */
enum espota_status espota_ports_send(struct espota_ports *ports, struct espota_caller *caller,
                                     const void *data, size_t length, bool invites,
                                     int *os_error) ESPOTA_MUST_CHECK;

/* The device has said that it will not call back. */
void espota_ports_settle(struct espota_ports *ports, const struct espota_address *from);

/*
 * The newest connection from an address that nobody was invited at, since `since`: it was closed,
 * and yet it may be a device behind an address that the user does not know. Family 0: none came.
 */
void espota_ports_stranger(const struct espota_ports *ports, uint64_t since,
                           struct espota_address *out);

/*
 * --- listener.c: the listening port of one address family, in generations ---
 *
 * One is current; older ones stay open while somebody waits on them.
 */

struct espota_listener {
    struct espota_listeners *owner;
    int fd;
    struct espota_watch watch;
    struct espota_timer timer; /* armed while it does not accept */
    size_t users;
    uint32_t generation; /* from 1 on */
    uint16_t port;
};

enum { ESPOTA_PORTS_TOLD = 16 };

/* Fill in the first part and leave the rest zero. */
struct espota_listeners {
    struct espota_loop *loop;
    const struct espota_log *log;
    /*
     * A connection came. NULL: it was taken over. Otherwise why not, for the report; it is then
     * closed with a reset.
     */
    const char *(*take)(void *context, struct espota_listener *listener, int fd,
                        const struct espota_address *from);
    void *context;

    struct espota_address local;
    struct espota_listener *current;
    uint16_t told[ESPOTA_PORTS_TOLD]; /* the newest ports, so that none is told again soon */
    uint64_t reports_since;           /* reports of strangers are bounded: anyone can knock */
    unsigned reports, silent;
};

/* Everybody must have released theirs. */
void espota_listeners_deinit(struct espota_listeners *listeners);

/* Opens the first generation on `local` (port 0: any, in every generation), if there is none. */
enum espota_status espota_listeners_open(struct espota_listeners *listeners,
                                         const struct espota_address *local,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

/* One of a generation later than `beyond`, to be released. */
enum espota_status espota_listeners_take(struct espota_listeners *listeners, uint32_t beyond,
                                         struct espota_listener **out,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_listeners_release(struct espota_listener *listener);

#endif
