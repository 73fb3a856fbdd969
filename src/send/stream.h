/* SPDX-License-Identifier: MIT */
/*
 * Inside of send: the connection of an attempt, whatever its protocol. It takes what an engine has
 * for the device, as fast as the socket and the rate allow, and brings what the device says.
 */
#ifndef ESPOTA_SEND_STREAM_H
#define ESPOTA_SEND_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "espota/status.h"
#include "sys/sys.h"

/* A token bucket: how many bytes of one stream may leave now. Pure; time is an argument. */
struct espota_bucket {
    uint64_t rate;   /* bytes a second; 0: no limit */
    uint64_t credit; /* thousandths of a byte */
    uint64_t at;     /* when the credit was that */
};

void espota_bucket_init(struct espota_bucket *bucket, uint64_t rate, uint64_t now);
/* Bytes that may leave now; SIZE_MAX without a limit. */
size_t espota_bucket_allowance(struct espota_bucket *bucket, uint64_t now);
/* They left: at most the allowance. */
void espota_bucket_spend(struct espota_bucket *bucket, size_t length);
/* When it is worth asking again (a segment's worth, or a second's). */
uint64_t espota_bucket_next(const struct espota_bucket *bucket, uint64_t now);

/* The engine behind it. */
struct espota_stream_hooks {
    void *context;
    bool (*has_out)(void *context); /* it has bytes for the device */
    /* Some of these, straight from where they lie. Only after has_out. */
    const uint8_t *(*out)(void *context, size_t *length);
    void (*taken)(void *context, size_t length); /* of these, by the socket */
    /* Of the `written` bytes that were ever taken: how many are still in this machine, and how many
     * the device's TCP does not have. */
    void (*left)(void *context, uint64_t written, uint32_t unsent, uint32_t unacked);
    bool (*listens)(void *context); /* it wants to hear more */
    void (*in)(void *context, const uint8_t *data, size_t length);
    void (*in_end)(void *context);
    void (*moved)(void *context); /* after every input: see what the engine wants now */
};

/* Fill in the first part before open; fd -1 until then. */
struct espota_stream {
    struct espota_loop *loop;
    struct espota_stream_hooks hooks;

    int fd;
    struct espota_watch watch;
    struct espota_bucket bucket;
    uint64_t written; /* taken by the socket; the engine is told what left the machine */
    bool ended;       /* the device ended the stream, or it broke */
    int os_error;     /* why it broke; 0: it did not */
};

/* Takes the connection over and sends what may leave at once. */
enum espota_status espota_stream_open(struct espota_stream *stream, int fd,
                                      uint64_t limit_rate) ESPOTA_MUST_CHECK;
/* What the engine has left to say leaves now, if the socket takes it. */
void espota_stream_push(struct espota_stream *stream);
/* With a reset, nothing that is still buffered arrives. Harmless on one that is not open. */
void espota_stream_close(struct espota_stream *stream, bool reset);

/*
 * "Sent" is what has left this machine, not what the kernel took over: only then is it known
 * whether a device can have had the last byte. Looks, and tells the engine.
 */
void espota_stream_look(struct espota_stream *stream);

/* Asks the loop for what the engine wants. */
void espota_stream_follow(struct espota_stream *stream);
/* False: only the network moves it on. Otherwise when to follow again, for the rate's sake. */
bool espota_stream_deadline(const struct espota_stream *stream, uint64_t *at);

#endif
