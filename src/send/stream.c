/* SPDX-License-Identifier: MIT */
/*
 * What the kernel has taken is not what the device has. The engine is told of bytes only when they
 * have left this machine, for on that hangs whether a break means "try again" or "it may have it
 * all".
 */
#include "send/stream.h"

enum {
    WRITE_A_TURN = 1 << 16, /* then the other streams have their turn */
    READS_A_TURN = 8,
    READ_ROOM = 2048,
    UNSENT_MAX = 1 << 15, /* waiting in the kernel; more would only hide how far it is */

    SCALE = 1000,    /* a bucket's credit in thousandths: rate times milliseconds */
    SEGMENT = 1460,  /* less than that is not worth a packet */
    BURST_PART = 10, /* a tenth of a second may leave at once */
};

/* Beyond any network, and small enough that no product overflows. */
#define RATE_MAX ((uint64_t)1 << 40)

static uint64_t burst_of(const struct espota_bucket *bucket)
{
    uint64_t burst = bucket->rate / BURST_PART;

    return (burst > SEGMENT ? burst : SEGMENT) * SCALE;
}

void espota_bucket_init(struct espota_bucket *bucket, uint64_t rate, uint64_t now)
{
    bucket->rate = rate < RATE_MAX ? rate : RATE_MAX;
    bucket->credit = 0;
    bucket->at = now;
}

size_t espota_bucket_allowance(struct espota_bucket *bucket, uint64_t now)
{
    uint64_t burst = burst_of(bucket);
    uint64_t passed = now - bucket->at; /* time does not go back */

    if (bucket->rate == 0)
        return SIZE_MAX;
    if (passed > SCALE * (uint64_t)SEGMENT) /* even a byte a second has filled the bucket */
        bucket->credit = burst;
    else
        bucket->credit += bucket->rate * passed;
    if (bucket->credit > burst)
        bucket->credit = burst;
    bucket->at = now;
    return (size_t)(bucket->credit / SCALE);
}

void espota_bucket_spend(struct espota_bucket *bucket, size_t length)
{
    if (bucket->rate != 0)
        bucket->credit -= (uint64_t)length * SCALE; /* at most the allowance, so not below zero */
}

uint64_t espota_bucket_next(const struct espota_bucket *bucket, uint64_t now)
{
    uint64_t wanted = (bucket->rate < SEGMENT ? bucket->rate : SEGMENT) * (uint64_t)SCALE;
    uint64_t at;

    if (bucket->rate == 0 || bucket->credit >= wanted)
        return now;
    at = bucket->at + (wanted - bucket->credit + bucket->rate - 1) / bucket->rate;
    return at > now ? at : now;
}

static uint64_t now_of(const struct espota_stream *s)
{
    return espota_loop_now(s->loop);
}

static bool has_more(const struct espota_stream *s)
{
    return s->hooks.has_out(s->hooks.context);
}

static bool listens(const struct espota_stream *s)
{
    return s->hooks.listens(s->hooks.context);
}

void espota_stream_look(struct espota_stream *s)
{
    uint32_t unsent, unacked;

    if (s->fd < 0)
        return;
    if (!espota_socket_unsent(s->fd, &unsent) || unsent > s->written)
        unsent = 0; /* this platform cannot tell: what was written counts */
    if (!espota_socket_unacked(s->fd, &unacked) || unacked > s->written)
        unacked = unsent;
    s->hooks.left(s->hooks.context, s->written, unsent, unacked);
}

static void end(struct espota_stream *s)
{
    s->ended = true;
    espota_stream_look(s);
    s->hooks.in_end(s->hooks.context);
}

/* Reads what there is, at most so many pieces. True: more may be there. */
static bool read_some(struct espota_stream *s)
{
    uint8_t data[READ_ROOM];

    for (int i = 0; i < READS_A_TURN && listens(s); i++) {
        size_t length;
        int os_error;
        enum espota_status status =
            espota_socket_receive(s->fd, data, sizeof(data), &length, &os_error);

        if (status == ESPOTA_MORE)
            return false;
        if (status == ESPOTA_OK && length > 0) {
            espota_stream_look(s);
            s->hooks.in(s->hooks.context, data, length);
            continue;
        }
        if (status != ESPOTA_OK && s->os_error == 0)
            s->os_error = os_error;
        end(s);
        return false;
    }
    return listens(s);
}

/* The device has hung up on us; what it said before explains it. */
static void send_failed(struct espota_stream *s, int os_error)
{
    s->os_error = os_error;
    while (read_some(s))
        ;
    if (listens(s))
        end(s);
}

static void write_some(struct espota_stream *s)
{
    size_t budget = WRITE_A_TURN;

    while (budget > 0 && has_more(s)) {
        size_t length;
        const uint8_t *bytes = s->hooks.out(s->hooks.context, &length);
        size_t allowance = espota_bucket_allowance(&s->bucket, now_of(s));
        enum espota_status status;
        size_t done;
        int os_error;

        if (length > budget)
            length = budget;
        if (length > allowance)
            length = allowance;
        if (length == 0)
            break;
        status = espota_socket_send(s->fd, bytes, length, &done, &os_error);
        if (status == ESPOTA_E_BROKEN) {
            send_failed(s, os_error);
            return;
        }
        if (status != ESPOTA_OK)
            break;
        budget -= done; /* done is at most length, which is at most the budget */
        espota_bucket_spend(&s->bucket, done);
        s->written += done;
        s->hooks.taken(s->hooks.context, done);
    }
    espota_stream_look(s);
}

static void ready(void *context, unsigned events)
{
    struct espota_stream *s = context;

    if ((events & (ESPOTA_READABLE | ESPOTA_BROKEN)) != 0)
        read_some(s);
    if ((events & ESPOTA_WRITABLE) != 0)
        write_some(s);
    s->hooks.moved(s->hooks.context);
}

enum espota_status espota_stream_open(struct espota_stream *s, int fd, uint64_t limit_rate)
{
    enum espota_status status;

    s->fd = fd;
    s->watch =
        (struct espota_watch){.fd = fd, .events = ESPOTA_READABLE, .ready = ready, .context = s};
    status = espota_loop_watch(s->loop, &s->watch, NULL);
    espota_socket_no_delay(fd);
    espota_socket_limit_unsent(fd, UNSENT_MAX);
    espota_bucket_init(&s->bucket, limit_rate, now_of(s));
    if (status == ESPOTA_OK)
        write_some(s);
    return status;
}

void espota_stream_push(struct espota_stream *s)
{
    if (s->fd >= 0)
        write_some(s);
}

void espota_stream_close(struct espota_stream *s, bool reset)
{
    if (s->fd < 0)
        return;
    espota_loop_unwatch(s->loop, &s->watch);
    if (reset)
        espota_socket_reset_on_close(s->fd);
    espota_socket_close(&s->fd);
}

void espota_stream_follow(struct espota_stream *s)
{
    unsigned events = ESPOTA_READABLE;
    uint64_t at;

    if (s->fd < 0)
        return;
    if (has_more(s) && !espota_stream_deadline(s, &at))
        events |= ESPOTA_WRITABLE;
    espota_loop_rewatch(s->loop, &s->watch, events);
}

bool espota_stream_deadline(const struct espota_stream *s, uint64_t *at)
{
    if (s->fd < 0 || !has_more(s))
        return false;
    *at = espota_bucket_next(&s->bucket, now_of(s));
    return *at > now_of(s);
}
