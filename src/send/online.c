/* SPDX-License-Identifier: MIT */
#include "send/online.h"

#include <errno.h>
#include <stdlib.h>

#include "send/espota/ports.h"
#include "send/road.h"

enum {
    MISSES = 2,
    SETTLE_MS = 1200, /* hosts of the Linux kind send a refusal a second */
    CLOSE_MS = 150,   /* the same on loopback, where nothing is held back */
    LOOK_MS = 200,    /* between datagrams */
    CLOSE_LOOK_MS = 40,
    ANSWER_MS = 700, /* for a connection to be answered */
    PAUSE_MS = 250,  /* between connections */
};

void espota_online_view_init(struct espota_online_view *view, uint64_t now, uint32_t wait_ms,
                             uint32_t settle_ms)
{
    *view = (struct espota_online_view){
        .began = now, .deadline = now + wait_ms, .settle_ms = settle_ms};
}

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
    struct espota_attempt_config config;
    struct espota_online_view view;
    struct espota_caller caller;
    struct espota_timer timer;
    struct espota_watch watch;
    int fd;                /* the connection under way; -1: none */
    uint64_t fd_until;     /* it has so long to be answered */
    uint64_t next_connect; /* while there is none */
    uint64_t next_datagram;
    bool close;                    /* on loopback */
    struct espota_outcome outcome; /* once it is over */
    bool over;
};

static uint64_t now_of(const struct online *online)
{
    return espota_loop_now(online->config.loop);
}

/* A web updater has no port that would turn a datagram back. */
static bool is_web(const struct online *online)
{
    return online->config.url != NULL;
}

static void end(struct online *online, enum espota_status status)
{
    uint32_t size = online->config.source->length;

    online->outcome = (struct espota_outcome){
        .status = status,
        .road = ESPOTA_ROAD_WAIT,
        .device = online->config.device,
        .total = size,
        .sent = size,
        .acked = size,
        .waited_ms = now_of(online) - online->view.began,
    };
    online->over = true;
    espota_loop_disarm(online->config.loop, &online->timer);
    online->config.hooks.over(online->config.hooks.context, &online->outcome);
}

static void drop_connection(struct online *online)
{
    if (online->fd < 0)
        return;
    espota_loop_unwatch(online->config.loop, &online->watch);
    espota_socket_reset_on_close(online->fd);
    espota_socket_close(&online->fd);
    online->next_connect = now_of(online) + (online->close ? CLOSE_LOOK_MS : PAUSE_MS);
}

/* How the attempt to connect ended, by the socket's error. */
static void weigh_connection(struct online *online, int os_error)
{
    uint64_t now = now_of(online);

    if (os_error == 0 || (os_error == ECONNREFUSED && !is_web(online)))
        espota_online_life(&online->view, now);
    else if (os_error == ECONNREFUSED)
        espota_online_refused(&online->view, now);
    else
        espota_online_missed(&online->view, now);
}

static void arm(struct online *online);

static void connection_ready(void *context, unsigned events)
{
    struct online *online = context;

    (void)events;
    if (online->over)
        return;
    weigh_connection(online, espota_socket_error(online->fd));
    drop_connection(online);
    arm(online);
}

static void connect_again(struct online *online)
{
    if (espota_tcp_connect(NULL, &online->config.device, &online->fd, NULL) != ESPOTA_OK) {
        online->fd = -1;
        espota_online_missed(&online->view, now_of(online)); /* no way to it now */
        online->next_connect = now_of(online) + PAUSE_MS;
        return;
    }
    online->fd_until = now_of(online) + ANSWER_MS;
    online->watch = (struct espota_watch){
        .fd = online->fd, .events = ESPOTA_WRITABLE, .ready = connection_ready, .context = online};
    if (espota_loop_watch(online->config.loop, &online->watch, NULL) != ESPOTA_OK)
        drop_connection(online);
}

static void send_datagram(struct online *online)
{
    int os_error;

    /* what cannot be sent is not refused, and shows no life either: the connections tell */
    (void)!espota_ports_send(online->config.ports, &online->caller, "\n", 1, false, &os_error);
    online->next_datagram = now_of(online) + (online->close ? CLOSE_LOOK_MS : LOOK_MS);
}

static void heard_datagram(void *context, const uint8_t *data, size_t length)
{
    struct online *online = context;

    (void)data;
    (void)length;
    if (!online->over)
        espota_online_life(&online->view, now_of(online));
}

static void heard_unreachable(void *context, enum espota_unreachable why,
                              const struct espota_address *teller)
{
    struct online *online = context;

    (void)teller;
    if (online->over)
        return;
    if (why == ESPOTA_UNREACHABLE_PORT)
        espota_online_refused(&online->view, now_of(online));
    else
        espota_online_missed(&online->view, now_of(online));
}

/* Judges, and sleeps until there is something to do. */
static void arm(struct online *online)
{
    uint64_t now = now_of(online);
    enum espota_status status = espota_online_judge(&online->view, now);
    uint64_t at = online->fd >= 0 ? online->fd_until : online->next_connect;

    if (status != ESPOTA_MORE) {
        end(online, status);
        return;
    }
    if (!is_web(online) && online->next_datagram < at)
        at = online->next_datagram;
    if (online->view.deadline < at)
        at = online->view.deadline;
    if (espota_loop_arm(online->config.loop, &online->timer, at) != ESPOTA_OK)
        end(online, ESPOTA_E_MEMORY);
}

static void expired(void *context)
{
    struct online *online = context;
    uint64_t now = now_of(online);

    if (online->fd >= 0 && now >= online->fd_until) {
        espota_online_missed(&online->view, now);
        drop_connection(online);
    }
    if (online->fd < 0 && now >= online->next_connect)
        connect_again(online);
    if (!is_web(online) && now >= online->next_datagram)
        send_datagram(online);
    arm(online);
}

static void destroy(struct espota_attempt *attempt)
{
    struct online *online = (struct online *)attempt; /* its first member */

    drop_connection(online);
    espota_ports_leave(online->config.ports, &online->caller);
    espota_loop_disarm(online->config.loop, &online->timer);
    free(online);
}

static void stop(struct espota_attempt *attempt)
{
    struct online *online = (struct online *)attempt;

    if (!online->over)
        end(online, ESPOTA_E_INTERRUPTED);
}

static const struct espota_attempt_kind online_kind = {destroy, NULL, stop};

enum espota_status espota_online_create(const struct espota_attempt_config *config,
                                        struct espota_attempt **out, struct espota_error *err)
{
    struct online *online = calloc(1, sizeof(*online));
    enum espota_status status = ESPOTA_OK;
    uint16_t port;

    *out = NULL;
    if (online == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to wait for a device");
    online->base.kind = &online_kind;
    online->config = *config;
    online->fd = -1;
    online->close = espota_address_is_loopback(&config->device);
    online->timer = (struct espota_timer){.expired = expired, .context = online};
    online->caller = (struct espota_caller){.device = config->device,
                                            .context = online,
                                            .datagram = heard_datagram,
                                            .unreachable = heard_unreachable};
    espota_online_view_init(&online->view, now_of(online), config->wait_ms,
                            online->close ? CLOSE_MS : SETTLE_MS);
    if (!is_web(online))
        status = espota_ports_join(config->ports, &online->caller, &port, err);
    if (status == ESPOTA_OK &&
        espota_loop_arm(config->loop, &online->timer, now_of(online)) != ESPOTA_OK)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory to wait for a device");
    if (status != ESPOTA_OK) {
        destroy(&online->base);
        return status;
    }
    *out = &online->base;
    return ESPOTA_OK;
}
