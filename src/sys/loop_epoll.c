/* SPDX-License-Identifier: MIT */
/*
 * Waiting by epoll: Linux. What epoll refuses (regular files, /dev/null: a program's standard
 * input may be either) counts as always ready, as poll has it.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>

#include "sys/descriptor.h"
#include "sys/loop_backend.h"

/* At most so many a turn: the kernel serves the others first in the next one. */
enum { EPOLL_BATCH = 256 };

struct epoll_set {
    int fd;
    size_t always_ready;
};

static enum espota_status set_open(struct espota_loop *loop, struct espota_error *err)
{
    struct epoll_set *set = malloc(sizeof(*set));

    if (set == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for epoll");
    set->always_ready = 0;
    set->fd = epoll_create1(EPOLL_CLOEXEC);
    if (set->fd < 0) {
        free(set);
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot create an epoll set");
    }
    loop->state = set;
    return ESPOTA_OK;
}

static void set_close(struct espota_loop *loop)
{
    struct epoll_set *set = loop->state;

    if (set != NULL)
        espota_descriptor_close(&set->fd);
    free(set);
}

static int control(struct espota_loop *loop, int operation, int fd, unsigned events)
{
    struct epoll_set *set = loop->state;
    struct epoll_event event = {.data.fd = fd};

    event.events = (events & ESPOTA_READABLE ? (uint32_t)EPOLLIN : 0) |
                   (events & ESPOTA_WRITABLE ? (uint32_t)EPOLLOUT : 0);
    return epoll_ctl(set->fd, operation, fd, &event) == 0 ? 0 : errno;
}

static enum espota_status set_add(struct espota_loop *loop, int fd, unsigned events,
                                  struct espota_error *err)
{
    struct epoll_set *set = loop->state;
    int error = control(loop, EPOLL_CTL_ADD, fd, events);

    if (error == EPERM) {
        loop->entries[fd].always_ready = true;
        set->always_ready++;
        return ESPOTA_OK;
    }
    if (error != 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, error, "cannot watch descriptor %d", fd);
    return ESPOTA_OK;
}

static void set_change(struct espota_loop *loop, int fd, unsigned events)
{
    if (!loop->entries[fd].always_ready)
        control(loop, EPOLL_CTL_MOD, fd, events);
}

static void set_remove(struct espota_loop *loop, int fd)
{
    struct epoll_set *set = loop->state;

    if (loop->entries[fd].always_ready)
        set->always_ready--; /* was counted when it was added */
    else
        control(loop, EPOLL_CTL_DEL, fd, 0);
}

/* How many there are that somebody asks for; they are reported as what is asked. */
static size_t report_always_ready(struct espota_loop *loop)
{
    struct epoll_set *set = loop->state;
    size_t left = set->always_ready;

    for (size_t fd = 0; fd < loop->room && left > 0; fd++) {
        const struct espota_loop_entry *entry = &loop->entries[fd];

        if (entry->watch == NULL || !entry->always_ready)
            continue;
        left--;
        if (entry->events != 0)
            espota_loop_report(loop, (int)fd, entry->events);
    }
    return loop->report_count;
}

static unsigned from_epoll(uint32_t events)
{
    return (events & EPOLLIN ? (unsigned)ESPOTA_READABLE : 0) |
           (events & EPOLLOUT ? (unsigned)ESPOTA_WRITABLE : 0) |
           (events & (EPOLLERR | EPOLLHUP) ? (unsigned)ESPOTA_BROKEN : 0);
}

static enum espota_status set_wait(struct espota_loop *loop, int timeout_ms,
                                   struct espota_error *err)
{
    struct epoll_set *set = loop->state;
    struct epoll_event events[EPOLL_BATCH];
    int n;

    if (report_always_ready(loop) > 0)
        timeout_ms = 0;
    n = epoll_wait(set->fd, events, EPOLL_BATCH, timeout_ms);
    if (n < 0 && errno != EINTR)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot wait for events");
    for (int i = 0; i < n; i++)
        espota_loop_report(loop, events[i].data.fd, from_epoll(events[i].events));
    return ESPOTA_OK;
}

/* A set can be waited for in another one. */
static int set_fd(const struct espota_loop *loop)
{
    const struct epoll_set *set = loop->state;

    return set->fd;
}

static const struct espota_loop_backend_ops ops = {
    "epoll", set_open, set_close, set_add, set_change, set_remove, set_wait, set_fd,
};
const struct espota_loop_backend_ops *const espota_loop_epoll = &ops;
