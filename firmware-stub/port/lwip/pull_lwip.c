/* SPDX-License-Identifier: MIT */
/* One question to a server, and what comes of it. */
#include <lwip/def.h>
#include <string.h>

#include "port/lwip/lwip.h"

enum { PIECE = 512, PIECES_AT_ONCE = 16 };

static void connect_to(struct espota_lwip_pull *pull)
{
    enum espota_status status;

    if ((espota_pull_client_want(&pull->client) & ESPOTA_WANT_CONNECT) == 0)
        return;
    status = espota_lwip_stream_connect(&pull->stream, &pull->server);
    if (status == ESPOTA_OK)
        espota_pull_client_connected(&pull->client, espota_lwip_now(&pull->timer));
    else if (status != ESPOTA_MORE)
        espota_pull_client_connect_failed(&pull->client);
}

static void move_out(struct espota_lwip_pull *pull)
{
    while ((espota_pull_client_want(&pull->client) & ESPOTA_WANT_STREAM_OUT) != 0) {
        size_t length;
        size_t sent;
        const void *data = espota_pull_client_tx(&pull->client, &length);
        enum espota_status status = espota_lwip_stream_send(&pull->stream, data, length, &sent);

        if (status == ESPOTA_MORE)
            return;
        espota_pull_client_tx_ack(&pull->client, status == ESPOTA_OK ? sent : length,
                                  espota_lwip_now(&pull->timer));
    }
}

static bool move_in(struct espota_lwip_pull *pull)
{
    uint8_t data[PIECE];
    size_t length;
    enum espota_status status;

    if ((espota_pull_client_want(&pull->client) & ESPOTA_WANT_STREAM_IN) == 0)
        return false;
    status = espota_lwip_stream_receive(&pull->stream, data, sizeof(data), &length);
    if (status == ESPOTA_MORE)
        return false;
    if (status == ESPOTA_OK && length > 0)
        espota_pull_client_rx(&pull->client, data, length, espota_lwip_now(&pull->timer));
    else
        espota_pull_client_rx_end(&pull->client);
    return true;
}

static int32_t run(void *context)
{
    struct espota_lwip_pull *pull = context;
    uint64_t now = espota_lwip_now(&pull->timer);
    uint64_t at;
    int count = 0;

    espota_pull_client_tick(&pull->client, now);
    connect_to(pull);
    move_out(pull);
    while (count < PIECES_AT_ONCE && move_in(pull))
        count++;
    if (espota_pull_client_want(&pull->client) == 0)
        espota_lwip_stream_close(&pull->stream); /* it waits for the next try */
    if (pull->client.result == ESPOTA_PULL_PENDING) {
        if (count > 0 || !espota_pull_client_deadline(&pull->client, &at) || at <= now)
            return 0;
        return (int32_t)LWIP_MIN(at - now, INT32_MAX); /* at > now */
    }
    espota_lwip_stream_close(&pull->stream);
    espota_lwip_timer_stop(&pull->timer);
    pull->done(pull->context, &pull->client);
    return ESPOTA_PUMP_FOREVER;
}

enum espota_status
espota_lwip_pull_start(struct espota_lwip_pull *pull, const struct espota_peer *server,
                       const struct espota_pull_client_config *config,
                       void (*done)(void *context, const struct espota_pull_client *client),
                       void *context)
{
    memset(pull, 0, sizeof(*pull));
    if (espota_pull_client_init(&pull->client, config, espota_lwip_now(&pull->timer)) != ESPOTA_OK)
        return ESPOTA_E_USAGE;
    pull->server = *server;
    pull->done = done;
    pull->context = context;
    pull->stream.ready = espota_lwip_wake;
    pull->stream.context = &pull->timer;
    espota_lwip_timer_start(&pull->timer, run, pull);
    return ESPOTA_OK;
}
