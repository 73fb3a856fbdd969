/* SPDX-License-Identifier: MIT */
/*
 * That the system took the last byte says little: it lies in the socket's buffer, and a device
 * behind a weak link may never have it. What counts is what its TCP has acknowledged, and so the
 * socket is followed, by a copy of its descriptor, beyond the end of the request.
 */
#include "http/http.h"

#include <stdlib.h>

#include "sys/sys.h"

struct espota_http_transfer {
    struct espota_http_transfers *all;
    struct espota_http_transfer *next;
    espota_http_over over;
    void *context;
    uint64_t length;
    uint64_t acked;  /* by the client on this connection: before this body; then, as last seen */
    uint64_t target; /* what is acknowledged when the client has it all */
    uint64_t moved_at;
    int fd;
    bool following; /* fd is our own */
};

struct espota_http_transfer *espota_http_transfer_start(struct espota_http_transfers *all, int fd,
                                                        uint64_t length, espota_http_over over,
                                                        void *context)
{
    struct espota_http_transfer *transfer = calloc(1, sizeof(*transfer));
    struct espota_http_end none = {.length = length};
    bool closed;

    if (transfer == NULL) {
        over(context, &none);
        return NULL;
    }
    *transfer = (struct espota_http_transfer){.all = all,
                                              .next = all->first,
                                              .over = over,
                                              .context = context,
                                              .length = length,
                                              .fd = fd};
    if (!espota_socket_acked(fd, &transfer->acked, &closed))
        transfer->fd = -1;
    all->first = transfer;
    all->count++;
    return transfer;
}

static void finish(struct espota_http_transfer *transfer, bool whole, uint64_t sent)
{
    struct espota_http_transfers *all = transfer->all;
    struct espota_http_end end = {whole, sent < transfer->length ? sent : transfer->length,
                                  transfer->length};
    struct espota_http_transfer **at = &all->first;

    while (*at != transfer)
        at = &(*at)->next;
    *at = transfer->next;
    all->count--;
    if (transfer->following) {
        all->following--;
        espota_descriptor_close(&transfer->fd);
    }
    transfer->over(transfer->context, &end);
    free(transfer);
}

/* What of the body is beyond `target - length`. */
static uint64_t followed(const struct espota_http_transfer *transfer, uint64_t acked)
{
    uint64_t missing = transfer->target > acked ? transfer->target - acked : 0;

    return missing < transfer->length ? transfer->length - missing : 0;
}

void espota_http_transfer_taken(struct espota_http_transfer *transfer, uint64_t now)
{
    uint32_t waiting = 0;
    uint64_t acked = 0;
    bool closed = false;
    int copy = -1;

    if (transfer->fd >= 0 && espota_socket_unacked(transfer->fd, &waiting) && waiting > 0 &&
        espota_socket_acked(transfer->fd, &acked, &closed))
        copy = espota_descriptor_copy(transfer->fd);
    if (copy < 0) {
        finish(transfer, true, transfer->length);
        return;
    }
    transfer->fd = copy;
    transfer->following = true;
    transfer->all->following++;
    transfer->acked = acked;
    transfer->target = acked + waiting;
    transfer->moved_at = now;
}

void espota_http_transfer_cut(struct espota_http_transfer *transfer)
{
    uint64_t acked = transfer->acked;
    bool closed;

    if (transfer->fd >= 0)
        (void)espota_socket_acked(transfer->fd, &acked, &closed);
    finish(transfer, false,
           transfer->following ? followed(transfer, acked) : acked - transfer->acked);
}

void espota_http_transfers_follow(struct espota_http_transfers *all, uint64_t now)
{
    struct espota_http_transfer *next;

    for (struct espota_http_transfer *at = all->first; at != NULL && all->following > 0;
         at = next) {
        uint64_t acked = at->acked;
        bool closed = true;

        next = at->next;
        if (!at->following)
            continue;
        (void)espota_socket_acked(at->fd, &acked, &closed);
        if (acked > at->acked)
            at->moved_at = now;
        at->acked = acked;
        if (acked >= at->target)
            finish(at, true, at->length);
        else if (closed || now - at->moved_at >= ESPOTA_HTTP_IDLE_S * 1000U)
            finish(at, false, followed(at, acked));
    }
}
