/* SPDX-License-Identifier: MIT */
/*
 * After a device that was invited in vain: is anything there at all? One TCP connection to its port
 * is begun and dropped. A refusal comes from a host that is up; one that is taken comes from
 * another program than ArduinoOTA, which never listens by TCP. No device minds either.
 */
#include <errno.h>
#include <stdlib.h>

#include "send/road.h"

enum { ANSWER_MS = 1000 }; /* a device that saves power hears only some of the beacons */

struct knock {
    struct espota_attempt base;
    struct espota_loop *loop;
    struct espota_outcome outcome;
    struct espota_attempt_hooks hooks;
    struct espota_timer timer;
    struct espota_watch watch;
    int fd;
    bool over;
};

bool espota_attempt_knock_helps(const struct espota_outcome *outcome)
{
    return outcome->road == ESPOTA_ROAD_CALLBACK && outcome->status == ESPOTA_E_NO_ANSWER &&
           outcome->challenge == 0 && outcome->os_error == 0 &&
           outcome->knock == ESPOTA_KNOCK_NONE && outcome->stranger.family == 0 &&
           (!outcome->has_unreachable || outcome->unreachable == ESPOTA_UNREACHABLE_PORT);
}

static void hang_up(struct knock *knock)
{
    espota_loop_disarm(knock->loop, &knock->timer);
    if (knock->fd < 0)
        return;
    espota_loop_unwatch(knock->loop, &knock->watch);
    espota_socket_reset_on_close(knock->fd);
    espota_socket_close(&knock->fd);
}

static void end(struct knock *knock, enum espota_knock what)
{
    if (knock->over)
        return;
    knock->over = true;
    knock->outcome.knock = what;
    hang_up(knock);
    knock->hooks.over(knock->hooks.context, &knock->outcome);
}

static void connection_ready(void *context, unsigned events)
{
    struct knock *knock = context;
    int os_error = espota_socket_error(knock->fd);

    (void)events;
    end(knock, os_error == 0              ? ESPOTA_KNOCK_OPEN
               : os_error == ECONNREFUSED ? ESPOTA_KNOCK_REFUSED
                                          : ESPOTA_KNOCK_SILENT);
}

static void time_passed(void *context)
{
    end(context, ESPOTA_KNOCK_SILENT);
}

static void destroy(struct espota_attempt *attempt)
{
    struct knock *knock = (struct knock *)attempt; /* its first member */

    hang_up(knock);
    free(knock);
}

static void stop(struct espota_attempt *attempt)
{
    end((struct knock *)attempt, ESPOTA_KNOCK_SILENT);
}

static const struct espota_attempt_kind knock_kind = {destroy, NULL, stop};

enum espota_status espota_attempt_begin_knock(const struct espota_attempt_config *config,
                                              const struct espota_outcome *outcome,
                                              struct espota_attempt **out, struct espota_error *err)
{
    struct espota_loop *loop = config->loop;
    struct knock *knock = calloc(1, sizeof(*knock));
    enum espota_status status;

    *out = NULL;
    if (knock == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a connection");
    *knock = (struct knock){.base = {&knock_kind},
                            .loop = loop,
                            .outcome = *outcome,
                            .hooks = config->hooks,
                            .timer = {.expired = time_passed, .context = knock},
                            .fd = -1};
    status = espota_tcp_connect(NULL, &outcome->device, &knock->fd, err);
    knock->watch = (struct espota_watch){
        .fd = knock->fd, .events = ESPOTA_WRITABLE, .ready = connection_ready, .context = knock};
    if (status == ESPOTA_OK)
        status = espota_loop_watch(loop, &knock->watch, err);
    if (status == ESPOTA_OK &&
        espota_loop_arm(loop, &knock->timer, espota_loop_now(loop) + ANSWER_MS) != ESPOTA_OK)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a timer");
    if (status != ESPOTA_OK) {
        destroy(&knock->base);
        return status;
    }
    *out = &knock->base;
    return ESPOTA_OK;
}
