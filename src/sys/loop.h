/* SPDX-License-Identifier: MIT */
/*
 * The one loop: file descriptors and deadlines, in one thread. Watches and
 * timers are the caller's memory; the loop allocates only its own tables.
 * Callbacks may add, change and remove any watch or timer, their own included,
 * and free the memory of what they removed. They may not turn or destroy the loop.
 */
#ifndef ESPOTA_SYS_LOOP_H
#define ESPOTA_SYS_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

struct espota_loop;

enum {
    ESPOTA_READABLE = 1,
    ESPOTA_WRITABLE = 2,
    /*
     * An error or a hang-up: reported, never asked for, until unwatched. With it come all events
     * that are asked for, so that the next read or write tells what happened.
     */
    ESPOTA_BROKEN = 4
};

struct espota_watch {
    int fd;
    unsigned events; /* ESPOTA_READABLE | ESPOTA_WRITABLE; 0 is allowed: only BROKEN is reported */
    void (*ready)(void *context, unsigned events);
    void *context;
    size_t slot; /* the loop's own; 0: not in a loop */
};

struct espota_timer {
    void (*expired)(void *context);
    void *context;
    uint64_t at;
    size_t slot; /* the loop's own; 0: not armed */
};

enum espota_loop_backend { ESPOTA_LOOP_BEST, ESPOTA_LOOP_POLL, ESPOTA_LOOP_EPOLL };

/* E_LOCAL if the backend is not on this platform. */
enum espota_status espota_loop_create(enum espota_loop_backend backend, struct espota_loop **out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_loop_destroy(struct espota_loop *loop);

/*
 * The watch stays where it is until removed. Set fd, events, ready and context first. One watch
 * for a descriptor. A file that cannot be waited for (a regular one, /dev/null) is always ready.
 */
enum espota_status espota_loop_watch(struct espota_loop *loop, struct espota_watch *watch,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/* Changes what is asked for; cheap if nothing changes. */
void espota_loop_rewatch(struct espota_loop *loop, struct espota_watch *watch, unsigned events);
/* Before the fd is closed. No callback of this watch runs afterwards. Harmless if not in the loop.
 */
void espota_loop_unwatch(struct espota_loop *loop, struct espota_watch *watch);

/*
 * Arms or moves a timer; `at` in milliseconds of espota_loop_now, the past fires at once. It is
 * disarmed when it expires. E_MEMORY never for a timer that is armed. Timers that are due fire
 * in the order of their deadlines; what a timer's callback arms waits for the next turn.
 */
enum espota_status espota_loop_arm(struct espota_loop *loop, struct espota_timer *timer,
                                   uint64_t at) ESPOTA_MUST_CHECK;
void espota_loop_disarm(struct espota_loop *loop, struct espota_timer *timer);

/* Monotonic milliseconds, in callbacks those of the turn. */
uint64_t espota_loop_now(const struct espota_loop *loop);

/* One turn: waits for the first event or deadline, at most `most_ms` (-1: no bound), runs
 * callbacks. */
enum espota_status espota_loop_turn(struct espota_loop *loop, int most_ms,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * For a loop of somebody else's: a descriptor that is readable when a turn has something to do
 * (-1: this way of waiting has none), and how long the next deadline is off, in milliseconds (-1:
 * there is none). Neither knows of files that are always ready.
 */
int espota_loop_fd(const struct espota_loop *loop);
int espota_loop_wait_ms(const struct espota_loop *loop);

/*
 * Makes the current or the next turn return at once. The only call that may come from a
 * signal handler or another thread.
 */
void espota_loop_wake(struct espota_loop *loop);

/* The clock that never jumps, for deadlines: milliseconds since some moment in the past; never 0.
 */
uint64_t espota_clock_ms(void);

/* The one on the wall, for people: seconds since 1970-01-01 UTC; may jump. */
int64_t espota_clock_wall(void);

#endif
