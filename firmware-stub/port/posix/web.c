/* SPDX-License-Identifier: MIT */
/*
 * The page has a socket and a connection of its own beside those of the device, so that a browser
 * is served while nothing is updated; which of the two roads an update takes, the node decides.
 */
#include "port/posix/node.h"

#include <string.h>

enum { PIECE = 4096, FULL_MS = 1000 };

static uint64_t now_of(const struct stub_web *web)
{
    return espota_loop_now(web->node->settings->loop);
}

/* What cannot be sent is dropped: the client is gone, and reading tells so. */
static void pump_out(struct stub_web *web)
{
    while ((espota_web_updater_want(&web->engine) & ESPOTA_WANT_STREAM_OUT) != 0) {
        size_t length;
        size_t sent = 0;
        const void *data = espota_web_updater_tx(&web->engine, &length);
        enum espota_status status = stub_link_send(&web->link, data, length, &sent);

        if (status == ESPOTA_MORE)
            return;
        espota_web_updater_tx_ack(&web->engine, status == ESPOTA_OK ? sent : length, now_of(web));
    }
}

/* True if bytes came: more may be waiting. */
static bool pump_in(struct stub_web *web)
{
    uint8_t data[PIECE];
    size_t length;
    enum espota_status status;

    if ((espota_web_updater_want(&web->engine) & ESPOTA_WANT_STREAM_IN) == 0)
        return false;
    status = stub_link_receive(&web->link, data, sizeof(data), &length);
    if (status == ESPOTA_MORE)
        return false;
    if (status == ESPOTA_OK && length > 0) {
        espota_web_updater_rx(&web->engine, data, length, now_of(web));
        return true;
    }
    espota_web_updater_rx_end(&web->engine, now_of(web));
    return false;
}

static void pump(struct stub_web *web, bool *busy)
{
    const unsigned open = ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT;

    espota_web_updater_tick(&web->engine, now_of(web));
    if (!web->connected)
        return;
    pump_out(web);
    *busy = pump_in(web);
    pump_out(web);
    if ((espota_web_updater_want(&web->engine) & open) == 0) {
        stub_link_close(&web->link);
        web->connected = false;
    }
}

static enum espota_status wait_for(struct stub_web *web, bool busy, struct espota_error *err)
{
    struct espota_loop *loop = web->node->settings->loop;
    unsigned want = espota_web_updater_want(&web->engine);
    bool accepts = (want & ESPOTA_WANT_ACCEPT) != 0 && !web->link.closing && !web->full;
    uint64_t now = now_of(web);
    uint64_t at;

    if (!espota_web_updater_deadline(&web->engine, &at))
        at = UINT64_MAX;
    if (web->full && at > now + FULL_MS)
        at = now + FULL_MS;
    espota_loop_rewatch(loop, &web->listener, accepts ? ESPOTA_READABLE : 0);
    if (stub_wait_until(loop, &web->timer, busy ? now : at, err) != ESPOTA_OK)
        return err->status;
    return stub_link_follow(&web->link, want, err);
}

/* Everything that can be done now; then waits for what the engine wants. */
static void step(void *context)
{
    struct stub_web *web = context;
    struct espota_error error = ESPOTA_ERROR_INIT;
    bool busy = false;

    if (web->listener.fd < 0)
        return; /* silent: only the old connection's last words are still leaving */
    pump(web, &busy);
    if ((espota_web_updater_want(&web->engine) & ESPOTA_WANT_DONE) != 0) {
        stub_node_go_down(web->node);
        return;
    }
    if (wait_for(web, busy, &error) != ESPOTA_OK)
        stub_node_fail(web->node, &error);
}

static void expired(void *context)
{
    struct stub_web *web = context;

    web->full = false;
    step(web);
}

static void ready(void *context, unsigned events)
{
    struct stub_web *web = context;
    struct espota_error error = ESPOTA_ERROR_INIT;
    struct espota_address address;
    struct espota_peer peer;
    int os_error;
    int fd;

    (void)events;
    switch (espota_socket_accept(web->listener.fd, &fd, &address, &os_error)) {
    case ESPOTA_OK:
        stub_link_adopt(&web->link, fd);
        web->connected = true;
        peer = stub_peer(&address);
        espota_web_updater_connected(&web->engine, &peer, now_of(web));
        break;
    case ESPOTA_E_LOCAL:
        web->full = true;
        break;
    case ESPOTA_MORE:
        break;
    default:
        (void)espota_error_set(&error, ESPOTA_E_LOCAL, "the page's socket is of no use: %s",
                               strerror(os_error));
        stub_node_fail(web->node, &error);
        return;
    }
    step(web);
}

void stub_web_init(struct stub_web *web, struct stub_node *node)
{
    const struct stub_settings *settings = node->settings;

    web->node = node;
    web->listener.fd = -1;
    web->listener.ready = ready;
    web->timer.expired = expired;
    web->listener.context = web->timer.context = web;
    stub_link_init(&web->link, settings->loop, &settings->options->shape, step, web);
}

enum espota_status stub_web_listen(struct stub_web *web, struct espota_error *err)
{
    struct espota_address *address = &web->node->who.web;
    enum espota_status status = espota_tcp_listen(address, &web->listener.fd, err);

    if (status == ESPOTA_OK)
        status = stub_socket_watch(web->node->settings->loop, &web->listener, address, err);
    if (status == ESPOTA_OK)
        espota_web_updater_init(&web->engine, &web->node->page);
    return status;
}

void stub_web_silence(struct stub_web *web)
{
    if (web->listener.fd < 0)
        return;
    if (web->connected)
        stub_link_close(&web->link);
    web->connected = web->full = false;
    stub_socket_unwatch(web->node->settings->loop, &web->listener);
    espota_loop_disarm(web->node->settings->loop, &web->timer);
    espota_web_updater_deinit(&web->engine);
}
