/* SPDX-License-Identifier: MIT */
/*
 * A device that asks a server for its update: as ESPhttpUpdate does (PROTOCOL 5.6), or as the
 * demo of the RTOS SDK does (8.3). One request, one answer, at most one update. No I/O, no clock,
 * no allocation: the caller connects, brings bytes and the time, and does what `want` says.
 *
 * With `retries` it does what neither does: a connection that is lost is made again, and the image
 * goes on where it stopped. It asks for the rest of that very image (Range, If-Range); from a
 * server that sends all of it once more it leaves out what it has.
 */
#ifndef ESPOTA_STUB_CORE_PULL_CLIENT_H
#define ESPOTA_STUB_CORE_PULL_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/pull_bookmark.h"
#include "core/receiver.h"
#include "core/updater.h"
#include "espota/status.h"
#include "wire/wire.h"

/* HTTPClient's and ESPhttpUpdate's numbers; those above 0 are enum espota_update_error. */
enum espota_pull_error {
    ESPOTA_PULL_CONNECT = -1,
    ESPOTA_PULL_LOST = -5,
    ESPOTA_PULL_NO_SERVER = -7,
    ESPOTA_PULL_ENCODING = -9,
    ESPOTA_PULL_TIMEOUT = -11,
    ESPOTA_PULL_SPACE = -100,
    ESPOTA_PULL_NO_SIZE = -101,
    ESPOTA_PULL_NOT_FOUND = -102,
    ESPOTA_PULL_FORBIDDEN = -103,
    ESPOTA_PULL_WRONG_CODE = -104,
    ESPOTA_PULL_BAD_MD5 = -105,
    ESPOTA_PULL_BAD_HEADER = -106,
    ESPOTA_PULL_WRONG_FLASH = -107,
    ESPOTA_PULL_UNAUTHORIZED = -108,
    ESPOTA_PULL_NO_VERSION = -109,
    /* The RTOS demo prints texts; these numbers are ours. */
    ESPOTA_PULL_SPLIT_HEAD = -201,
    ESPOTA_PULL_NO_TYPE = -202,
    ESPOTA_PULL_TOO_SMALL = -203,
    ESPOTA_PULL_BAD_CRC = -204,
};

enum espota_pull_result {
    ESPOTA_PULL_PENDING,
    ESPOTA_PULL_UPDATED, /* installed: a restart starts it */
    ESPOTA_PULL_NO_UPDATE,
    ESPOTA_PULL_VERSION_KNOWN, /* the answer to ESPOTA_PULL_VERSION */
    ESPOTA_PULL_FAILED,
};

/* How the request is made and the answer read. */
enum espota_pull_dialect { ESPOTA_PULL_ARDUINO, ESPOTA_PULL_RTOS };

struct espota_pull_client_config {
    enum espota_pull_dialect dialect;
    /*
     * For RTOS the slot that does not run is fs_start to fs_end: it is written as a file system
     * is, in place. Otherwise as for any update.
     */
    const struct espota_updater_config *update;
    const char *host;          /* "192.168.1.2:8080"; the port only if it is not 80 */
    const char *target;        /* "/update?x=1"; for RTOS without its first slash */
    const char *authorization; /* as espota_http_basic makes it; NULL: none. Not for RTOS */

    /* What an Arduino device says of itself. */
    enum espota_pull_mode mode;
    const char *version; /* NULL or "": none */
    uint32_t chip_id;
    uint8_t station_mac[6];
    uint8_t access_point_mac[6];
    const char *sketch_md5;
    const char *sdk_version;

    /* So many connections in a row may fail or end without having brought anything new. */
    unsigned retries;
    uint32_t retry_ms; /* before the first of them; each further one waits twice as long */
    /*
     * A sector of flash that nothing else uses while a program runs, for a bookmark: a pull goes on
     * after a loss of power as well. 0: there is none.
     */
    uint32_t bookmark_at;

    void *context; /* handed to event */
    /* Tells of START, PROGRESS, END and ERROR, as the receiver's hook does; `peer` is NULL. */
    const char *(*event)(void *context, const struct espota_receiver_event *event);
};

enum {
    ESPOTA_PULL_REQUEST_MAX = 1536,
    ESPOTA_PULL_CONNECT_MS = 8000,
    ESPOTA_PULL_HEAD_MS = 8000,  /* without a byte of the head */
    ESPOTA_PULL_BODY_MS = 60000, /* without a byte of the image */
    ESPOTA_PULL_RETRY_MAX_MS = 32000,
    ESPOTA_PULL_MESSAGE_MAX = ESPOTA_UPDATE_MESSAGE_MAX + 32,
};

enum espota_pull_phase {
    ESPOTA_PULL_WAITING, /* before the next connection; there is none */
    ESPOTA_PULL_CONNECTING,
    ESPOTA_PULL_ASKING, /* the request is going out */
    ESPOTA_PULL_HEAD,
    ESPOTA_PULL_BODY,
    ESPOTA_PULL_OVER,
};

/* The caller's memory; its content is the engine's, and the first part may be read. */
struct espota_pull_client {
    enum espota_pull_result result;
    unsigned status;  /* HTTP's; 0: none came */
    uint32_t resumed; /* bytes that were there before the last answer came, and were kept */
    char version[ESPOTA_PULL_VERSION_MAX]; /* x-version of the answer; "": none */

    const struct espota_pull_client_config *config;
    struct espota_updater updater;
    struct espota_http_reader head;
    enum espota_pull_phase phase;
    int32_t error;
    uint64_t deadline;
    bool has_length;
    bool chunked;
    bool encoded;
    bool has_md5;
    bool has_type; /* RTOS: the type is the one it wants */
    uint32_t length;
    uint32_t told;
    size_t first_bytes; /* of the image, that were looked at before it began */
    uint8_t first[4];
    char md5[ESPOTA_MD5_HEX + 2]; /* one more than it should have, to see that it has */

    /* Going on. */
    struct espota_pull_bookmark bookmark; /* what is pulled; noted in flash if there is a place */
    char etag[ESPOTA_PULL_ETAG_MAX];      /* of this answer */
    struct espota_http_content_range range;
    bool has_range;
    bool noting;
    uint32_t from; /* what is asked for begins here */
    uint32_t skip; /* bytes of the answer that are there already */
    uint32_t best; /* bytes that have ever been there at once */
    unsigned lost; /* connections since there were more than that */
    uint64_t now;
    size_t request_length;
    size_t sent;
    char request[ESPOTA_PULL_REQUEST_MAX];
};

/* E_USAGE: what the device would say does not fit into a request. Then nothing is to be undone. */
enum espota_status espota_pull_client_init(struct espota_pull_client *client,
                                           const struct espota_pull_client_config *config,
                                           uint64_t now) ESPOTA_MUST_CHECK;
/* Gives up what runs, and wipes. */
void espota_pull_client_deinit(struct espota_pull_client *client);

/*
 * CONNECT (to the server), STREAM_OUT, STREAM_IN, DONE, FAILED; none of them until the next try:
 * then the connection is to be closed.
 */
unsigned espota_pull_client_want(const struct espota_pull_client *client);

void espota_pull_client_connected(struct espota_pull_client *client, uint64_t now);
void espota_pull_client_connect_failed(struct espota_pull_client *client);

/* What STREAM_OUT wants sent, borrowed until the next call; NULL if it does not. */
const void *espota_pull_client_tx(const struct espota_pull_client *client, size_t *length);
void espota_pull_client_tx_ack(struct espota_pull_client *client, size_t length, uint64_t now);

/* Bytes of the connection. For RTOS a call is one read of the socket, of at most 1460 bytes. */
void espota_pull_client_rx(struct espota_pull_client *client, const uint8_t *data, size_t length,
                           uint64_t now);
/* The connection ended. */
void espota_pull_client_rx_end(struct espota_pull_client *client);

void espota_pull_client_tick(struct espota_pull_client *client, uint64_t now);
/* When tick is due next; false if the client is over. */
bool espota_pull_client_deadline(const struct espota_pull_client *client, uint64_t *at);

/*
 * After FAILED: an enum espota_pull_error, an enum espota_update_error, or 0 (fewer bytes than
 * announced, where the original waits). `out` gets the original's words, terminated.
 */
int32_t espota_pull_client_error(const struct espota_pull_client *client,
                                 char out[ESPOTA_PULL_MESSAGE_MAX]);
#endif
