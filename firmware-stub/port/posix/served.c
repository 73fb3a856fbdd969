/* SPDX-License-Identifier: MIT */
/*
 * What is served by TCP has a socket and a connection of its own beside those of the device, so
 * that a browser is served while nothing is updated; which of the roads an update takes, the node
 * decides.
 */
#include "port/posix/node.h"

#include <string.h>

enum { PIECE = 4096, FULL_MS = 1000 };

/* --- the two engines that are served --- */

#define SERVED(name)                                                                               \
    static void name##_init(void *engine, const void *config)                                      \
    {                                                                                              \
        espota_##name##_init(engine, config);                                                      \
    }                                                                                              \
    static void name##_deinit(void *engine)                                                        \
    {                                                                                              \
        espota_##name##_deinit(engine);                                                            \
    }                                                                                              \
    static unsigned name##_want(const void *engine)                                                \
    {                                                                                              \
        return espota_##name##_want(engine);                                                       \
    }                                                                                              \
    static void name##_connected(void *engine, const struct espota_peer *peer, uint64_t now)       \
    {                                                                                              \
        espota_##name##_connected(engine, peer, now);                                              \
    }                                                                                              \
    static void name##_rx(void *engine, const uint8_t *data, size_t length, uint64_t now)          \
    {                                                                                              \
        espota_##name##_rx(engine, data, length, now);                                             \
    }                                                                                              \
    static void name##_rx_end(void *engine, uint64_t now)                                          \
    {                                                                                              \
        espota_##name##_rx_end(engine, now);                                                       \
    }                                                                                              \
    static const void *name##_tx(const void *engine, size_t *length)                               \
    {                                                                                              \
        return espota_##name##_tx(engine, length);                                                 \
    }                                                                                              \
    static void name##_tx_ack(void *engine, size_t length, uint64_t now)                           \
    {                                                                                              \
        espota_##name##_tx_ack(engine, length, now);                                               \
    }                                                                                              \
    static void name##_tick(void *engine, uint64_t now)                                            \
    {                                                                                              \
        espota_##name##_tick(engine, now);                                                         \
    }                                                                                              \
    static bool name##_deadline(const void *engine, uint64_t *at)                                  \
    {                                                                                              \
        return espota_##name##_deadline(engine, at);                                               \
    }                                                                                              \
    static const struct stub_served_kind name = {                                                  \
        name##_init,   name##_deinit, name##_want,   name##_connected, name##_rx,                  \
        name##_rx_end, name##_tx,     name##_tx_ack, name##_tick,      name##_deadline};

SERVED(web_updater)
SERVED(esphome_updater)

static uint64_t now_of(const struct stub_served *served)
{
    return espota_loop_now(served->node->settings->loop);
}

/* What cannot be sent is dropped: the client is gone, and reading tells so. */
static void pump_out(struct stub_served *served)
{
    while ((served->kind->want(&served->engine) & ESPOTA_WANT_STREAM_OUT) != 0) {
        size_t length;
        size_t sent = 0;
        const void *data = served->kind->tx(&served->engine, &length);
        enum espota_status status = stub_link_send(&served->link, data, length, &sent);

        if (status == ESPOTA_MORE)
            return;
        served->kind->tx_ack(&served->engine, status == ESPOTA_OK ? sent : length, now_of(served));
    }
}

/* True if bytes came: more may be waiting. */
static bool pump_in(struct stub_served *served)
{
    uint8_t data[PIECE];
    size_t length;
    enum espota_status status;

    if ((served->kind->want(&served->engine) & ESPOTA_WANT_STREAM_IN) == 0)
        return false;
    status = stub_link_receive(&served->link, data, sizeof(data), &length);
    if (status == ESPOTA_MORE)
        return false;
    if (status == ESPOTA_OK && length > 0) {
        served->kind->rx(&served->engine, data, length, now_of(served));
        return true;
    }
    served->kind->rx_end(&served->engine, now_of(served));
    return false;
}

static void pump(struct stub_served *served, bool *busy)
{
    const unsigned open = ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT;

    served->kind->tick(&served->engine, now_of(served));
    if (!served->connected)
        return;
    pump_out(served);
    *busy = pump_in(served);
    pump_out(served);
    if ((served->kind->want(&served->engine) & open) == 0) {
        stub_link_close(&served->link);
        served->connected = false;
    }
}

static enum espota_status wait_for(struct stub_served *served, bool busy, struct espota_error *err)
{
    struct espota_loop *loop = served->node->settings->loop;
    unsigned want = served->kind->want(&served->engine);
    bool accepts = (want & ESPOTA_WANT_ACCEPT) != 0 && !served->link.closing && !served->full;
    uint64_t now = now_of(served);
    uint64_t at;

    if (!served->kind->deadline(&served->engine, &at))
        at = UINT64_MAX;
    if (served->full && at > now + FULL_MS)
        at = now + FULL_MS;
    espota_loop_rewatch(loop, &served->listener, accepts ? ESPOTA_READABLE : 0);
    if (stub_wait_until(loop, &served->timer, busy ? now : at, err) != ESPOTA_OK)
        return err->status;
    return stub_link_follow(&served->link, want, err);
}

/* Everything that can be done now; then waits for what the engine wants. */
static void step(void *context)
{
    struct stub_served *served = context;
    struct espota_error error = ESPOTA_ERROR_INIT;
    bool busy = false;

    if (served->listener.fd < 0)
        return; /* silent: only the old connection's last words are still leaving */
    pump(served, &busy);
    if ((served->kind->want(&served->engine) & ESPOTA_WANT_DONE) != 0) {
        stub_node_go_down(served->node);
        return;
    }
    if (wait_for(served, busy, &error) != ESPOTA_OK)
        stub_node_fail(served->node, &error);
}

static void expired(void *context)
{
    struct stub_served *served = context;

    served->full = false;
    step(served);
}

static void ready(void *context, unsigned events)
{
    struct stub_served *served = context;
    struct espota_error error = ESPOTA_ERROR_INIT;
    struct espota_address address;
    struct espota_peer peer;
    int os_error;
    int fd;

    (void)events;
    switch (espota_socket_accept(served->listener.fd, &fd, &address, &os_error)) {
    case ESPOTA_OK:
        stub_link_adopt(&served->link, fd);
        served->connected = true;
        peer = stub_peer(&address);
        served->kind->connected(&served->engine, &peer, now_of(served));
        break;
    case ESPOTA_E_LOCAL:
        served->full = true;
        break;
    case ESPOTA_MORE:
        break;
    default:
        (void)espota_error_set(&error, ESPOTA_E_LOCAL, "a socket that listens is of no use: %s",
                               strerror(os_error));
        stub_node_fail(served->node, &error);
        return;
    }
    step(served);
}

static void served_init(struct stub_served *served, struct stub_node *node)
{
    const struct stub_settings *settings = node->settings;

    served->node = node;
    served->listener.fd = -1;
    served->listener.ready = ready;
    served->timer.expired = expired;
    served->listener.context = served->timer.context = served;
    stub_link_init(&served->link, settings->loop, &settings->options->shape, step, served);
}

void stub_served_page_init(struct stub_served *served, struct stub_node *node)
{
    served_init(served, node);
    served->kind = &web_updater;
    served->address = &node->who.web;
    served->config = &node->page;
}

void stub_served_esphome_init(struct stub_served *served, struct stub_node *node)
{
    served_init(served, node);
    served->kind = &esphome_updater;
    served->address = &node->who.address;
    served->config = &node->esphome;
}

enum espota_status stub_served_listen(struct stub_served *served, struct espota_error *err)
{
    enum espota_status status = espota_tcp_listen(served->address, &served->listener.fd, err);

    if (status == ESPOTA_OK)
        status = stub_socket_watch(served->node->settings->loop, &served->listener, served->address,
                                   err);
    if (status == ESPOTA_OK)
        served->kind->init(&served->engine, served->config);
    return status;
}

void stub_served_silence(struct stub_served *served)
{
    if (served->listener.fd < 0)
        return;
    if (served->connected)
        stub_link_close(&served->link);
    served->connected = served->full = false;
    stub_socket_unwatch(served->node->settings->loop, &served->listener);
    espota_loop_disarm(served->node->settings->loop, &served->timer);
    served->kind->deinit(&served->engine);
}
