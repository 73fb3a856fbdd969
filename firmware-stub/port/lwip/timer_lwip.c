/* SPDX-License-Identifier: MIT */
/* An engine runs from lwIP's timers: at once when a callback has something for it, else when it is
 * due. */
#include <lwip/def.h>
#include <lwip/sys.h>
#include <lwip/timeouts.h>

#include "port/lwip/lwip.h"

enum { TURN_MAX_MS = 60000 }; /* lwIP's timers do not go beyond some days */

uint64_t espota_lwip_now(struct espota_lwip_timer *timer)
{
    uint32_t low = sys_now();

    timer->clock_high += low < timer->clock_low; /* after 49 days */
    timer->clock_low = low;
    return (uint64_t)timer->clock_high << 32 | low;
}

static void turn(void *context)
{
    struct espota_lwip_timer *timer = context;
    int32_t wait;

    timer->woken = false;
    wait = timer->run(timer->context);
    if (wait >= 0 && !timer->woken && timer->run != NULL)
        sys_timeout((u32_t)LWIP_MIN(wait, TURN_MAX_MS), turn, timer);
}

/* Not from the callback itself: the engine may close or abort the pcb that lwIP is looking at. */
void espota_lwip_wake(void *context)
{
    struct espota_lwip_timer *timer = context;

    if (timer->run == NULL || timer->woken)
        return;
    timer->woken = true;
    sys_untimeout(turn, timer);
    sys_timeout(0, turn, timer);
}

void espota_lwip_timer_start(struct espota_lwip_timer *timer, int32_t (*run)(void *context),
                             void *context)
{
    timer->run = run;
    timer->context = context;
    espota_lwip_wake(timer);
}

void espota_lwip_timer_stop(struct espota_lwip_timer *timer)
{
    sys_untimeout(turn, timer);
    timer->run = NULL;
}
