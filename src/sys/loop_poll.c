/* SPDX-License-Identifier: MIT */
/* Waiting by poll: everywhere. The list is dense; an entry's place says where its descriptor is. */
#include <errno.h>
#include <stdlib.h>

#include "sys/loop_backend.h"
#include "sys/sockets.h"

struct poll_list {
    struct pollfd *items;
    size_t count, room;
};

static enum espota_status poll_open(struct espota_loop *loop, struct espota_error *err)
{
    loop->state = calloc(1, sizeof(struct poll_list));
    return loop->state != NULL ? ESPOTA_OK
                               : espota_error_set(err, ESPOTA_E_MEMORY, "no memory for poll");
}

static void poll_close(struct espota_loop *loop)
{
    struct poll_list *list = loop->state;

    if (list != NULL)
        free(list->items);
    free(list);
}

static short to_poll(unsigned events)
{
    return (short)((events & ESPOTA_READABLE ? POLLIN : 0) |
                   (events & ESPOTA_WRITABLE ? POLLOUT : 0));
}

static unsigned from_poll(short events)
{
    return (events & POLLIN ? (unsigned)ESPOTA_READABLE : 0) |
           (events & POLLOUT ? (unsigned)ESPOTA_WRITABLE : 0) |
           (events & (POLLERR | POLLHUP | POLLNVAL) ? (unsigned)ESPOTA_BROKEN : 0);
}

static enum espota_status poll_add(struct espota_loop *loop, int fd, unsigned events,
                                   struct espota_error *err)
{
    struct poll_list *list = loop->state;

    if (list->count == list->room) {
        size_t room = list->room == 0 ? 16 : list->room * 2;
        struct pollfd *items = realloc(list->items, room * sizeof(*items));

        if (items == NULL)
            return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to watch descriptor %d", fd);
        list->items = items;
        list->room = room;
    }
    loop->entries[fd].place = list->count;
    list->items[list->count++] = (struct pollfd){(espota_os_fd)fd, to_poll(events), 0};
    return ESPOTA_OK;
}

static void poll_change(struct espota_loop *loop, int fd, unsigned events)
{
    struct poll_list *list = loop->state;

    list->items[loop->entries[fd].place].events = to_poll(events);
}

static void poll_remove(struct espota_loop *loop, int fd)
{
    struct poll_list *list = loop->state;
    size_t place = loop->entries[fd].place;

    list->count--; /* was > 0: this descriptor is in the list */
    list->items[place] = list->items[list->count];
    loop->entries[list->items[place].fd].place = place;
}

static enum espota_status poll_wait(struct espota_loop *loop, int timeout_ms,
                                    struct espota_error *err)
{
    struct poll_list *list = loop->state;
    int left = espota_os_poll(list->items, list->count, timeout_ms);

    if (left < 0 && errno != EINTR && errno != EAGAIN)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot wait for events");
    for (size_t i = 0; i < list->count && left > 0; i++) {
        if (list->items[i].revents == 0)
            continue;
        espota_loop_report(loop, (int)list->items[i].fd, from_poll(list->items[i].revents));
        left--;
    }
    return ESPOTA_OK;
}

const struct espota_loop_backend_ops espota_loop_poll = {
    "poll", poll_open, poll_close, poll_add, poll_change, poll_remove, poll_wait, NULL,
};
