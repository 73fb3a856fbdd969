/* SPDX-License-Identifier: MIT */
/*
 * Meshtastic's OTA loader on sockets and the loop: a connection, then the engine (session.c) on the
 * stream. After every input `drive` does what the engine wants and tells what has changed.
 */
#include <string.h>

#include "send/attempt.h"
#include "send/meshtastic/session.h"
#include "send/stream.h"

enum {
    WORK_MS = 60000, /* erasing, and checking behind the last byte */
    LOOK_MS = 200,   /* between looks at what the device's TCP has acknowledged */
};

struct loader {
    struct espota_attempt base;
    struct espota_meshtastic_session session;
    struct espota_stream stream;
    struct espota_connecting connecting;
    uint32_t left; /* image bytes that have left this machine */
};

static uint64_t now_of(const struct loader *d)
{
    return espota_attempt_now(&d->base);
}

static void tell(struct loader *d, enum espota_event_kind kind)
{
    const struct espota_attempt_event event = {
        .kind = kind, .acked = d->base.outcome.acked, .address = d->base.config.device};

    espota_attempt_tell(&d->base, &event);
}

static bool all_left(const struct loader *d)
{
    return d->left == d->base.outcome.total;
}

static void finish(struct loader *d, enum espota_status status)
{
    struct espota_outcome *out = &d->base.outcome;

    if (status == ESPOTA_OK) /* whoever has seen the digest of all has all */
        out->acked = d->left = out->total;
    espota_attempt_show(&d->base, d->base.outcome.acked);
    _Static_assert(ESPOTA_MESHTASTIC_LINE_MAX <= sizeof(out->words), "an outcome has room for it");
    out->sent = d->left;
    out->phase = d->session.ended_in;
    out->words_length = d->session.length;
    memcpy(out->words, d->session.line, d->session.length);
    out->ended = d->stream.ended;
    if (out->os_error == 0)
        out->os_error = d->stream.os_error;
    espota_stream_close(&d->stream, status != ESPOTA_OK);
    espota_attempt_end(&d->base, status);
}

/* After every input. */
static void drive(struct loader *d)
{
    uint64_t at = now_of(d) + LOOK_MS, when;

    if (d->base.over)
        return;
    espota_stream_follow(&d->stream);
    if (espota_stream_deadline(&d->stream, &when) && when < at)
        at = when;
    if (d->session.phase == ESPOTA_MESHTASTIC_OVER)
        finish(d, d->session.status);
    else if (!espota_attempt_wake_at(&d->base, at))
        finish(d, ESPOTA_E_MEMORY);
    else if (d->base.outcome.acked == d->base.outcome.total)
        espota_attempt_show(&d->base, d->base.outcome.acked);
}

/* --- the engine behind the stream --- */

static bool has_out(void *context)
{
    const struct loader *d = context;

    return (espota_meshtastic_session_want(&d->session) &
            (ESPOTA_WANT_STREAM_OUT | ESPOTA_WANT_IMAGE_OUT)) != 0;
}

static const uint8_t *bytes_out(void *context, size_t *length)
{
    struct loader *d = context;
    const struct espota_source *source = d->base.config.source;
    const char *line = espota_meshtastic_session_tx(&d->session, length);

    if (line != NULL)
        return (const uint8_t *)line;
    *length = source->length - d->session.taken; /* taken never goes beyond */
    return source->sent.bytes + d->session.taken;
}

static void taken(void *context, size_t length)
{
    struct loader *d = context;

    espota_meshtastic_session_sent(&d->session, length, now_of(d));
}

/* The line in front of the image is gone long before. */
static void left(void *context, uint64_t written, uint32_t unsent, uint32_t unacked)
{
    struct loader *d = context;
    uint32_t have = d->session.taken;
    uint32_t acked = unacked < have ? have - unacked : 0;

    (void)written;
    d->left = unsent < have ? have - unsent : 0;
    if (acked <= d->base.outcome.acked)
        return;
    d->base.outcome.acked = acked;
    espota_meshtastic_session_acked(&d->session, now_of(d));
}

static bool listens(void *context)
{
    const struct loader *d = context;

    return (espota_meshtastic_session_want(&d->session) & ESPOTA_WANT_STREAM_IN) != 0;
}

static void heard(void *context, const uint8_t *data, size_t length)
{
    struct loader *d = context;

    espota_meshtastic_session_rx(&d->session, data, length, now_of(d));
}

static void heard_end(void *context)
{
    struct loader *d = context;

    espota_meshtastic_session_end(&d->session, all_left(d));
}

static void moved(void *context)
{
    drive(context);
}

/* --- the connection --- */

static void begin_session(struct loader *d)
{
    const struct espota_attempt_config *config = &d->base.config;
    uint32_t timeout_ms = config->options->timeout_ms;
    struct espota_meshtastic_config session = {
        .size = config->source->length,
        .answer_ms = timeout_ms,
        .work_ms = timeout_ms > WORK_MS ? timeout_ms : WORK_MS,
    };

    memcpy(session.sha256, config->source->sent.sha256, sizeof(session.sha256));
    espota_meshtastic_session_init(&d->session, &session, now_of(d));
}

static void connected(void *context, unsigned events)
{
    struct loader *d = context;
    enum espota_status status;
    int fd;

    (void)events;
    if (d->base.over)
        return;
    d->base.outcome.os_error = espota_socket_error(d->connecting.fd);
    if (d->base.outcome.os_error != 0) {
        finish(d, ESPOTA_E_NO_ANSWER);
        return;
    }
    fd = espota_connecting_take(&d->connecting, &d->base);
    d->base.outcome.caller = d->base.config.device;
    tell(d, ESPOTA_EVENT_CONNECTED);
    begin_session(d);
    status = espota_stream_open(&d->stream, fd, d->base.config.options->limit_rate);
    if (status != ESPOTA_OK)
        finish(d, status);
    drive(d);
}

static void timer_expired(void *attempt)
{
    struct loader *d = attempt;

    if (d->stream.fd < 0) { /* not connected in time, or there was no way to it */
        finish(d, ESPOTA_E_NO_ANSWER);
        return;
    }
    espota_stream_look(&d->stream);
    espota_attempt_show(&d->base, d->base.outcome.acked);
    espota_meshtastic_session_tick(&d->session, all_left(d), now_of(d));
    drive(d);
}

static void stop(struct espota_attempt *attempt)
{
    struct loader *d = (struct loader *)attempt; /* its first member */

    espota_stream_look(&d->stream);
    finish(d, ESPOTA_E_INTERRUPTED);
}

static enum espota_status begin(struct espota_attempt *attempt, struct espota_error *err)
{
    struct loader *d = (struct loader *)attempt;

    d->stream = (struct espota_stream){
        .loop = attempt->config.loop,
        .hooks = {d, has_out, bytes_out, taken, left, listens, heard, heard_end, moved},
        .fd = -1};
    d->connecting.fd = -1;
    if (attempt->config.command != ESPOTA_COMMAND_FLASH)
        return espota_error_set(err, ESPOTA_E_IMAGE,
                                "a node takes no file system by its OTA loader");
    return espota_connecting_start(&d->connecting, attempt, connected, d, err);
}

static void release(struct espota_attempt *attempt)
{
    struct loader *d = (struct loader *)attempt;

    espota_connecting_drop(&d->connecting, attempt);
    espota_stream_close(&d->stream, true); /* if it has not ended */
}

const struct espota_attempt_kind espota_meshtastic_kind = {.size = sizeof(struct loader),
                                                           .road = ESPOTA_ROAD_MESHTASTIC,
                                                           .begin = begin,
                                                           .release = release,
                                                           .expired = timer_expired,
                                                           .stop = stop};
