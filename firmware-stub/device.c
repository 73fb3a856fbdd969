/* SPDX-License-Identifier: MIT */
/*
 * The pump: what the receiver wants, done with the port's functions, and never waiting. A port
 * needs nothing but this and its table.
 */
#include "device.h"

/* A host sends one or two datagrams; a flood shall not keep the stream from moving. */
enum { DATAGRAMS_PER_CALL = 4, DATAGRAM_ROOM = 192 };

static void say(const struct espota_pump *device, const char *line)
{
    if (device->ops->log != NULL)
        device->ops->log(device->ops->context, line);
}

void espota_pump_init(struct espota_pump *device, const struct espota_pump_ops *ops,
                      const struct espota_receiver_config *config)
{
    device->ops = ops;
    device->connecting = false;
    device->connected = false;
    espota_receiver_init(&device->receiver, config);
}

static void close_connection(struct espota_pump *device)
{
    if (device->connecting || device->connected)
        device->ops->tcp_close(device->ops->context);
    device->connecting = false;
    device->connected = false;
}

void espota_pump_deinit(struct espota_pump *device)
{
    close_connection(device);
    espota_receiver_deinit(&device->receiver);
}

static void pump_datagram_out(struct espota_pump *device, uint64_t now)
{
    const struct espota_pump_ops *ops = device->ops;
    const uint8_t *datagram;
    size_t length;
    enum espota_status status;

    if ((espota_receiver_want(&device->receiver) & ESPOTA_WANT_DATAGRAM_OUT) == 0)
        return;
    datagram = espota_receiver_tx(&device->receiver, &length);
    status = ops->udp_send(ops->context, datagram, length, &device->receiver.peer);
    if (status == ESPOTA_MORE)
        return;
    if (status != ESPOTA_OK)
        say(device, "a datagram could not be sent");
    espota_receiver_tx_ack(&device->receiver, length, now);
}

/* Each is replied to before the next is read, or the next reply would take the place of this one.
 */
static bool pump_datagrams(struct espota_pump *device, uint64_t now)
{
    const struct espota_pump_ops *ops = device->ops;
    uint8_t datagram[DATAGRAM_ROOM];
    struct espota_peer from;
    size_t length;
    int count = 0;

    while (count < DATAGRAMS_PER_CALL && ops->udp_receive(ops->context, datagram, sizeof(datagram),
                                                          &length, &from) == ESPOTA_OK) {
        espota_receiver_rx_datagram(&device->receiver, datagram, length, &from, now);
        pump_datagram_out(device, now);
        count++;
    }
    return count == DATAGRAMS_PER_CALL;
}

static void pump_connect(struct espota_pump *device, uint64_t now)
{
    const struct espota_pump_ops *ops = device->ops;
    struct espota_peer to;
    enum espota_status status;

    if ((espota_receiver_want(&device->receiver) & ESPOTA_WANT_CONNECT) == 0)
        return;
    to = device->receiver.peer;
    to.port = device->receiver.invitation.port;
    status = ops->tcp_connect(ops->context, &to);
    device->connecting = status == ESPOTA_MORE;
    device->connected = status == ESPOTA_OK;
    if (status == ESPOTA_OK) {
        espota_receiver_connected(&device->receiver, now);
    } else if (status != ESPOTA_MORE) {
        say(device, "the host could not be connected to");
        espota_receiver_connect_failed(&device->receiver, now);
    }
}

/*
 * What cannot be sent is dropped: the bytes that have already come may be all
 * that an update needs, and reading tells soon enough that the host is gone.
 */
static void pump_stream_out(struct espota_pump *device, uint64_t now)
{
    const struct espota_pump_ops *ops = device->ops;

    while (device->connected &&
           (espota_receiver_want(&device->receiver) & ESPOTA_WANT_STREAM_OUT) != 0) {
        size_t length;
        size_t sent;
        const uint8_t *data = espota_receiver_tx(&device->receiver, &length);
        enum espota_status status = ops->tcp_send(ops->context, data, length, &sent);

        if (status == ESPOTA_MORE)
            return;
        espota_receiver_tx_ack(&device->receiver, status == ESPOTA_OK ? sent : length, now);
    }
}

/* True if bytes came, *full if as many as there was room for: more may be waiting. */
static bool pump_stream_in(struct espota_pump *device, uint64_t now, bool *full)
{
    const struct espota_pump_ops *ops = device->ops;
    enum espota_status status;
    uint8_t *data;
    size_t room;
    size_t length;

    *full = false;
    if (!device->connected ||
        (espota_receiver_want(&device->receiver) & ESPOTA_WANT_STREAM_IN) == 0)
        return false;
    data = espota_receiver_room(&device->receiver, &room);
    status = ops->tcp_receive(ops->context, data, room, &length);
    if (status == ESPOTA_MORE)
        return false;
    if (status == ESPOTA_OK && length > 0) {
        espota_receiver_rx_filled(&device->receiver, length, now);
        *full = length == room;
        return true;
    }
    if (status != ESPOTA_OK)
        say(device, "the connection broke");
    espota_receiver_rx_end(&device->receiver, now);
    return false;
}

static void restart(struct espota_pump *device)
{
    say(device, "updated");
    if (device->ops->reboot != NULL)
        device->ops->reboot(device->ops->context);
    espota_receiver_again(&device->receiver);
}

static int32_t until_deadline(const struct espota_pump *device, uint64_t now)
{
    uint64_t at;

    if (!espota_receiver_deadline(&device->receiver, &at))
        return ESPOTA_PUMP_FOREVER;
    if (at <= now)
        return 0;
    at -= now; /* at > now */
    return at < INT32_MAX ? (int32_t)at : INT32_MAX;
}

int32_t espota_pump_run(struct espota_pump *device)
{
    const unsigned open = ESPOTA_WANT_CONNECT | ESPOTA_WANT_STREAM_IN | ESPOTA_WANT_STREAM_OUT;
    uint64_t now = device->ops->now(device->ops->context);
    bool busy;
    bool full;

    espota_receiver_tick(&device->receiver, now);
    pump_datagram_out(device, now);
    busy = pump_datagrams(device, now);
    pump_connect(device, now);
    pump_stream_out(device, now);
    if (pump_stream_in(device, now, &full)) {
        /* The rest of what the end of a sector cut, so that both are counted as one. */
        if (full && device->receiver.phase == ESPOTA_RECEIVER_STREAMING)
            (void)pump_stream_in(device, now, &full);
        busy = true;
    }
    pump_stream_out(device, now);
    if ((espota_receiver_want(&device->receiver) & open) == 0)
        close_connection(device);
    if ((espota_receiver_want(&device->receiver) & ESPOTA_WANT_DONE) != 0)
        restart(device);
    return busy ? 0 : until_deadline(device, now);
}

unsigned espota_pump_want(const struct espota_pump *device)
{
    return espota_receiver_want(&device->receiver);
}
