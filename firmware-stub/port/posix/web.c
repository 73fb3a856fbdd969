/* SPDX-License-Identifier: MIT */
#include "port/posix/web.h"

#include <string.h>

enum { PIECE = 4096, FULL_MS = 1000 };

static void fail(struct stub_web *web, const struct espota_error *error)
{
    web->failed(web->context, error);
}

static uint64_t now_of(const struct stub_web *web)
{
    return espota_loop_now(web->loop);
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
    unsigned want = espota_web_updater_want(&web->engine);
    bool accepts = (want & ESPOTA_WANT_ACCEPT) != 0 && !stub_link_speaks(&web->link) && !web->full;
    uint64_t at;
    bool waits = espota_web_updater_deadline(&web->engine, &at);

    if (busy || (web->full && (!waits || at > now_of(web) + FULL_MS))) {
        at = busy ? now_of(web) : now_of(web) + FULL_MS;
        waits = true;
    }
    if (!waits)
        espota_loop_disarm(web->loop, &web->timer);
    else if (espota_loop_arm(web->loop, &web->timer, at) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a timer");
    espota_loop_rewatch(web->loop, &web->listener, accepts ? ESPOTA_READABLE : 0);
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
        web->updated(web->context);
        return;
    }
    if (wait_for(web, busy, &error) != ESPOTA_OK)
        fail(web, &error);
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
        fail(web, &error);
        return;
    }
    step(web);
}

void stub_web_init(struct stub_web *web, struct espota_loop *loop,
                   const struct stub_link_shape *shape, const struct espota_web_config *config)
{
    memset(web, 0, sizeof(*web));
    web->loop = loop;
    web->config = config;
    web->listener.fd = -1;
    web->listener.ready = ready;
    web->timer.expired = expired;
    web->listener.context = web->timer.context = web;
    stub_link_init(&web->link, loop, shape, step, web);
}

void stub_web_deinit(struct stub_web *web)
{
    if (web->loop == NULL)
        return;
    stub_web_silence(web);
    stub_link_deinit(&web->link);
    web->loop = NULL;
}

enum espota_status stub_web_listen(struct stub_web *web, struct espota_address *address,
                                   struct espota_error *err)
{
    struct espota_address got;
    enum espota_status status = espota_tcp_listen(address, &web->listener.fd, err);

    if (status != ESPOTA_OK)
        return status;
    web->listener.events = ESPOTA_READABLE;
    status = espota_loop_watch(web->loop, &web->listener, err);
    if (status == ESPOTA_OK && espota_socket_local(web->listener.fd, &got) != ESPOTA_OK)
        status = espota_error_set(err, ESPOTA_E_LOCAL, "a socket does not tell its port");
    if (status != ESPOTA_OK) {
        espota_loop_unwatch(web->loop, &web->listener);
        espota_socket_close(&web->listener.fd);
        return status;
    }
    address->port = got.port;
    espota_web_updater_init(&web->engine, web->config);
    return ESPOTA_OK;
}

void stub_web_silence(struct stub_web *web)
{
    if (web->loop == NULL || web->listener.fd < 0)
        return;
    if (web->connected)
        stub_link_close(&web->link);
    web->connected = web->full = false;
    espota_loop_unwatch(web->loop, &web->listener);
    espota_loop_disarm(web->loop, &web->timer);
    espota_socket_close(&web->listener.fd);
    espota_web_updater_deinit(&web->engine);
}

bool stub_web_busy(const struct stub_web *web)
{
    return web->listener.fd >= 0 && web->engine.updater.running;
}

bool stub_web_speaks(const struct stub_web *web)
{
    return stub_link_speaks(&web->link);
}
