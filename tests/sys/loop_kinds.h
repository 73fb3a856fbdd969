/* SPDX-License-Identifier: MIT */
/* A test on each way of waiting that the platform has. */
#ifndef ESPOTA_TEST_LOOP_KINDS_H
#define ESPOTA_TEST_LOOP_KINDS_H

#include "sys/loop.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "unit.h"

static const enum espota_loop_backend kinds[] = {
    ESPOTA_LOOP_BEST,
    ESPOTA_LOOP_POLL,
#ifdef ESPOTA_TEST_LINUX
    ESPOTA_LOOP_EPOLL,
#endif
};
enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };

struct espota_loop *create(enum espota_loop_backend backend);

/* A test on a fresh loop of each kind. */
#define LOOP_TEST(name)                                                                            \
    static void name(struct espota_loop *loop);                                                    \
    START_TEST(test_##name)                                                                        \
    {                                                                                              \
        for (size_t kind = 1; kind < KINDS; kind++) {                                              \
            struct espota_loop *loop = create(kinds[kind]);                                        \
            name(loop);                                                                            \
            espota_loop_destroy(loop);                                                             \
        }                                                                                          \
    }                                                                                              \
    END_TEST                                                                                       \
    static void name(struct espota_loop *loop)

void turn(struct espota_loop *loop, int most_ms);
void watch(struct espota_loop *loop, struct espota_watch *watch);
void pair(int fds[2]);
void close_pair(int fds[2]);

/* Counts calls and keeps the last events. */
struct counted {
    struct espota_watch watch;
    unsigned calls, events;
};

void count(void *context, unsigned events);
void counted_init(struct counted *counted, int fd, unsigned events);

#endif
