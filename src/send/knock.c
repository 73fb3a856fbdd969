/* SPDX-License-Identifier: MIT */
#include "send/knock.h"

#include <errno.h>
#include <stdlib.h>

enum { ANSWER_MS = 1000 }; /* a device that saves power hears only some of the beacons */

struct knock {
    struct espota_attempt base;
    struct espota_loop *loop;
    struct espota_outcome outcome;
    struct espota_attempt_ears ears;
    struct espota_timer timer;
    struct espota_watch watch;
    int fd;
    bool over;
};

bool espota_knock_helps(const struct espota_outcome *outcome)
{
    return outcome->status == ESPOTA_E_NO_ANSWER && outcome->challenge == 0 &&
           outcome->os_error == 0 && outcome->knock == ESPOTA_KNOCK_NONE &&
           outcome->stranger.family == 0 &&
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
    knock->ears.over(knock->ears.context);
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

static void take_password(struct espota_attempt *attempt, const char *password, size_t length)
{
    (void)attempt; /* it never asks */
    (void)password;
    (void)length;
}

static void stop(struct espota_attempt *attempt)
{
    end((struct knock *)attempt, ESPOTA_KNOCK_SILENT);
}

static void report(const struct espota_attempt *attempt, struct espota_attempt_report *out)
{
    const struct knock *knock = (const struct knock *)attempt;

    *out = (struct espota_attempt_report){.status = knock->outcome.status,
                                          .device = knock->outcome.device};
    espota_outcome_text(&knock->outcome, out->message, sizeof(out->message));
}

static const struct espota_attempt_kind knock_kind = {destroy, take_password, stop, report};

bool espota_knock_outcome(const struct espota_attempt *attempt, struct espota_outcome *out)
{
    if (attempt->kind != &knock_kind)
        return false;
    *out = ((const struct knock *)attempt)->outcome;
    return true;
}

enum espota_status espota_knock_create(struct espota_loop *loop,
                                       const struct espota_outcome *outcome,
                                       const struct espota_attempt_ears *ears,
                                       struct espota_attempt **out, struct espota_error *err)
{
    struct knock *knock = calloc(1, sizeof(*knock));
    enum espota_status status;

    *out = NULL;
    if (knock == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a connection");
    *knock = (struct knock){.base = {&knock_kind},
                            .loop = loop,
                            .outcome = *outcome,
                            .ears = *ears,
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
