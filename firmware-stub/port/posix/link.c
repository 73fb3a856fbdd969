/* SPDX-License-Identifier: MIT */
/*
 * A slow link is made here and not by the kernel: tc wants root and slows a whole interface, while
 * each device has a link of its own and tests of hosts run as anybody.
 */
#include "port/posix/link.h"

#include <string.h>

#include "wire/wire.h"

enum {
    US_PER_MS = 1000,
    US_PER_S = 1000000,
    BURST_US = 20000, /* what a late wake-up may make up for */
    PIECES_PER_S = 50 /* a slow device takes few bytes often, and not many now and then */
};

static uint64_t now_ms(const struct stub_link *link)
{
    return espota_loop_now(link->loop);
}

void stub_link_deinit(struct stub_link *link)
{
    espota_loop_unwatch(link->loop, &link->watch);
    espota_loop_disarm(link->loop, &link->timer);
    espota_socket_close(&link->fd);
    link->answered = link->closing = link->stalled = link->broken = link->mute = false;
    link->first = link->count = 0;
    link->byte_count = 0;
    link->free_at_us = 0;
}

/* --- words that leave late --- */

/* The first `length` bytes of those that waited have left. */
static void said(struct stub_link *link, size_t length)
{
    struct stub_link_words *words = &link->words[link->first];

    link->byte_count -= length; /* length <= words->length <= byte_count */
    memmove(link->bytes, link->bytes + length, link->byte_count);
    words->length -= length;
    if (words->length == 0) {
        link->first = (link->first + 1) % STUB_LINK_WORDS;
        link->count--;
    }
}

/* Gives the socket what is due. */
static void speak(struct stub_link *link)
{
    link->stalled = false;
    while (link->count > 0 && link->words[link->first].due <= now_ms(link)) {
        size_t done;
        int os_error;
        enum espota_status status = espota_socket_send(
            link->fd, link->bytes, link->words[link->first].length, &done, &os_error);

        if (status == ESPOTA_OK) {
            said(link, done);
            continue;
        }
        link->stalled = status == ESPOTA_MORE;
        link->mute = status != ESPOTA_MORE;
        if (link->mute)
            link->count = link->byte_count = 0;
        return;
    }
}

/* As much of it as there is room for: a page is longer than a word. */
static enum espota_status queue(struct stub_link *link, const void *data, size_t length,
                                size_t *sent)
{
    size_t room = STUB_LINK_ROOM - link->byte_count; /* byte_count <= STUB_LINK_ROOM */
    struct stub_link_words *words;

    if (link->mute)
        return ESPOTA_E_BROKEN;
    if (link->count == STUB_LINK_WORDS || room == 0)
        return ESPOTA_MORE;
    if (length > room)
        length = room;
    words = &link->words[(link->first + link->count) % STUB_LINK_WORDS];
    words->due = now_ms(link) + link->shape->delay_ms;
    words->length = length;
    memcpy(link->bytes + link->byte_count, data, length);
    link->byte_count += length;
    link->count++;
    *sent = length;
    return ESPOTA_OK;
}

/* --- the rate --- */

static bool rate_allows(const struct stub_link *link)
{
    return link->shape->rate == 0 || link->free_at_us <= now_ms(link) * US_PER_MS;
}

static size_t rate_room(const struct stub_link *link, size_t room)
{
    uint64_t piece = link->shape->rate / PIECES_PER_S;

    if (link->shape->rate == 0 || piece >= room)
        return room;
    return piece > 0 ? (size_t)piece : 1;
}

/* Paid for afterwards, so that the rate is exact however many bytes there were. */
static void rate_pay(struct stub_link *link, size_t length)
{
    uint64_t now_us = now_ms(link) * US_PER_MS;
    uint64_t earliest = now_us > BURST_US ? now_us - BURST_US : 0;

    if (link->shape->rate == 0)
        return;
    if (link->free_at_us < earliest)
        link->free_at_us = earliest;
    link->free_at_us += length * US_PER_S / link->shape->rate;
}

/* --- the loop --- */

static void go_on(void *context)
{
    struct stub_link *link = context;

    if (link->fd >= 0)
        speak(link); /* what was held back may be due, whether or not there is more to say */
    if (link->closing) {
        if (link->count > 0 && stub_link_follow(link, 0, NULL) == ESPOTA_OK)
            return;
        stub_link_deinit(link);
    }
    link->wake(link->context);
}

static void ready(void *context, unsigned events)
{
    struct stub_link *link = context;

    if ((events & (ESPOTA_WRITABLE | ESPOTA_BROKEN)) != 0)
        link->answered = true;
    if ((events & ESPOTA_BROKEN) != 0) {
        link->broken = true;
        espota_loop_unwatch(link->loop, &link->watch);
    }
    go_on(link);
}

void stub_link_init(struct stub_link *link, struct espota_loop *loop,
                    const struct stub_link_shape *shape, void (*wake)(void *context), void *context)
{
    *link = (struct stub_link){
        .loop = loop,
        .shape = shape,
        .wake = wake,
        .context = context,
        .watch = {.ready = ready, .context = link},
        .timer = {.expired = go_on, .context = link},
        .fd = -1,
    };
}

static enum espota_status watch_for(struct stub_link *link, unsigned events,
                                    struct espota_error *err)
{
    if (link->broken)
        return ESPOTA_OK; /* it would be reported again and again */
    if (link->watch.slot != 0) {
        espota_loop_rewatch(link->loop, &link->watch, events);
        return ESPOTA_OK;
    }
    link->watch.fd = link->fd;
    link->watch.events = events;
    return espota_loop_watch(link->loop, &link->watch, err);
}

enum espota_status stub_link_follow(struct stub_link *link, unsigned want, struct espota_error *err)
{
    uint64_t at = UINT64_MAX;
    unsigned events = 0;
    bool reads = (want & ESPOTA_WANT_STREAM_IN) != 0 && !link->closing;

    if (link->fd < 0)
        return ESPOTA_OK;
    if (!link->answered || link->stalled)
        events |= ESPOTA_WRITABLE;
    if (reads && link->answered && rate_allows(link))
        events |= ESPOTA_READABLE;
    if (link->count > 0 && !link->stalled)
        at = link->words[link->first].due;
    if (reads && !rate_allows(link) && (link->free_at_us + US_PER_MS - 1) / US_PER_MS < at)
        at = (link->free_at_us + US_PER_MS - 1) / US_PER_MS;
    if (stub_wait_until(link->loop, &link->timer, at, err) != ESPOTA_OK)
        return ESPOTA_E_MEMORY;
    return watch_for(link, events, err);
}

/* --- what the device calls --- */

enum espota_status stub_link_connect(struct stub_link *link, const struct espota_address *local,
                                     const struct espota_address *peer)
{
    if (link->closing)
        return ESPOTA_MORE;
    if (link->fd < 0)
        return espota_tcp_connect(local, peer, link->shape->window, &link->fd, NULL) == ESPOTA_OK
                   ? ESPOTA_MORE
                   : ESPOTA_E_BROKEN;
    if (!link->answered)
        return ESPOTA_MORE;
    if (espota_socket_error(link->fd) != 0) {
        stub_link_deinit(link);
        return ESPOTA_E_BROKEN;
    }
    espota_socket_no_delay(link->fd);
    return ESPOTA_OK;
}

void stub_link_adopt(struct stub_link *link, int fd)
{
    stub_link_deinit(link);
    link->fd = fd;
    link->answered = true;
    espota_socket_no_delay(fd);
    if (link->shape->window != 0)
        espota_socket_narrow(fd, link->shape->window);
}

enum espota_status stub_link_receive(struct stub_link *link, void *data, size_t room,
                                     size_t *length)
{
    enum espota_status status;
    int os_error;

    *length = 0;
    if (!rate_allows(link))
        return ESPOTA_MORE;
    status = espota_socket_receive(link->fd, data, rate_room(link, room), length, &os_error);
    if (status == ESPOTA_OK) {
        rate_pay(link, *length);
        if (link->shape->window != 0)
            espota_socket_narrow(link->fd, link->shape->window);
    }
    return status;
}

enum espota_status stub_link_send(struct stub_link *link, const void *data, size_t length,
                                  size_t *sent)
{
    enum espota_status status;
    int os_error;

    *sent = 0;
    if (link->shape->delay_ms != 0) {
        speak(link);
        return queue(link, data, length, sent);
    }
    status = espota_socket_send(link->fd, data, length, sent, &os_error);
    link->stalled = status == ESPOTA_MORE;
    return status;
}

void stub_link_close(struct stub_link *link)
{
    if (link->count > 0 && link->fd >= 0)
        link->closing = true;
    else
        stub_link_deinit(link);
}

/* --- what else the devices need of the loop --- */

enum espota_status stub_wait_until(struct espota_loop *loop, struct espota_timer *timer,
                                   uint64_t at, struct espota_error *err)
{
    if (at == UINT64_MAX)
        espota_loop_disarm(loop, timer);
    else if (espota_loop_arm(loop, timer, at) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a timer");
    return ESPOTA_OK;
}

enum espota_status stub_socket_watch(struct espota_loop *loop, struct espota_watch *watch,
                                     struct espota_address *address, struct espota_error *err)
{
    struct espota_address got;
    enum espota_status status;

    watch->events = ESPOTA_READABLE;
    status = espota_loop_watch(loop, watch, err);
    if (status == ESPOTA_OK && espota_socket_local(watch->fd, &got) != ESPOTA_OK)
        status = espota_error_set(err, ESPOTA_E_LOCAL, "a socket does not tell its port");
    if (status == ESPOTA_OK)
        address->port = got.port;
    else
        stub_socket_unwatch(loop, watch);
    return status;
}

void stub_socket_unwatch(struct espota_loop *loop, struct espota_watch *watch)
{
    espota_loop_unwatch(loop, watch);
    espota_socket_close(&watch->fd);
}

/* --- addresses --- */

struct espota_peer stub_peer(const struct espota_address *address)
{
    struct espota_peer peer = {.port = address->port};
    struct espota_writer writer;

    espota_writer_init(&writer, peer.address, sizeof(peer.address));
    espota_write_bytes(&writer, address->bytes, address->family == 4 ? 4 : 16);
    espota_write_u32le(&writer, address->scope);
    return peer;
}

struct espota_address stub_peer_address(const struct espota_peer *peer, uint8_t family)
{
    struct espota_address address = {.family = family, .port = peer->port};
    size_t length = family == 4 ? 4 : 16;
    struct espota_reader reader;

    espota_reader_init(&reader, peer->address, sizeof(peer->address));
    memcpy(address.bytes, espota_read_bytes(&reader, length), length);
    address.scope = espota_read_u32le(&reader);
    return address;
}
