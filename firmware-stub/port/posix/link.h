/* SPDX-License-Identifier: MIT */
/*
 * The device's connection to the host that invited it, on the loop, and as slow as the real
 * thing where that is asked for: a small receive window, a rate at which bytes are taken, words
 * that arrive late.
 */
#ifndef ESPOTA_POSIX_LINK_H
#define ESPOTA_POSIX_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/core.h"
#include "sys/sys.h"

struct stub_link_shape {
    uint32_t window;   /* bytes that may be under way towards the device; 0: what the system does */
    uint64_t rate;     /* bytes a second that the device takes; 0: all it can */
    uint32_t delay_ms; /* after which what it says leaves */
};

enum { STUB_LINK_WORDS = 64, STUB_LINK_ROOM = 512 };

/* What the device has said and the socket has not been given yet. */
struct stub_link_words {
    uint64_t due;
    size_t length;
};

/* The caller's memory; its content is this module's. */
struct stub_link {
    struct espota_loop *loop;
    const struct stub_link_shape *shape;
    void (*wake)(void *context); /* something can go on */
    void *context;

    struct espota_watch watch;
    struct espota_timer timer;
    int fd;        /* -1: none */
    bool answered; /* the connect is over, well or not */
    bool closing;  /* the device has closed it, and words of it are still to leave */
    bool stalled;  /* the socket takes nothing for the moment */
    bool broken;   /* it is over: what is left to read can be read, watching is of no use */
    bool mute;     /* nothing can be said any more */

    uint64_t free_at_us; /* when the rate allows the next bytes */

    struct stub_link_words words[STUB_LINK_WORDS]; /* a ring of those that wait */
    size_t first;
    size_t count;
    uint8_t bytes[STUB_LINK_ROOM]; /* theirs, in order */
    size_t byte_count;
};

/* All but the memory of `link` is borrowed. */
void stub_link_init(struct stub_link *link, struct espota_loop *loop,
                    const struct stub_link_shape *shape, void (*wake)(void *context),
                    void *context);
/* Closes at once, whatever was still to be said. */
void stub_link_deinit(struct stub_link *link);

/*
 * As the device's table of functions wants them. MORE from connect also means that the last
 * connection's words are still leaving.
 */
enum espota_status stub_link_connect(struct stub_link *link, const struct espota_address *local,
                                     const struct espota_address *peer) ESPOTA_MUST_CHECK;
/* A connection that was accepted, instead of connect; the link owns it. */
void stub_link_adopt(struct stub_link *link, int fd);
enum espota_status stub_link_receive(struct stub_link *link, void *data, size_t room,
                                     size_t *length) ESPOTA_MUST_CHECK;
enum espota_status stub_link_send(struct stub_link *link, const void *data, size_t length,
                                  size_t *sent) ESPOTA_MUST_CHECK;
void stub_link_close(struct stub_link *link);

/* What the device wants of the connection now (wire/wire.h): watches for exactly that. */
enum espota_status stub_link_follow(struct stub_link *link, unsigned want,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/* Arms the timer, or with UINT64_MAX disarms it. */
enum espota_status stub_wait_until(struct espota_loop *loop, struct espota_timer *timer,
                                   uint64_t at, struct espota_error *err) ESPOTA_MUST_CHECK;

/* Watches a socket that was opened for `address`, and tells which port it got; or closes it. */
enum espota_status stub_socket_watch(struct espota_loop *loop, struct espota_watch *watch,
                                     struct espota_address *address,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/* And closes it. */
void stub_socket_unwatch(struct espota_loop *loop, struct espota_watch *watch);

/* The core's form of a host's address: this port's without its family. */
struct espota_peer stub_peer(const struct espota_address *address);
/* `family` is that of the socket the peer was met on. */
struct espota_address stub_peer_address(const struct espota_peer *peer, uint8_t family);

#endif
