/* SPDX-License-Identifier: MIT */
/* Which road leads to a device, and what all attempts do alike: each knows its own way only. */
#include "send/attempt.h"
#include "send/meshtastic/session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "send/espota/ports.h"

/* Each road: how a target names it, its port where that is always the same, who goes it. */
static const struct {
    const char *scheme; /* NULL: by what the others are not */
    uint16_t port;      /* 0: the device's or the image's matter */
    const struct espota_attempt_kind *kind;
} roads[] = {
    [ESPOTA_ROAD_CALLBACK] = {NULL, 0, &espota_exchange_kind},
    [ESPOTA_ROAD_WEB] = {NULL, 0, &espota_web_push_kind},
    [ESPOTA_ROAD_ESPHOME] = {"esphome://", 0, &espota_esphome_kind},
    [ESPOTA_ROAD_MESHTASTIC] = {"meshtastic://", ESPOTA_MESHTASTIC_PORT, &espota_meshtastic_kind},
};
enum { ROADS = sizeof(roads) / sizeof(roads[0]) };

enum espota_road espota_road_of(const char *target, const char **rest)
{
    *rest = target;
    for (size_t i = 0; i < ROADS; i++) {
        size_t length = roads[i].scheme != NULL ? strlen(roads[i].scheme) : 0;

        if (length > 0 && strncmp(target, roads[i].scheme, length) == 0) {
            *rest = target + length;
            return (enum espota_road)i;
        }
    }
    return strstr(target, "://") != NULL ? ESPOTA_ROAD_WEB : ESPOTA_ROAD_CALLBACK;
}

uint16_t espota_road_port(enum espota_road road)
{
    return roads[road].port;
}

static const struct espota_attempt_kind *kind_of(const struct espota_attempt_config *config)
{
    switch (config->purpose) {
    case ESPOTA_PURPOSE_SEND:
        break;
    case ESPOTA_PURPOSE_WAIT:
        return &espota_online_kind;
    case ESPOTA_PURPOSE_KNOCK:
        return &espota_knock_kind;
    }
    return roads[config->road].kind;
}

static void set_password(struct espota_attempt *attempt, const char *password, size_t length)
{
    attempt->config.password = password;
    attempt->config.password_length = length;
    attempt->outcome.had_password = password != NULL;
    attempt->outcome.empty_password = password != NULL && length == 0;
}

enum espota_status espota_attempt_begin(const struct espota_attempt_config *config,
                                        struct espota_attempt **out, struct espota_error *err)
{
    const struct espota_attempt_kind *kind = kind_of(config);
    struct espota_attempt *attempt = calloc(1, kind->size);
    enum espota_status status;

    *out = NULL;
    if (attempt == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for an attempt");
    attempt->kind = kind;
    attempt->config = *config;
    attempt->timer = (struct espota_timer){.expired = kind->expired, .context = attempt};
    attempt->outcome = (struct espota_outcome){
        .road = kind->road,
        .command = config->command,
        .auth = config->options->auth,
        .device = config->device,
        .named = config->named,
        .timeout_ms = config->options->timeout_ms,
        .total = config->source->length,
        .odd_flash_mode = config->source->odd_flash_mode,
    };
    set_password(attempt, config->password, config->password_length);
    status = kind->begin(attempt, err);
    if (status != ESPOTA_OK) {
        espota_attempt_destroy(attempt);
        return status;
    }
    *out = attempt;
    return ESPOTA_OK;
}

uint64_t espota_attempt_now(const struct espota_attempt *attempt)
{
    return espota_loop_now(attempt->config.loop);
}

bool espota_attempt_wake_at(struct espota_attempt *attempt, uint64_t at)
{
    return espota_loop_arm(attempt->config.loop, &attempt->timer, at) == ESPOTA_OK;
}

void espota_attempt_tell(struct espota_attempt *attempt, const struct espota_attempt_event *event)
{
    struct espota_attempt_event whole = *event;

    whole.total = attempt->outcome.total;
    attempt->config.hooks.event(attempt->config.hooks.context, &whole);
}

void espota_attempt_show(struct espota_attempt *attempt, uint32_t acked)
{
    const struct espota_attempt_event event = {
        .kind = ESPOTA_EVENT_PROGRESS, .acked = acked, .address = attempt->config.device};

    if (acked == attempt->shown)
        return;
    attempt->shown = acked;
    espota_attempt_tell(attempt, &event);
}

void espota_attempt_end(struct espota_attempt *attempt, enum espota_status status)
{
    if (attempt->over)
        return;
    attempt->over = true;
    attempt->outcome.status = status;
    espota_loop_disarm(attempt->config.loop, &attempt->timer);
    attempt->config.hooks.over(attempt->config.hooks.context, &attempt->outcome);
}

void espota_attempt_password(struct espota_attempt *attempt, const char *password, size_t length)
{
    if (attempt->kind->password == NULL || attempt->over)
        return;
    set_password(attempt, password, length);
    attempt->kind->password(attempt);
}

void espota_attempt_stop(struct espota_attempt *attempt)
{
    if (!attempt->over)
        attempt->kind->stop(attempt);
}

void espota_attempt_destroy(struct espota_attempt *attempt)
{
    if (attempt == NULL)
        return;
    attempt->kind->release(attempt);
    espota_loop_disarm(attempt->config.loop, &attempt->timer);
    free(attempt);
}

bool espota_connecting_begin(struct espota_connecting *connecting,
                             const struct espota_attempt *attempt,
                             const struct espota_address *local,
                             void (*ready)(void *context, unsigned events), void *context,
                             struct espota_error *err)
{
    if (espota_tcp_connect(local, &attempt->config.device, 0, &connecting->fd, err) != ESPOTA_OK) {
        connecting->fd = -1;
        return false;
    }
    connecting->watch = (struct espota_watch){
        .fd = connecting->fd, .events = ESPOTA_WRITABLE, .ready = ready, .context = context};
    return espota_loop_watch(attempt->config.loop, &connecting->watch, err) == ESPOTA_OK;
}

enum espota_status espota_connecting_start(struct espota_connecting *connecting,
                                           struct espota_attempt *attempt,
                                           void (*ready)(void *context, unsigned events),
                                           void *context, struct espota_error *err)
{
    const struct espota_attempt_config *config = &attempt->config;
    uint64_t at = espota_attempt_now(attempt) + config->options->timeout_ms;
    struct espota_error problem = ESPOTA_ERROR_INIT;
    char *reason = attempt->outcome.reason;
    struct espota_address local;
    enum espota_status status =
        espota_ports_local(config->ports, config->device.family, &local, err);

    if (status != ESPOTA_OK)
        return status;
    if (!espota_connecting_begin(connecting, attempt, &local, ready, context, &problem)) {
        snprintf(reason, sizeof(attempt->outcome.reason), "%.*s",
                 (int)sizeof(attempt->outcome.reason) - 1, problem.message);
        at = espota_attempt_now(attempt);
    }
    return espota_attempt_wake_at(attempt, at)
               ? ESPOTA_OK
               : espota_error_set(err, ESPOTA_E_MEMORY, "no memory for an attempt");
}

int espota_connecting_take(struct espota_connecting *connecting,
                           const struct espota_attempt *attempt)
{
    int fd = connecting->fd;

    espota_loop_unwatch(attempt->config.loop, &connecting->watch);
    connecting->fd = -1;
    return fd;
}

void espota_connecting_drop(struct espota_connecting *connecting,
                            const struct espota_attempt *attempt)
{
    if (connecting->fd < 0)
        return;
    espota_loop_unwatch(attempt->config.loop, &connecting->watch);
    espota_socket_reset_on_close(connecting->fd);
    espota_socket_close(&connecting->fd);
}
