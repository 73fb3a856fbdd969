/* SPDX-License-Identifier: MIT */
/*
 * The engine (sender.c) on sockets and the loop. After every input `drive` does what the engine
 * wants and tells what has changed, so that no callback has an order of its own to keep.
 */
#include <errno.h>
#include <string.h>

#include "send/attempt.h"
#include "send/espota/ports.h"
#include "send/espota/sender.h"
#include "send/stream.h"

enum {
    VERDICT_MS = 60000, /* what devices may take for their last word */
    LOOK_MS = 200,      /* between looks at what the device's TCP has acknowledged */
};

struct exchange {
    struct espota_attempt base; /* what is seen goes straight into its outcome */
    struct espota_sender sender;
    struct espota_caller caller;
    struct espota_stream stream;
    uint32_t written;          /* of the image, by the socket */
    enum espota_status forced; /* an end that is not the engine's; OK: none */
    uint64_t look_at;          /* the next look at the socket's queue */
    bool challenged, asked;
};

static struct exchange *of(struct espota_attempt *attempt)
{
    return (struct exchange *)attempt; /* its first member */
}

static uint64_t now_of(const struct exchange *x)
{
    return espota_attempt_now(&x->base);
}

static void tell(struct exchange *x, enum espota_event_kind kind)
{
    const struct espota_attempt_event event = {
        .kind = kind,
        .acked = x->sender.acked,
        .address = kind == ESPOTA_EVENT_CONNECTED ? x->base.outcome.caller : x->base.config.device,
        .scheme = x->sender.challenge == ESPOTA_NONCE_MD5 ? "md5" : "sha256",
    };

    espota_attempt_tell(&x->base, &event);
}

static unsigned wants(const struct exchange *x)
{
    return espota_sender_want(&x->sender);
}

/* Otherwise the stream ends with a reset, so that nothing buffered arrives later. */
static bool went_well(const struct exchange *x)
{
    return x->forced == ESPOTA_OK && (wants(x) & ESPOTA_WANT_DONE) != 0;
}

static void finish(struct exchange *x)
{
    struct espota_outcome *out = &x->base.outcome;
    const struct espota_verdict *verdict = &x->sender.verdict;
    /* the newest invitation may only not have come back yet */
    uint8_t fresh = now_of(x) - x->sender.invited_at < ESPOTA_RETURNED_GAP_MS;

    _Static_assert(ESPOTA_WORDS_MAX <= sizeof(out->words), "an outcome has room for them");
    out->words_length = verdict->length;
    memcpy(out->words, verdict->words, verdict->length);
    out->sent = x->sender.sent;
    out->acked = x->sender.acked;
    out->challenge = x->sender.challenge;
    out->silent_since = x->sender.kept > fresh;
    out->ended = x->stream.ended;
    if (out->os_error == 0)
        out->os_error = x->stream.os_error;
    espota_ports_stranger(x->base.config.ports, x->base.config.since, &out->stranger);
    espota_stream_close(&x->stream, !went_well(x));
    espota_attempt_end(&x->base, x->forced != ESPOTA_OK ? x->forced : x->sender.status);
}

/* What the engine cannot see: this machine refuses to send. */
static void fail_to_send(struct exchange *x, int os_error)
{
    bool no_way = os_error == ENETUNREACH;

    x->base.outcome.os_error = os_error;
    x->forced = no_way ? ESPOTA_E_NO_ANSWER : ESPOTA_E_LOCAL;
}

static void send_datagrams(struct exchange *x)
{
    size_t length;
    const uint8_t *data;

    while (x->forced == ESPOTA_OK && (data = espota_sender_tx(&x->sender, &length)) != NULL) {
        bool invites = length < 4 || memcmp(data, "200 ", 4) != 0; /* the other is an answer */
        int os_error;

        if (espota_ports_send(x->base.config.ports, &x->caller, data, length, invites, &os_error) !=
            ESPOTA_OK) {
            fail_to_send(x, os_error);
            return;
        }
        espota_sender_tx_ack(&x->sender, now_of(x));
        x->base.outcome.invitations += invites;
        if (invites && x->base.outcome.invitations == 1)
            tell(x, ESPOTA_EVENT_INVITED);
    }
}

static void set_timer(struct exchange *x)
{
    uint64_t at = UINT64_MAX, when;

    if (espota_sender_deadline(&x->sender, &when))
        at = when;
    if (x->stream.fd >= 0 && x->sender.acked < x->base.config.source->length && x->look_at < at)
        at = x->look_at;
    if (espota_stream_deadline(&x->stream, &when) && when < at)
        at = when;
    if (at == UINT64_MAX)
        espota_loop_disarm(x->base.config.loop, &x->base.timer);
    else if (!espota_attempt_wake_at(&x->base, at))
        x->forced = ESPOTA_E_MEMORY;
}

/* After every input: does what the engine wants, and says what changed. */
static void drive(struct exchange *x)
{
    unsigned want;

    if (x->base.over)
        return;
    send_datagrams(x);
    if (x->sender.challenge != 0 && !x->challenged) {
        x->challenged = true;
        tell(x, ESPOTA_EVENT_AUTH);
    }
    want = wants(x);
    if ((want & ESPOTA_WANT_PASSWORD) != 0 && !x->asked) {
        x->asked = true;
        x->base.config.hooks.asks(x->base.config.hooks.context);
    }
    if (x->sender.acked == x->base.config.source->length)
        espota_attempt_show(&x->base, x->sender.acked);
    espota_stream_follow(&x->stream);
    set_timer(x);
    if (x->forced != ESPOTA_OK || (want & (ESPOTA_WANT_DONE | ESPOTA_WANT_FAILED)) != 0)
        finish(x);
}

/* --- the engine behind the stream --- */

static bool has_out(void *context)
{
    struct exchange *x = context;

    return (wants(x) & ESPOTA_WANT_IMAGE_OUT) != 0 && x->written < x->base.config.source->length;
}

static const uint8_t *image_out(void *context, size_t *length)
{
    struct exchange *x = context;

    *length = x->base.config.source->length - x->written; /* has_out: something is left */
    return x->base.config.source->sent.bytes + x->written;
}

static void taken(void *context, size_t length)
{
    ((struct exchange *)context)->written += (uint32_t)length; /* at most what was left */
}

static void left(void *context, uint64_t written, uint32_t unsent, uint32_t unacked)
{
    struct exchange *x = context;
    uint32_t sent = (uint32_t)written - unsent; /* the image is all that is ever written */

    if (sent > x->sender.sent)
        espota_sender_sent(&x->sender, sent - x->sender.sent);
    espota_sender_acked(&x->sender, (uint32_t)written - unacked, now_of(x));
}

static bool listens(void *context)
{
    return (wants(context) & ESPOTA_WANT_STREAM_IN) != 0;
}

static void heard(void *context, const uint8_t *data, size_t length)
{
    struct exchange *x = context;

    espota_sender_rx_stream(&x->sender, data, length, now_of(x));
}

static void heard_end(void *context)
{
    espota_sender_rx_end(&((struct exchange *)context)->sender);
}

static void stream_moved(void *context)
{
    drive(context);
}

static void timer_expired(void *attempt)
{
    struct exchange *x = attempt;
    uint64_t now = now_of(x);

    espota_stream_look(&x->stream);
    if (x->stream.fd >= 0 && now >= x->look_at) {
        x->look_at = now + LOOK_MS;
        espota_attempt_show(&x->base, x->sender.acked);
    }
    espota_sender_tick(&x->sender, now);
    drive(x);
}

static void heard_datagram(void *context, const uint8_t *data, size_t length)
{
    struct exchange *x = context;

    if (x->base.over)
        return;
    espota_sender_rx_datagram(&x->sender, data, length, now_of(x));
    drive(x);
}

static bool take_connection(void *context, int fd, const struct espota_address *peer)
{
    struct exchange *x = context;

    if (x->base.over || (wants(x) & ESPOTA_WANT_ACCEPT) == 0)
        return false;
    x->base.outcome.caller = *peer;
    x->look_at = now_of(x) + LOOK_MS;
    espota_sender_connected(&x->sender, now_of(x));
    if (espota_stream_open(&x->stream, fd, x->base.config.options->limit_rate) != ESPOTA_OK)
        x->forced = ESPOTA_E_MEMORY;
    tell(x, ESPOTA_EVENT_CONNECTED);
    drive(x);
    return true;
}

/* Nobody answered for the address: this machine's own kernel says so, and is no news. */
static bool is_ours(const struct exchange *x, const struct espota_address *teller)
{
    struct espota_address local = {.family = 0};
    char interface_name[32];
    bool same_subnet;

    return espota_route_to(&x->base.config.device, &local, interface_name, &same_subnet, NULL) ==
               ESPOTA_OK &&
           espota_address_equal(&local, teller);
}

static void heard_unreachable(void *context, enum espota_unreachable why,
                              const struct espota_address *teller)
{
    struct exchange *x = context;
    struct espota_outcome *out = &x->base.outcome;

    if (x->base.over)
        return;
    if (!out->has_unreachable || !espota_address_equal(&out->teller, teller))
        out->teller = is_ours(x, teller) ? (struct espota_address){0} : *teller;
    out->has_unreachable = true;
    out->unreachable = why;
    espota_sender_unreachable(&x->sender, now_of(x));
    drive(x);
}

static void begin_sender(struct exchange *x, uint16_t port)
{
    const struct espota_attempt_config *config = &x->base.config;
    uint32_t timeout_ms = config->options->timeout_ms;
    struct espota_sender_config sender = {
        .crypto = config->crypto,
        .invitation = {.command = config->command, .port = port, .size = config->source->length},
        .method = config->options->auth,
        .password = config->password,
        .password_length = config->password_length,
        .timeout_ms = timeout_ms,
        .verdict_ms = timeout_ms > VERDICT_MS ? timeout_ms : VERDICT_MS,
    };

    memcpy(sender.invitation.md5, config->source->md5, sizeof(sender.invitation.md5));
    espota_sender_init(&x->sender, &sender, now_of(x));
}

/* It was told no: it will not call back any more. */
static bool is_settled(const struct exchange *x)
{
    enum espota_status status = x->sender.status;

    return x->forced == ESPOTA_OK && x->base.outcome.caller.family == 0 &&
           (status == ESPOTA_E_AUTH || status == ESPOTA_E_REFUSED);
}

static void take_password(struct espota_attempt *attempt)
{
    struct exchange *x = of(attempt);

    espota_sender_password(&x->sender, attempt->config.password, attempt->config.password_length,
                           now_of(x));
    drive(x);
}

static void stop(struct espota_attempt *attempt)
{
    struct exchange *x = of(attempt);

    x->forced = ESPOTA_E_INTERRUPTED;
    espota_stream_look(&x->stream);
    finish(x);
}

static enum espota_status begin(struct espota_attempt *attempt, struct espota_error *err)
{
    struct exchange *x = of(attempt);
    const struct espota_attempt_config *config = &attempt->config;
    enum espota_status status;

    x->stream = (struct espota_stream){
        .loop = config->loop,
        .hooks = {x, has_out, image_out, taken, left, listens, heard, heard_end, stream_moved},
        .fd = -1};
    x->caller = (struct espota_caller){.device = config->device,
                                       .from = config->from,
                                       .context = x,
                                       .datagram = heard_datagram,
                                       .connection = take_connection,
                                       .unreachable = heard_unreachable};
    status = espota_ports_join(config->ports, &x->caller, &attempt->outcome.host_port, err);
    if (status != ESPOTA_OK)
        return status;
    begin_sender(x, attempt->outcome.host_port);
    if (!espota_attempt_wake_at(attempt, now_of(x)))
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for an attempt");
    return ESPOTA_OK;
}

static void release(struct espota_attempt *attempt)
{
    struct exchange *x = of(attempt);

    if (is_settled(x))
        espota_ports_settle(attempt->config.ports, &attempt->config.from);
    espota_ports_leave(attempt->config.ports, &x->caller);
    espota_stream_close(&x->stream, true); /* if it has not ended */
    espota_sender_deinit(&x->sender);
}

const struct espota_attempt_kind espota_exchange_kind = {.size = sizeof(struct exchange),
                                                         .road = ESPOTA_ROAD_CALLBACK,
                                                         .begin = begin,
                                                         .release = release,
                                                         .expired = timer_expired,
                                                         .password = take_password,
                                                         .stop = stop};
