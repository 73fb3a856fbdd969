/* SPDX-License-Identifier: MIT */
#include "loop_kinds.h"

struct espota_loop *create(enum espota_loop_backend backend)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_loop *loop = NULL;

    ck_assert_msg(espota_loop_create(backend, &loop, &err) == ESPOTA_OK, "%s", err.message);
    return loop;
}

void turn(struct espota_loop *loop, int most_ms)
{
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_msg(espota_loop_turn(loop, most_ms, &err) == ESPOTA_OK, "%s", err.message);
}

void watch(struct espota_loop *loop, struct espota_watch *watch)
{
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_msg(espota_loop_watch(loop, watch, &err) == ESPOTA_OK, "%s", err.message);
}

void pair(int fds[2])
{
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
}

void close_pair(int fds[2])
{
    close(fds[0]);
    close(fds[1]);
}

void count(void *context, unsigned events)
{
    struct counted *counted = context;

    counted->calls++;
    counted->events = events;
}

void counted_init(struct counted *counted, int fd, unsigned events)
{
    *counted = (struct counted){{fd, events, count, counted, 0}, 0, 0};
}
