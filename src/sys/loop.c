/* SPDX-License-Identifier: MIT */
/*
 * What a wait reports is first put down and then called, each with the number of its watching: a
 * callback may remove the watch of the next, close its descriptor and get the same number for
 * another one, and nobody must be called for what is not his.
 */
#include "sys/loop.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "sys/loop_backend.h"
#include "sys/sockets.h"

static struct espota_loop_entry *entry_of(struct espota_loop *loop,
                                          const struct espota_watch *watch)
{
    /* The slot is only believed if the table agrees: the caller may never have set it. */
    if (watch->slot == 0 || watch->slot > loop->room ||
        loop->entries[watch->slot - 1].watch != watch)
        return NULL;
    return &loop->entries[watch->slot - 1];
}

static enum espota_status make_room(struct espota_loop *loop, size_t wanted)
{
    size_t room = loop->room == 0 ? 64 : loop->room;
    struct espota_loop_entry *entries;
    struct espota_loop_report *reports;

    if (wanted <= loop->room)
        return ESPOTA_OK;
    while (room < wanted) /* ends: wanted is at most INT_MAX + 1 */
        room *= 2;
    entries = realloc(loop->entries, room * sizeof(*entries));
    if (entries == NULL)
        return ESPOTA_E_MEMORY;
    loop->entries = entries;
    reports = realloc(loop->reports, room * sizeof(*reports));
    if (reports == NULL)
        return ESPOTA_E_MEMORY;
    loop->reports = reports;
    for (size_t i = loop->room; i < room; i++)
        loop->entries[i] = (struct espota_loop_entry){0};
    loop->room = room;
    return ESPOTA_OK;
}

enum espota_status espota_loop_watch(struct espota_loop *loop, struct espota_watch *watch,
                                     struct espota_error *err)
{
    struct espota_loop_entry *entry;
    enum espota_status status;

    if (watch->fd < 0)
        return espota_error_set(err, ESPOTA_E_USAGE, "cannot watch descriptor %d", watch->fd);
    if (make_room(loop, (size_t)watch->fd + 1) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to watch descriptor %d",
                                watch->fd);
    entry = &loop->entries[watch->fd];
    if (entry->watch != NULL)
        return espota_error_set(err, ESPOTA_E_USAGE, "descriptor %d is watched already", watch->fd);
    *entry = (struct espota_loop_entry){watch, loop->watched++, watch->events, false, 0};
    status = loop->ops->add(loop, watch->fd, watch->events, err);
    if (status != ESPOTA_OK) {
        entry->watch = NULL;
        return status;
    }
    watch->slot = (size_t)watch->fd + 1;
    return ESPOTA_OK;
}

void espota_loop_rewatch(struct espota_loop *loop, struct espota_watch *watch, unsigned events)
{
    struct espota_loop_entry *entry = entry_of(loop, watch);

    watch->events = events;
    if (entry == NULL || entry->events == events)
        return;
    entry->events = events;
    loop->ops->change(loop, watch->fd, events);
}

void espota_loop_unwatch(struct espota_loop *loop, struct espota_watch *watch)
{
    struct espota_loop_entry *entry = entry_of(loop, watch);

    if (entry != NULL) {
        loop->ops->remove(loop, (int)(watch->slot - 1));
        entry->watch = NULL;
    }
    watch->slot = 0;
}

enum espota_status espota_loop_arm(struct espota_loop *loop, struct espota_timer *timer,
                                   uint64_t at)
{
    return espota_timers_arm(&loop->timers, timer, at, espota_loop_now(loop));
}

void espota_loop_disarm(struct espota_loop *loop, struct espota_timer *timer)
{
    espota_timers_disarm(&loop->timers, timer);
}

uint64_t espota_loop_now(const struct espota_loop *loop)
{
    /* Between turns the last turn's time may be old: the program may have slept or resolved. */
    return loop->turning ? loop->now : espota_clock_ms();
}

void espota_loop_report(struct espota_loop *loop, int fd, unsigned events)
{
    struct espota_loop_report *report = &loop->reports[loop->report_count++];

    report->fd = fd;
    report->events = events;
    report->id = loop->entries[fd].id;
}

static void run_reports(struct espota_loop *loop)
{
    for (size_t i = 0; i < loop->report_count; i++) {
        /* Copied: a callback may watch a new descriptor, which moves both tables. */
        struct espota_loop_report report = loop->reports[i];
        struct espota_loop_entry *entry = &loop->entries[report.fd];
        unsigned events = report.events;

        if (entry->watch == NULL || entry->id != report.id)
            continue; /* an earlier callback of this turn took it away */
        if (events & ESPOTA_BROKEN)
            events = ESPOTA_BROKEN | entry->events;
        else
            events &= entry->events;
        if (events != 0)
            entry->watch->ready(entry->watch->context, events);
    }
}

static void run_timers(struct espota_loop *loop)
{
    uint64_t before = loop->timers.armed; /* what a callback arms waits for the next turn */
    struct espota_timer *timer;

    while ((timer = espota_timers_take(&loop->timers, loop->now, before)) != NULL)
        timer->expired(timer->context);
}

static int wait_time(const struct espota_loop *loop, int most_ms)
{
    uint64_t most = most_ms < 0 ? INT_MAX : (uint64_t)most_ms;
    uint64_t now = espota_clock_ms();
    uint64_t at;

    if (!espota_timers_first(&loop->timers, &at))
        return most_ms;
    if (at <= now)
        return 0;
    return (int)(at - now < most ? at - now : most); /* at > now: tested above */
}

enum espota_status espota_loop_turn(struct espota_loop *loop, int most_ms, struct espota_error *err)
{
    enum espota_status status;

    if (loop->turning)
        return espota_error_set(err, ESPOTA_E_USAGE, "a callback of the loop turns the loop");
    loop->turning = true;
    loop->report_count = 0;
    status = loop->ops->wait(loop, wait_time(loop, most_ms), err);
    loop->now = espota_clock_ms();
    if (status == ESPOTA_OK) {
        run_reports(loop);
        run_timers(loop);
    }
    loop->turning = false;
    return status;
}

int espota_loop_fd(const struct espota_loop *loop)
{
    return loop->ops->fd != NULL ? loop->ops->fd(loop) : -1;
}

int espota_loop_wait_ms(const struct espota_loop *loop)
{
    return wait_time(loop, -1);
}

void espota_loop_wake(struct espota_loop *loop)
{
    espota_wake_ring(loop->bell);
}

static void woken(void *context, unsigned events)
{
    struct espota_loop *loop = context;

    (void)events;
    espota_wake_clear(loop->wake_watch.fd);
}

static enum espota_status open_backend(struct espota_loop *loop, enum espota_loop_backend backend,
                                       struct espota_error *err)
{
    enum espota_status status;

    if (backend == ESPOTA_LOOP_EPOLL && espota_loop_epoll == NULL)
        return espota_error_set(err, ESPOTA_E_LOCAL, "this platform has no epoll");
    if (backend != ESPOTA_LOOP_POLL && espota_loop_epoll != NULL) {
        loop->ops = espota_loop_epoll;
        status = loop->ops->open(loop, err);
        if (status == ESPOTA_OK || backend == ESPOTA_LOOP_EPOLL)
            return status;
    }
    loop->ops = &espota_loop_poll; /* where a sandbox forbids epoll, too */
    return loop->ops->open(loop, err);
}

static enum espota_status open_wake(struct espota_loop *loop, struct espota_error *err)
{
    if (!espota_wake_open(&loop->wake_watch.fd, &loop->bell))
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot create a pipe");
    loop->wake_watch.events = ESPOTA_READABLE;
    loop->wake_watch.ready = woken;
    loop->wake_watch.context = loop;
    return espota_loop_watch(loop, &loop->wake_watch, err);
}

enum espota_status espota_loop_create(enum espota_loop_backend backend, struct espota_loop **out,
                                      struct espota_error *err)
{
    struct espota_loop *loop = calloc(1, sizeof(*loop));
    enum espota_status status;

    *out = NULL;
    if (loop == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for the event loop");
    loop->wake_watch.fd = loop->bell = -1;
    status = open_backend(loop, backend, err);
    if (status == ESPOTA_OK)
        status = open_wake(loop, err);
    if (status != ESPOTA_OK) {
        espota_loop_destroy(loop);
        return espota_error_prefix(err, "event loop");
    }
    *out = loop;
    return ESPOTA_OK;
}

void espota_loop_destroy(struct espota_loop *loop)
{
    if (loop == NULL)
        return;
    if (loop->ops != NULL)
        loop->ops->close(loop);
    espota_wake_close(&loop->wake_watch.fd);
    espota_wake_close(&loop->bell);
    espota_timers_deinit(&loop->timers);
    free(loop->entries);
    free(loop->reports);
    free(loop);
}

int64_t espota_clock_wall(void)
{
    return (int64_t)time(NULL);
}
