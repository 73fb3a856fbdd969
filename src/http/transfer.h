/* SPDX-License-Identifier: MIT */
/*
 * Bodies on their way to clients: how each ended, and how much the client has acknowledged. A body
 * that the system has taken whole is followed until the client has it, for a slow device needs
 * half a minute for what lies in the socket's buffer.
 */
#ifndef ESPOTA_HTTP_TRANSFER_H
#define ESPOTA_HTTP_TRANSFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    ESPOTA_HTTP_IDLE_S = 20, /* a client that takes nothing of its answer for so long is cut off */
    ESPOTA_HTTP_FOLLOW_MS = 200, /* between two looks at what is still in a socket */
};

struct espota_http_end {
    bool whole;
    uint64_t sent; /* that the client has acknowledged; of a cut one, the answer's head included */
    uint64_t length;
};
/* Called once for each transfer. */
typedef void (*espota_http_over)(void *context, const struct espota_http_end *end);

struct espota_http_transfer;

struct espota_http_transfers {
    struct espota_http_transfer *first;
    size_t count;     /* of all */
    size_t following; /* of those that the system has taken whole */
};

/* `fd` is the client's socket, borrowed; -1: nobody can tell. NULL without memory: `over` is never
 * called. */
struct espota_http_transfer *espota_http_transfer_start(struct espota_http_transfers *all, int fd,
                                                        uint64_t length, espota_http_over over,
                                                        void *context);
/* The system has taken the whole: from now on its socket is a copy of the transfer's own. */
void espota_http_transfer_taken(struct espota_http_transfers *all,
                                struct espota_http_transfer *transfer, uint64_t now);
void espota_http_transfer_cut(struct espota_http_transfers *all,
                              struct espota_http_transfer *transfer);
/* Looks at those that are followed. */
void espota_http_transfers_follow(struct espota_http_transfers *all, uint64_t now);
/* Nobody waits any longer. */
void espota_http_transfers_end(struct espota_http_transfers *all);

#endif
