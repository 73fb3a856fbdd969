/* SPDX-License-Identifier: MIT */
/*
 * lwIP calls when something has come; the engines ask. Between them lie a state, a chain of what
 * was received, and the pcb that lwIP may take back at any time.
 */
#include "port/lwip/lwip.h"

#include <lwip/ip_addr.h>
#include <lwip/pbuf.h>
#include <lwip/tcp.h>
#include <string.h>

static void wake(const struct espota_lwip_stream *stream)
{
    if (stream->ready != NULL)
        stream->ready(stream->context);
}

/* --- called by lwIP --- */

static err_t came(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    struct espota_lwip_stream *stream = arg;

    (void)pcb;
    (void)err;
    if (p == NULL)
        stream->state = ESPOTA_LWIP_ENDED;
    else if (stream->received == NULL)
        stream->received = p;
    else
        pbuf_cat(stream->received, p);
    wake(stream);
    return ERR_OK;
}

/* The pcb is lwIP's again. What it brought before may still be read. */
static void lost(void *arg, err_t err)
{
    struct espota_lwip_stream *stream = arg;

    (void)err;
    stream->pcb = NULL;
    stream->state = ESPOTA_LWIP_LOST;
    wake(stream);
}

static err_t opened(void *arg, struct tcp_pcb *pcb, err_t err)
{
    struct espota_lwip_stream *stream = arg;

    (void)pcb;
    (void)err;
    if (stream->state == ESPOTA_LWIP_OPENING)
        stream->state = ESPOTA_LWIP_OPEN;
    wake(stream);
    return ERR_OK;
}

static err_t room_again(void *arg, struct tcp_pcb *pcb, u16_t length)
{
    (void)pcb;
    (void)length;
    wake(arg);
    return ERR_OK;
}

/* --- the end --- */

/* From here on it is lwIP's business alone. */
static err_t let_go(struct tcp_pcb *pcb)
{
    tcp_arg(pcb, NULL);
    tcp_recv(pcb, NULL);
    tcp_sent(pcb, NULL);
    tcp_err(pcb, NULL);
    if (tcp_close(pcb) == ERR_OK)
        return ERR_OK;
    tcp_abort(pcb);
    return ERR_ABRT;
}

static err_t last_arrived(void *arg, struct tcp_pcb *pcb, u16_t length)
{
    struct espota_lwip_stream *stream = arg;

    (void)length;
    if (tcp_sndqueuelen(pcb) > 0)
        return ERR_OK;
    stream->leaving = NULL;
    wake(stream);
    return let_go(pcb);
}

static void last_lost(void *arg, err_t err)
{
    struct espota_lwip_stream *stream = arg;

    (void)err;
    stream->leaving = NULL;
    wake(stream);
}

static err_t unwanted(void *arg, struct tcp_pcb *pcb, struct pbuf *p, err_t err)
{
    (void)arg;
    (void)err;
    if (p != NULL) {
        tcp_recved(pcb, p->tot_len);
        pbuf_free(p);
    }
    return ERR_OK;
}

static void drop_received(struct espota_lwip_stream *stream)
{
    if (stream->received != NULL)
        pbuf_free(stream->received);
    stream->received = NULL;
}

/*
 * Bytes that nobody read would make lwIP end the connection with a reset, which destroys what was
 * said last on its way: so they count as read. And it is closed only when the other side has what
 * was said, so that the owner of the board can wait for that (`leaving`) before a restart.
 */
void espota_lwip_stream_close(struct espota_lwip_stream *stream)
{
    struct tcp_pcb *pcb = stream->pcb;

    if (pcb != NULL) {
        if (stream->received != NULL)
            tcp_recved(pcb, (u16_t)(stream->taken + stream->received->tot_len)); /* the window */
        if (stream->leaving != NULL)
            (void)let_go(stream->leaving);
        stream->leaving = NULL;
        if (stream->state == ESPOTA_LWIP_OPENING || tcp_sndqueuelen(pcb) == 0) {
            (void)let_go(pcb);
        } else {
            stream->leaving = pcb;
            tcp_recv(pcb, unwanted);
            tcp_sent(pcb, last_arrived);
            tcp_err(pcb, last_lost);
        }
    }
    stream->pcb = NULL;
    stream->state = ESPOTA_LWIP_CLOSED;
    drop_received(stream);
}

void espota_lwip_stream_deinit(struct espota_lwip_stream *stream)
{
    espota_lwip_stream_close(stream);
    if (stream->leaving != NULL)
        (void)let_go(stream->leaving);
    stream->leaving = NULL;
}

/* --- called by the owner --- */

void espota_lwip_stream_adopt(struct espota_lwip_stream *stream, struct tcp_pcb *pcb)
{
    stream->pcb = pcb;
    stream->taken = 0;
    stream->state = ESPOTA_LWIP_OPEN;
    tcp_arg(pcb, stream);
    tcp_recv(pcb, came);
    tcp_sent(pcb, room_again);
    tcp_err(pcb, lost);
    tcp_nagle_disable(pcb);
}

static enum espota_status start(struct espota_lwip_stream *stream, const struct espota_peer *to)
{
    ip_addr_t address;
    struct tcp_pcb *pcb;

    espota_lwip_address(to, &address);
    pcb = tcp_new_ip_type(IP_GET_TYPE(&address));
    if (pcb == NULL)
        return ESPOTA_E_MEMORY;
    espota_lwip_stream_adopt(stream, pcb);
    stream->state = ESPOTA_LWIP_OPENING;
    if (tcp_connect(pcb, &address, to->port, opened) == ERR_OK)
        return ESPOTA_MORE;
    espota_lwip_stream_close(stream);
    return ESPOTA_E_BROKEN;
}

enum espota_status espota_lwip_stream_connect(struct espota_lwip_stream *stream,
                                              const struct espota_peer *to)
{
    switch (stream->state) {
    case ESPOTA_LWIP_CLOSED:
        return start(stream, to);
    case ESPOTA_LWIP_OPENING:
        return ESPOTA_MORE;
    case ESPOTA_LWIP_LOST:
        espota_lwip_stream_close(stream);
        return ESPOTA_E_BROKEN;
    default:
        return ESPOTA_OK;
    }
}

/*
 * For whole segments as long as more is there: for a part of one the host sends a small packet, and
 * a sector's end would cut each. Not above the window, which has 16 bits.
 */
static void open_window(struct espota_lwip_stream *stream, uint16_t length)
{
    uint16_t whole = (uint16_t)(stream->taken + length);

    if (stream->pcb == NULL)
        return;
    stream->taken = stream->received != NULL ? whole % tcp_mss(stream->pcb) : 0;
    if (whole > stream->taken)
        tcp_recved(stream->pcb, (u16_t)(whole - stream->taken));
}

/* The window opens here and not in the callback: closed, it holds the sender back while flash is
 * being erased. */
enum espota_status espota_lwip_stream_receive(struct espota_lwip_stream *stream, void *data,
                                              size_t room, size_t *length)
{
    *length = 0;
    if (stream->received != NULL) {
        *length = pbuf_copy_partial(stream->received, data, (u16_t)LWIP_MIN(room, 0xffff), 0);
        stream->received = pbuf_free_header(stream->received, (u16_t)*length);
        open_window(stream, (u16_t)*length);
        return ESPOTA_OK;
    }
    if (stream->state == ESPOTA_LWIP_ENDED)
        return ESPOTA_OK;
    return stream->state == ESPOTA_LWIP_OPEN ? ESPOTA_MORE : ESPOTA_E_BROKEN;
}

enum espota_status espota_lwip_stream_send(struct espota_lwip_stream *stream, const void *data,
                                           size_t length, size_t *sent)
{
    err_t err;

    *sent = 0;
    if (stream->pcb == NULL)
        return ESPOTA_E_BROKEN;
    if (length > tcp_sndbuf(stream->pcb))
        length = tcp_sndbuf(stream->pcb);
    if (length == 0)
        return ESPOTA_MORE;
    err = tcp_write(stream->pcb, data, (u16_t)length, TCP_WRITE_FLAG_COPY);
    if (err == ERR_MEM)
        return ESPOTA_MORE;
    if (err != ERR_OK)
        return ESPOTA_E_BROKEN;
    (void)tcp_output(stream->pcb); /* what it could not do now its timer does */
    *sent = length;
    return ESPOTA_OK;
}
