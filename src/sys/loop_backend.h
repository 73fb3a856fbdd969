/* SPDX-License-Identifier: MIT */
/* What the loop, its deadlines and the ways of waiting (poll, epoll) know of each other; nobody
 * else includes it. */
#ifndef ESPOTA_SYS_LOOP_BACKEND_H
#define ESPOTA_SYS_LOOP_BACKEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sys/loop.h"

/* The deadlines: a binary heap of the callers' timers, first in first out among equals. */
struct espota_timers_node {
    uint64_t at;
    uint64_t order; /* of arming */
    struct espota_timer *timer;
};

struct espota_timers {
    struct espota_timers_node *nodes;
    size_t count, room;
    uint64_t armed; /* the order that the next arming gets */
};

#define ESPOTA_TIMERS_INIT                                                                         \
    {                                                                                              \
        NULL, 0, 0, 0                                                                              \
    }

/*
 * Arms or moves; a deadline before `now` counts as `now`, so that it cannot overtake what is due
 * already. E_MEMORY only for a timer that was not armed.
 */
enum espota_status espota_timers_arm(struct espota_timers *timers, struct espota_timer *timer,
                                     uint64_t at, uint64_t now) ESPOTA_MUST_CHECK;
void espota_timers_disarm(struct espota_timers *timers, struct espota_timer *timer);
/* The earliest deadline; false if nothing is armed. */
bool espota_timers_first(const struct espota_timers *timers, uint64_t *at);
/* Takes out the first timer that is due at `now` and was armed before `before`; NULL: none. */
struct espota_timer *espota_timers_take(struct espota_timers *timers, uint64_t now,
                                        uint64_t before);
void espota_timers_deinit(struct espota_timers *timers);

struct espota_loop_backend_ops {
    const char *name;
    enum espota_status (*open)(struct espota_loop *loop, struct espota_error *err);
    void (*close)(struct espota_loop *loop);
    enum espota_status (*add)(struct espota_loop *loop, int fd, unsigned events,
                              struct espota_error *err);
    void (*change)(struct espota_loop *loop, int fd, unsigned events);
    void (*remove)(struct espota_loop *loop, int fd);
    /* Calls espota_loop_report at most once for each descriptor; a signal ends it early and well.
     */
    enum espota_status (*wait)(struct espota_loop *loop, int timeout_ms, struct espota_error *err);
    int (*fd)(const struct espota_loop *loop); /* readable when wait would report; NULL: none */
};

/* One for each descriptor number up to the highest that was ever watched. */
struct espota_loop_entry {
    struct espota_watch *watch; /* NULL: not watched */
    uint64_t id;                /* of this watching: the number may come back with another watch */
    unsigned events;            /* asked for */
    bool always_ready;          /* epoll: a file that cannot be waited for */
    size_t place;               /* poll: in its list */
};

struct espota_loop_report {
    int fd;
    unsigned events;
    uint64_t id;
};

struct espota_loop {
    const struct espota_loop_backend_ops *ops;
    void *state; /* the backend's own */

    struct espota_loop_entry *entries;
    struct espota_loop_report *reports; /* as many as entries: a wait never allocates */
    size_t room;
    size_t report_count;
    uint64_t watched; /* the id that the next watch gets */

    struct espota_timers timers;
    uint64_t now;
    bool turning;

    int bell; /* what wakes it is rung, and heard by the watch */
    struct espota_watch wake_watch;
};

extern const struct espota_loop_backend_ops espota_loop_poll;
/* NULL where the platform has none. */
extern const struct espota_loop_backend_ops *const espota_loop_epoll;

void espota_loop_report(struct espota_loop *loop, int fd, unsigned events);

#endif
