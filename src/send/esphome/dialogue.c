/* SPDX-License-Identifier: MIT */
/*
 * ESPHome's protocol on sockets and the loop: a connection to the device, then the engine
 * (session.c) on the stream. After every input `drive` does what the engine wants and tells what
 * has changed.
 */
#include <string.h>

#include "send/attempt.h"
#include "send/esphome/session.h"
#include "send/stream.h"

enum {
    /* A device waits 105 s itself: who comes again sooner finds it waiting still. */
    WORK_MS = 160000,
    LOOK_MS = 200, /* between looks at what the device's TCP has acknowledged */
};

struct dialogue {
    struct espota_attempt base;
    struct espota_esphome_session session;
    struct espota_stream stream;
    const uint8_t *bytes; /* of the image, packed or not, once the device has chosen */
    struct espota_connecting connecting;
    uint64_t look_at;          /* the next look at the socket's queue */
    enum espota_status forced; /* an end that is not the engine's; OK: none */
    uint32_t left;             /* image bytes that have left this machine */
    bool all_left;             /* and nothing else is waiting either */
    bool challenged, asked;
};

static struct dialogue *of(struct espota_attempt *attempt)
{
    return (struct dialogue *)attempt; /* its first member */
}

static uint64_t now_of(const struct dialogue *d)
{
    return espota_attempt_now(&d->base);
}

static unsigned wants(const struct dialogue *d)
{
    return espota_esphome_session_want(&d->session);
}

static void tell(struct dialogue *d, enum espota_event_kind kind)
{
    const struct espota_attempt_event event = {
        .kind = kind,
        .acked = d->base.outcome.acked,
        .address = d->base.config.device,
        .scheme = d->session.challenge == ESPOTA_NONCE_MD5 ? "md5" : "sha256",
    };

    espota_attempt_tell(&d->base, &event);
}

static bool is_over(const struct dialogue *d)
{
    return d->session.phase == ESPOTA_ESPHOME_OVER;
}

/* The thanks behind a good end still leave, if the socket takes them; nobody waits for that. */
static void finish(struct dialogue *d, enum espota_status status)
{
    struct espota_outcome *out = &d->base.outcome;

    _Static_assert(ESPOTA_ESPHOME_WORDS_MAX <= sizeof(out->words), "an outcome has room for them");
    out->sent = d->left;
    out->challenge = d->session.challenge;
    out->refusal = d->session.refusal;
    out->esphome = d->session.reason;
    out->phase = d->session.ended_in;
    out->words_length = d->session.words_length;
    memcpy(out->words, d->session.words, d->session.words_length);
    out->ended = d->stream.ended;
    if (out->os_error == 0)
        out->os_error = d->stream.os_error;
    if (status == ESPOTA_OK)
        espota_stream_push(&d->stream);
    espota_stream_close(&d->stream, status != ESPOTA_OK);
    espota_attempt_end(&d->base, status);
}

static void set_timer(struct dialogue *d)
{
    uint64_t at = UINT64_MAX, when;

    if (espota_esphome_session_deadline(&d->session, &when))
        at = when;
    if (d->session.phase >= ESPOTA_ESPHOME_STREAMING &&
        d->base.outcome.acked < d->base.outcome.total && d->look_at < at)
        at = d->look_at;
    if (espota_stream_deadline(&d->stream, &when) && when < at)
        at = when;
    if (at == UINT64_MAX)
        espota_loop_disarm(d->base.config.loop, &d->base.timer);
    else if (!espota_attempt_wake_at(&d->base, at))
        d->forced = ESPOTA_E_MEMORY;
}

/* After every input: does what the engine wants, and says what changed. */
static void drive(struct dialogue *d)
{
    if (d->base.over)
        return;
    if (d->session.challenge != 0 && !d->challenged) {
        d->challenged = true;
        tell(d, ESPOTA_EVENT_AUTH);
    }
    if ((wants(d) & ESPOTA_WANT_PASSWORD) != 0 && !d->asked) {
        d->asked = true;
        d->base.config.hooks.asks(d->base.config.hooks.context);
    }
    if (d->base.outcome.acked == d->base.outcome.total)
        espota_attempt_show(&d->base, d->base.outcome.acked);
    espota_stream_follow(&d->stream);
    set_timer(d);
    if (d->forced != ESPOTA_OK)
        finish(d, d->forced);
    else if (is_over(d))
        finish(d, d->session.status);
}

/* --- the engine behind the stream --- */

static bool has_out(void *context)
{
    return (wants(context) & (ESPOTA_WANT_STREAM_OUT | ESPOTA_WANT_IMAGE_OUT)) != 0;
}

/* A sealed image leaves in frames: as many at a time as there is room for. */
static const uint8_t *bytes_out(void *context, size_t *length)
{
    struct dialogue *d = context;
    struct espota_esphome_session *s = &d->session;
    const uint8_t *bytes;

    while (s->sealed && (wants(d) & ESPOTA_WANT_IMAGE_OUT) != 0)
        (void)espota_esphome_session_seal(s, d->bytes + s->taken, s->image.length - s->taken);
    bytes = espota_esphome_session_tx(s, length);
    if (bytes != NULL || (wants(d) & ESPOTA_WANT_IMAGE_OUT) == 0)
        return bytes;
    *length = s->image.length - s->taken;
    return d->bytes + s->taken;
}

static void taken(void *context, size_t length)
{
    struct dialogue *d = context;
    size_t waiting;

    if (espota_esphome_session_tx(&d->session, &waiting) != NULL)
        espota_esphome_session_tx_ack(&d->session, length, now_of(d));
    else
        espota_esphome_session_sent(&d->session, (uint32_t)length, now_of(d)); /* of the image */
}

/* What stands around the image bytes is little: they count as those that leave last. */
static uint32_t behind(uint32_t taken, size_t waiting)
{
    return waiting < taken ? taken - (uint32_t)waiting : 0;
}

static void left(void *context, uint64_t written, uint32_t unsent, uint32_t unacked)
{
    struct dialogue *d = context;
    struct espota_outcome *out = &d->base.outcome;
    uint32_t was = out->acked;
    size_t waiting;

    (void)written;
    (void)espota_esphome_session_tx(&d->session, &waiting);
    d->all_left = unsent + waiting == 0;
    d->left = behind(d->session.taken, waiting + unsent);
    out->acked = behind(d->session.taken, waiting + unacked);
    if (out->acked > was)
        espota_esphome_session_acked(&d->session, now_of(d));
    else
        out->acked = was; /* a new frame is counted before any of it has left */
}

static bool listens(void *context)
{
    return (wants(context) & ESPOTA_WANT_STREAM_IN) != 0;
}

static void heard(void *context, const uint8_t *data, size_t length)
{
    struct dialogue *d = context;

    espota_esphome_session_rx(&d->session, data, length, now_of(d));
}

static void heard_end(void *context)
{
    struct dialogue *d = context;

    espota_esphome_session_end(&d->session, d->all_left);
}

static void stream_moved(void *context)
{
    drive(context);
}

/* The device has said what it takes. */
static enum espota_status pack(void *context, enum espota_packing packing,
                               struct espota_esphome_image *out)
{
    struct dialogue *d = context;
    const struct espota_source *source = d->base.config.source;
    const struct espota_packed *packed;
    enum espota_status status;

    d->bytes = source->sent.bytes;
    out->length = source->length;
    memcpy(out->md5, source->md5, sizeof(out->md5));
    if (packing != ESPOTA_PACKING_NONE) {
        status = espota_source_pack(source, packing, &packed, NULL);
        if (status != ESPOTA_OK)
            return status;
        d->bytes = packed->bytes;
        out->length = packed->length;
        if (packing == ESPOTA_PACKING_GZIP)
            memcpy(out->md5, packed->md5, sizeof(out->md5));
    }
    d->base.outcome.total = out->length;
    return ESPOTA_OK;
}

/* --- the connection --- */

static void begin_session(struct dialogue *d)
{
    const struct espota_attempt_config *config = &d->base.config;
    const struct espota_source *source = config->source;
    uint32_t timeout_ms = config->options->timeout_ms;
    struct espota_esphome_config session = {
        .crypto = config->crypto,
        .noise = config->noise,
        .key = config->key,
        .clear = config->options->plaintext,
        .type = (uint8_t)config->options->type,
        .size = source->length,
        .password = config->password,
        .password_length = config->password_length,
        .answer_ms = timeout_ms,
        .work_ms = timeout_ms > WORK_MS ? timeout_ms : WORK_MS,
        .context = d,
        .pack = pack,
    };

    for (enum espota_packing packing = 0; packing < ESPOTA_PACKINGS; packing++)
        session.packs[packing] = espota_source_packs(source, packing);
    espota_esphome_session_init(&d->session, &session, now_of(d));
}

static void connection_failed(struct dialogue *d, int os_error)
{
    d->base.outcome.os_error = os_error;
    finish(d, ESPOTA_E_NO_ANSWER);
}

static void connected(void *context, unsigned events)
{
    struct dialogue *d = context;
    int fd, os_error = espota_socket_error(d->connecting.fd);

    (void)events;
    if (d->base.over)
        return;
    if (os_error != 0) {
        connection_failed(d, os_error);
        return;
    }
    fd = espota_connecting_take(&d->connecting, &d->base);
    d->base.outcome.caller = d->base.config.device;
    tell(d, ESPOTA_EVENT_CONNECTED);
    begin_session(d);
    d->look_at = now_of(d) + LOOK_MS;
    if (espota_stream_open(&d->stream, fd, d->base.config.options->limit_rate) != ESPOTA_OK)
        d->forced = ESPOTA_E_MEMORY;
    drive(d);
}

static void timer_expired(void *attempt)
{
    struct dialogue *d = attempt;
    uint64_t now = now_of(d);

    if (d->stream.fd < 0) { /* not connected in time, or there was no way to it */
        connection_failed(d, 0);
        return;
    }
    espota_stream_look(&d->stream);
    if (now >= d->look_at) {
        d->look_at = now + LOOK_MS;
        espota_attempt_show(&d->base, d->base.outcome.acked);
    }
    espota_esphome_session_tick(&d->session, d->all_left, now);
    drive(d);
}

static void take_password(struct espota_attempt *attempt)
{
    struct dialogue *d = of(attempt);

    espota_esphome_session_password(&d->session, attempt->config.password,
                                    attempt->config.password_length, now_of(d));
    drive(d);
}

static void stop(struct espota_attempt *attempt)
{
    espota_stream_look(&of(attempt)->stream);
    finish(of(attempt), ESPOTA_E_INTERRUPTED);
}

static enum espota_status begin(struct espota_attempt *attempt, struct espota_error *err)
{
    struct dialogue *d = of(attempt);

    d->stream = (struct espota_stream){
        .loop = attempt->config.loop,
        .hooks = {d, has_out, bytes_out, taken, left, listens, heard, heard_end, stream_moved},
        .fd = -1};
    d->connecting.fd = -1;
    return espota_connecting_start(&d->connecting, attempt, connected, d, err);
}

static void release(struct espota_attempt *attempt)
{
    struct dialogue *d = of(attempt);

    espota_connecting_drop(&d->connecting, attempt);
    espota_stream_close(&d->stream, true); /* if it has not ended */
    espota_esphome_session_deinit(&d->session);
}

const struct espota_attempt_kind espota_esphome_kind = {.size = sizeof(struct dialogue),
                                                        .road = ESPOTA_ROAD_ESPHOME,
                                                        .begin = begin,
                                                        .release = release,
                                                        .expired = timer_expired,
                                                        .password = take_password,
                                                        .stop = stop};
