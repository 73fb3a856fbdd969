/* SPDX-License-Identifier: MIT */
/*
 * A heap, because a run over a fleet moves deadlines with every packet. It knows the order of
 * arming, since a heap alone would let what was armed later for the same moment overtake.
 */
#include "sys/loop_backend.h"

#include <stdlib.h>

static bool earlier(const struct espota_timers_node *a, const struct espota_timers_node *b)
{
    return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void put(struct espota_timers *timers, size_t i, struct espota_timers_node node)
{
    timers->nodes[i] = node;
    node.timer->slot = i + 1;
}

/* Finds the place for `node` from the hole at `i` towards the root or the leaves. */
static void settle(struct espota_timers *timers, size_t i, struct espota_timers_node node)
{
    struct espota_timers_node *nodes = timers->nodes;

    while (i > 0 && earlier(&node, &nodes[(i - 1) / 2])) {
        put(timers, i, nodes[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    for (;;) {
        size_t child = 2 * i + 1;

        if (child + 1 < timers->count && earlier(&nodes[child + 1], &nodes[child]))
            child++;
        if (child >= timers->count || !earlier(&nodes[child], &node))
            break;
        put(timers, i, nodes[child]);
        i = child;
    }
    put(timers, i, node);
}

/* The slot is only believed if the heap agrees: the caller may never have set it. */
static bool is_armed(const struct espota_timers *timers, const struct espota_timer *timer)
{
    return timer->slot > 0 && timer->slot <= timers->count &&
           timers->nodes[timer->slot - 1].timer == timer;
}

static enum espota_status make_room(struct espota_timers *timers)
{
    size_t room = timers->room == 0 ? 16 : timers->room * 2;
    struct espota_timers_node *nodes;

    if (timers->count < timers->room)
        return ESPOTA_OK;
    if (room > SIZE_MAX / sizeof(*nodes))
        return ESPOTA_E_MEMORY;
    nodes = realloc(timers->nodes, room * sizeof(*nodes));
    if (nodes == NULL)
        return ESPOTA_E_MEMORY;
    timers->nodes = nodes;
    timers->room = room;
    return ESPOTA_OK;
}

enum espota_status espota_timers_arm(struct espota_timers *timers, struct espota_timer *timer,
                                     uint64_t at, uint64_t now)
{
    struct espota_timers_node node = {at < now ? now : at, timers->armed, timer};
    size_t i;

    if (is_armed(timers, timer)) {
        i = timer->slot - 1;
    } else {
        if (make_room(timers) != ESPOTA_OK)
            return ESPOTA_E_MEMORY;
        i = timers->count++;
    }
    timers->armed++;
    timer->at = at;
    settle(timers, i, node);
    return ESPOTA_OK;
}

void espota_timers_disarm(struct espota_timers *timers, struct espota_timer *timer)
{
    size_t i;

    if (is_armed(timers, timer)) {
        i = timer->slot - 1;
        timers->count--; /* was > 0: the timer is in the heap */
        if (i < timers->count)
            settle(timers, i, timers->nodes[timers->count]);
    }
    timer->slot = 0;
}

bool espota_timers_first(const struct espota_timers *timers, uint64_t *at)
{
    if (timers->count == 0)
        return false;
    *at = timers->nodes[0].at;
    return true;
}

struct espota_timer *espota_timers_take(struct espota_timers *timers, uint64_t now, uint64_t before)
{
    struct espota_timer *timer;

    /* What is armed later never comes before what is due, so looking at the root is enough. */
    if (timers->count == 0 || timers->nodes[0].at > now || timers->nodes[0].order >= before)
        return NULL;
    timer = timers->nodes[0].timer;
    espota_timers_disarm(timers, timer);
    return timer;
}

void espota_timers_deinit(struct espota_timers *timers)
{
    free(timers->nodes);
    *timers = (struct espota_timers)ESPOTA_TIMERS_INIT;
}
