/* SPDX-License-Identifier: MIT */
/*
 * Two attempts that send nothing and only look, because an invitation would start another update.
 *
 * One waits: has the device restarted with what it was sent? It has if it went silent and then came
 * back. What is looked at:
 *
 * - A TCP connection to the device is begun and dropped. An answer of any kind,
 *   a refusal too, is life; no answer in time, or word from the network that
 *   nobody is there, is silence.
 * - A datagram of one byte, which every device ignores, goes to its update port.
 *   The answer that nobody listens there is silence as well: the device has not
 *   reached the point where it can be updated again. No answer is as good as it gets.
 *
 * Who is updated by TCP alone has no such port: there only an accepted connection is life.
 * A device that announces itself (mDNS) is back as well; that is for who listens to it.
 *
 * The other knocks once at a device that was invited in vain: is anything there at all? A refusal
 * comes from a host that is up; a connection that is taken comes from another program than
 * ArduinoOTA, which never listens by TCP. No device minds either.
 */
#include <errno.h>

#include "send/attempt.h"
#include "send/espota/ports.h"

enum {
    MISSES = 2,
    SETTLE_MS = 1200, /* hosts of the Linux kind send a refusal a second */
    CLOSE_MS = 150,   /* the same on loopback, where nothing is held back */
    LOOK_MS = 200,    /* between datagrams */
    CLOSE_LOOK_MS = 40,
    ANSWER_MS = 700, /* for a connection to be answered */
    PAUSE_MS = 250,  /* between connections */
    KNOCK_MS = 1000, /* a device that saves power hears only some of the beacons */
};

void espota_online_life(struct espota_online_view *view, uint64_t now)
{
    view->last_life = now;
    view->misses = 0;
}

void espota_online_refused(struct espota_online_view *view, uint64_t now)
{
    view->silent = true;
    view->last_silence = now;
}

void espota_online_missed(struct espota_online_view *view, uint64_t now)
{
    if (++view->misses >= MISSES)
        view->silent = true;
    if (view->silent)
        view->last_silence = now;
}

enum espota_status espota_online_judge(const struct espota_online_view *view, uint64_t now)
{
    if (view->silent && view->last_life > view->last_silence &&
        now - view->last_silence >= view->settle_ms)
        return ESPOTA_OK;
    if (now < view->deadline)
        return ESPOTA_MORE;
    return view->silent ? ESPOTA_E_NO_ANSWER : ESPOTA_E_UNKNOWN;
}

struct online {
    struct espota_attempt base;
    struct espota_online_view view;
    struct espota_caller caller;
    struct espota_connecting probe; /* begun only to see what becomes of it */
    uint64_t probe_until;           /* it has so long to be answered */
    uint64_t next_probe;            /* while there is none */
    uint64_t next_datagram;
    bool close; /* on loopback */
};

static uint64_t now_of(const struct online *online)
{
    return espota_attempt_now(&online->base);
}

/* By TCP alone: it has no port that would turn a datagram back. */
static bool is_tcp(const struct online *online)
{
    return online->base.config.road != ESPOTA_ROAD_CALLBACK;
}

static void end(struct online *online, enum espota_status status)
{
    struct espota_outcome *out = &online->base.outcome;

    out->sent = out->acked = out->total;
    out->waited_ms = now_of(online) - online->view.began;
    espota_attempt_end(&online->base, status);
}

/* A device that serves one at a time must hear that we are gone: a reset that is lost on the way is
 * not sent again, and ESPHome's would wait 20 s for us and let nobody in. */
static void drop_connection(struct online *online)
{
    if (online->probe.fd < 0)
        return;
    if (is_tcp(online)) {
        int fd = espota_connecting_take(&online->probe, &online->base);

        espota_socket_close(&fd);
    } else {
        espota_connecting_drop(&online->probe, &online->base);
    }
    online->next_probe = now_of(online) + (online->close ? CLOSE_LOOK_MS : PAUSE_MS);
}

/* How the attempt to connect ended, by the socket's error. */
static void weigh_connection(struct online *online, int os_error)
{
    uint64_t now = now_of(online);

    if (os_error == 0 || (os_error == ECONNREFUSED && !is_tcp(online)))
        espota_online_life(&online->view, now);
    else if (os_error == ECONNREFUSED)
        espota_online_refused(&online->view, now);
    else
        espota_online_missed(&online->view, now);
}

/* Judges, and sleeps until there is something to do. */
static void arm(struct online *online)
{
    enum espota_status status = espota_online_judge(&online->view, now_of(online));
    uint64_t at = online->probe.fd >= 0 ? online->probe_until : online->next_probe;

    if (status != ESPOTA_MORE) {
        end(online, status);
        return;
    }
    if (!is_tcp(online) && online->next_datagram < at)
        at = online->next_datagram;
    if (online->view.deadline < at)
        at = online->view.deadline;
    if (!espota_attempt_wake_at(&online->base, at))
        end(online, ESPOTA_E_MEMORY);
}

static void connection_ready(void *context, unsigned events)
{
    struct online *online = context;

    (void)events;
    if (online->base.over)
        return;
    weigh_connection(online, espota_socket_error(online->probe.fd));
    drop_connection(online);
    arm(online);
}

static void connect_again(struct online *online)
{
    if (espota_connecting_begin(&online->probe, &online->base, NULL, connection_ready, online,
                                NULL)) {
        online->probe_until = now_of(online) + ANSWER_MS;
        return;
    }
    drop_connection(online);
    espota_online_missed(&online->view, now_of(online)); /* no way to it now */
    online->next_probe = now_of(online) + PAUSE_MS;
}

static void send_datagram(struct online *online)
{
    int os_error;

    /* what cannot be sent is not refused, and shows no life either: the connections tell */
    (void)!espota_ports_send(online->base.config.ports, &online->caller, "\n", 1, false, &os_error);
    online->next_datagram = now_of(online) + (online->close ? CLOSE_LOOK_MS : LOOK_MS);
}

static void heard_datagram(void *context, const uint8_t *data, size_t length)
{
    struct online *online = context;

    (void)data;
    (void)length;
    if (!online->base.over)
        espota_online_life(&online->view, now_of(online));
}

static void heard_unreachable(void *context, enum espota_unreachable why,
                              const struct espota_address *teller)
{
    struct online *online = context;

    (void)teller;
    if (online->base.over)
        return;
    if (why == ESPOTA_UNREACHABLE_PORT)
        espota_online_refused(&online->view, now_of(online));
    else
        espota_online_missed(&online->view, now_of(online));
}

static void expired(void *attempt)
{
    struct online *online = attempt;
    uint64_t now = now_of(online);

    if (online->probe.fd >= 0 && now >= online->probe_until) {
        espota_online_missed(&online->view, now);
        drop_connection(online);
    }
    if (online->probe.fd < 0 && now >= online->next_probe)
        connect_again(online);
    if (!is_tcp(online) && now >= online->next_datagram)
        send_datagram(online);
    arm(online);
}

static enum espota_status begin(struct espota_attempt *attempt, struct espota_error *err)
{
    struct online *online = (struct online *)attempt; /* its first member */
    const struct espota_attempt_config *config = &attempt->config;
    enum espota_status status = ESPOTA_OK;
    uint16_t port;

    online->probe.fd = -1;
    online->close = espota_address_is_loopback(&config->device);
    online->caller = (struct espota_caller){.device = config->device,
                                            .context = online,
                                            .datagram = heard_datagram,
                                            .unreachable = heard_unreachable};
    online->view =
        (struct espota_online_view){.began = now_of(online),
                                    .deadline = now_of(online) + config->options->wait_online_ms,
                                    .settle_ms = online->close ? CLOSE_MS : SETTLE_MS};
    if (!is_tcp(online))
        status = espota_ports_join(config->ports, &online->caller, &port, err);
    if (status == ESPOTA_OK && !espota_attempt_wake_at(attempt, now_of(online)))
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory to wait for a device");
    return status;
}

static void release(struct espota_attempt *attempt)
{
    struct online *online = (struct online *)attempt;

    espota_connecting_drop(&online->probe, attempt);
    espota_ports_leave(attempt->config.ports, &online->caller);
}

static void stop(struct espota_attempt *attempt)
{
    end((struct online *)attempt, ESPOTA_E_INTERRUPTED);
}

const struct espota_attempt_kind espota_online_kind = {.size = sizeof(struct online),
                                                       .road = ESPOTA_ROAD_WAIT,
                                                       .begin = begin,
                                                       .release = release,
                                                       .expired = expired,
                                                       .stop = stop};

struct knock {
    struct espota_attempt base;
    struct espota_connecting probe;
};

bool espota_attempt_knock_helps(const struct espota_outcome *outcome)
{
    return outcome->road == ESPOTA_ROAD_CALLBACK && outcome->status == ESPOTA_E_NO_ANSWER &&
           outcome->challenge == 0 && outcome->os_error == 0 &&
           outcome->knock == ESPOTA_KNOCK_NONE && outcome->stranger.family == 0 &&
           (!outcome->has_unreachable || outcome->unreachable == ESPOTA_UNREACHABLE_PORT);
}

static void knock_end(struct knock *knock, enum espota_knock what)
{
    espota_connecting_drop(&knock->probe, &knock->base);
    knock->base.outcome.knock = what;
    espota_attempt_end(&knock->base, knock->base.outcome.status);
}

static void knock_answered(void *context, unsigned events)
{
    struct knock *knock = context;
    int os_error = espota_socket_error(knock->probe.fd);

    (void)events;
    knock_end(knock, os_error == 0              ? ESPOTA_KNOCK_OPEN
                     : os_error == ECONNREFUSED ? ESPOTA_KNOCK_REFUSED
                                                : ESPOTA_KNOCK_SILENT);
}

static void knock_expired(void *attempt)
{
    knock_end(attempt, ESPOTA_KNOCK_SILENT);
}

static enum espota_status knock_begin(struct espota_attempt *attempt, struct espota_error *err)
{
    struct knock *knock = (struct knock *)attempt;

    attempt->outcome = *attempt->config.failed;
    if (!espota_connecting_begin(&knock->probe, attempt, NULL, knock_answered, knock, err))
        return ESPOTA_E_LOCAL;
    if (!espota_attempt_wake_at(attempt, espota_attempt_now(attempt) + KNOCK_MS))
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a timer");
    return ESPOTA_OK;
}

static void knock_release(struct espota_attempt *attempt)
{
    espota_connecting_drop(&((struct knock *)attempt)->probe, attempt);
}

static void knock_stop(struct espota_attempt *attempt)
{
    knock_end((struct knock *)attempt, ESPOTA_KNOCK_SILENT);
}

const struct espota_attempt_kind espota_knock_kind = {.size = sizeof(struct knock),
                                                      .road = ESPOTA_ROAD_CALLBACK,
                                                      .begin = knock_begin,
                                                      .release = knock_release,
                                                      .expired = knock_expired,
                                                      .stop = knock_stop};
