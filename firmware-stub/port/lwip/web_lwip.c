/* SPDX-License-Identifier: MIT */
/* The page for updates on a listener of its own: one connection at a time, others are sent away. */
#include <lwip/ip_addr.h>
#include <lwip/tcp.h>
#include <string.h>

#include "port/lwip/lwip.h"

enum { PIECE = 512, PIECES_AT_ONCE = 16, LEAVE_MS = 5000 };

/* What cannot be sent is dropped: the client is gone, and reading tells so. */
static void move_out(struct espota_lwip_web *web)
{
    while ((espota_web_updater_want(&web->engine) & ESPOTA_WANT_STREAM_OUT) != 0) {
        size_t length;
        size_t sent;
        const void *data = espota_web_updater_tx(&web->engine, &length);
        enum espota_status status = espota_lwip_stream_send(&web->stream, data, length, &sent);

        if (status == ESPOTA_MORE)
            return;
        espota_web_updater_tx_ack(&web->engine, status == ESPOTA_OK ? sent : length,
                                  espota_lwip_now(&web->timer));
    }
}

/* True if bytes came: more may be waiting. */
static bool move_in(struct espota_lwip_web *web)
{
    uint8_t data[PIECE];
    size_t length;
    enum espota_status status;

    if ((espota_web_updater_want(&web->engine) & ESPOTA_WANT_STREAM_IN) == 0)
        return false;
    status = espota_lwip_stream_receive(&web->stream, data, sizeof(data), &length);
    if (status == ESPOTA_MORE)
        return false;
    if (status == ESPOTA_OK && length > 0) {
        espota_web_updater_rx(&web->engine, data, length, espota_lwip_now(&web->timer));
        return true;
    }
    espota_web_updater_rx_end(&web->engine, espota_lwip_now(&web->timer));
    return false;
}

static int32_t until_deadline(struct espota_lwip_web *web)
{
    uint64_t now = espota_lwip_now(&web->timer);
    uint64_t at;

    if (!espota_web_updater_deadline(&web->engine, &at))
        return ESPOTA_PUMP_FOREVER;
    return at > now ? (int32_t)LWIP_MIN(at - now, INT32_MAX) : 0;
}

/* The client has the answer, or has had the time for it. */
static int32_t restart(struct espota_lwip_web *web)
{
    uint64_t now = espota_lwip_now(&web->timer);

    if (web->restart_at == 0)
        web->restart_at = now + LEAVE_MS;
    if (web->stream.leaving != NULL && now < web->restart_at)
        return (int32_t)(web->restart_at - now); /* `leaving` wakes it sooner */
    web->restart_at = 0;
    if (web->board->reboot != NULL)
        web->board->reboot(web->board->context);
    espota_web_updater_again(&web->engine);
    return 0;
}

static int32_t run(void *context)
{
    const unsigned open = ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT;
    struct espota_lwip_web *web = context;
    int count = 0;

    espota_web_updater_tick(&web->engine, espota_lwip_now(&web->timer));
    move_out(web);
    while (count < PIECES_AT_ONCE && move_in(web))
        count++;
    move_out(web);
    if (web->stream.state != ESPOTA_LWIP_CLOSED &&
        (espota_web_updater_want(&web->engine) & open) == 0)
        espota_lwip_stream_close(&web->stream);
    if ((espota_web_updater_want(&web->engine) & ESPOTA_WANT_DONE) != 0)
        return restart(web);
    return count > 0 ? 0 : until_deadline(web);
}

static err_t accepted(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct espota_lwip_web *web = arg;
    struct espota_peer peer;

    if (err != ERR_OK || pcb == NULL)
        return ERR_VAL;
    if (web->stream.state != ESPOTA_LWIP_CLOSED ||
        (espota_web_updater_want(&web->engine) & ESPOTA_WANT_ACCEPT) == 0) {
        tcp_abort(pcb);
        return ERR_ABRT;
    }
    espota_lwip_stream_adopt(&web->stream, pcb);
    espota_lwip_peer(&pcb->remote_ip, pcb->remote_port, &peer);
    espota_web_updater_connected(&web->engine, &peer, espota_lwip_now(&web->timer));
    espota_lwip_wake(&web->timer);
    return ERR_OK;
}

enum espota_status espota_lwip_web_start(struct espota_lwip_web *web,
                                         const struct espota_lwip_board *board,
                                         const struct espota_web_config *config, uint16_t tcp_port)
{
    struct tcp_pcb *pcb = tcp_new_ip_type(IPADDR_TYPE_ANY);

    memset(web, 0, sizeof(*web));
    if (pcb == NULL)
        return ESPOTA_E_MEMORY;
    if (tcp_bind(pcb, IP_ANY_TYPE, tcp_port) != ERR_OK ||
        (web->listener = tcp_listen(pcb)) == NULL) {
        tcp_abort(pcb);
        return ESPOTA_E_LOCAL;
    }
    web->board = board;
    web->stream.ready = espota_lwip_wake;
    web->stream.context = &web->timer;
    espota_web_updater_init(&web->engine, config);
    tcp_arg(web->listener, web);
    tcp_accept(web->listener, accepted);
    espota_lwip_timer_start(&web->timer, run, web);
    return ESPOTA_OK;
}

void espota_lwip_web_stop(struct espota_lwip_web *web)
{
    espota_lwip_timer_stop(&web->timer);
    (void)tcp_close(web->listener); /* a listener's always succeeds */
    espota_lwip_stream_deinit(&web->stream);
    espota_web_updater_deinit(&web->engine);
}
