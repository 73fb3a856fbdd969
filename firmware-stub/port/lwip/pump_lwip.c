/* SPDX-License-Identifier: MIT */
/* The pump's functions on a UDP pcb and a stream. */
#include <lwip/pbuf.h>
#include <lwip/udp.h>
#include <string.h>

#include "port/lwip/lwip.h"

enum {
    LEAVE_MS = 5000, /* how long the host may take to acknowledge the last words */
};

/* --- datagrams --- */

static void datagram_came(void *arg, struct udp_pcb *pcb, struct pbuf *p, const ip_addr_t *from,
                          u16_t from_port)
{
    struct espota_lwip *port = arg;

    (void)pcb;
    if (port->datagram != NULL) {
        pbuf_free(p);
        return;
    }
    port->datagram = p;
    espota_lwip_peer(from, from_port, &port->from);
    espota_lwip_wake(&port->timer);
}

static enum espota_status udp_receive(void *context, void *data, size_t room, size_t *length,
                                      struct espota_peer *from)
{
    struct espota_lwip *port = context;

    *length = 0;
    if (port->datagram == NULL)
        return ESPOTA_MORE;
    *length = pbuf_copy_partial(port->datagram, data, (u16_t)LWIP_MIN(room, 0xffff), 0);
    *from = port->from;
    pbuf_free(port->datagram);
    port->datagram = NULL;
    return ESPOTA_OK;
}

static enum espota_status udp_answer(void *context, const void *data, size_t length,
                                     const struct espota_peer *to)
{
    struct espota_lwip *port = context;
    struct pbuf *p = pbuf_alloc(PBUF_TRANSPORT, (u16_t)length, PBUF_RAM);
    ip_addr_t address;
    err_t err;

    if (p == NULL)
        return ESPOTA_MORE;
    (void)pbuf_take(p, data, (u16_t)length); /* as long as it was made */
    espota_lwip_address(to, &address);
    err = udp_sendto(port->udp, p, &address, to->port);
    pbuf_free(p);
    if (err == ERR_MEM)
        return ESPOTA_MORE;
    return err == ERR_OK ? ESPOTA_OK : ESPOTA_E_FAILED;
}

/* --- the connection --- */

static enum espota_status connect_to(void *context, const struct espota_peer *to)
{
    return espota_lwip_stream_connect(&((struct espota_lwip *)context)->stream, to);
}

static enum espota_status receive(void *context, void *data, size_t room, size_t *length)
{
    return espota_lwip_stream_receive(&((struct espota_lwip *)context)->stream, data, room, length);
}

static enum espota_status send_to(void *context, const void *data, size_t length, size_t *sent)
{
    return espota_lwip_stream_send(&((struct espota_lwip *)context)->stream, data, length, sent);
}

static void close_it(void *context)
{
    espota_lwip_stream_close(&((struct espota_lwip *)context)->stream);
}

/* --- the board --- */

static uint64_t now(void *context)
{
    return espota_lwip_now(&((struct espota_lwip *)context)->timer);
}

/* Not before the host has what it was told: a restart takes the retransmission with it. */
static void reboot(void *context)
{
    struct espota_lwip *port = context;

    port->restart_at = now(port) + LEAVE_MS;
}

static void log_line(void *context, const char *line)
{
    const struct espota_lwip *port = context;

    if (port->board->log != NULL)
        port->board->log(port->board->context, line);
}

/* How long until then; `leaving` wakes it sooner. 0: the board's function has been called, and
 * returned. */
static int32_t restart(struct espota_lwip *port)
{
    uint64_t at = now(port);

    if (port->stream.leaving != NULL && at < port->restart_at)
        return (int32_t)(port->restart_at - at); /* LEAVE_MS at most */
    port->restart_at = 0;
    if (port->board->reboot != NULL)
        port->board->reboot(port->board->context);
    return 0;
}

/* --- running --- */

/* Whoever invites a device that is about to restart must not hear its OK: there would be no end to
 * it. */
int32_t espota_lwip_run(struct espota_lwip *port)
{
    int32_t wait = port->restart_at == 0 ? espota_pump_run(&port->pump) : 0;

    return port->restart_at == 0 ? wait : restart(port);
}

static int32_t run(void *context)
{
    return espota_lwip_run(context);
}

void espota_lwip_start(struct espota_lwip *port)
{
    espota_lwip_timer_start(&port->timer, run, port);
}

enum espota_status espota_lwip_init(struct espota_lwip *port, const struct espota_lwip_board *board,
                                    const struct espota_receiver_config *config, uint16_t udp_port)
{
    memset(port, 0, sizeof(*port));
    port->udp = udp_new_ip_type(IPADDR_TYPE_ANY);
    if (port->udp == NULL)
        return ESPOTA_E_MEMORY;
    if (udp_bind(port->udp, IP_ANY_TYPE, udp_port) != ERR_OK) {
        udp_remove(port->udp);
        return ESPOTA_E_LOCAL;
    }
    udp_recv(port->udp, datagram_came, port);
    port->board = board;
    port->stream.ready = espota_lwip_wake;
    port->stream.context = &port->timer;
    port->ops = (struct espota_pump_ops){
        .context = port,
        .udp_receive = udp_receive,
        .udp_send = udp_answer,
        .tcp_connect = connect_to,
        .tcp_receive = receive,
        .tcp_send = send_to,
        .tcp_close = close_it,
        .now = now,
        .reboot = reboot,
        .log = log_line,
    };
    espota_pump_init(&port->pump, &port->ops, config);
    return ESPOTA_OK;
}

void espota_lwip_deinit(struct espota_lwip *port)
{
    espota_lwip_timer_stop(&port->timer);
    espota_pump_deinit(&port->pump);
    espota_lwip_stream_deinit(&port->stream);
    udp_remove(port->udp);
    if (port->datagram != NULL)
        pbuf_free(port->datagram);
    memset(port, 0, sizeof(*port));
}
