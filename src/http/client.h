/* SPDX-License-Identifier: MIT */
/*
 * HTTP requests on the project's loop, any number at a time. What is sent is
 * streamed from the caller's memory; of what comes back the head is kept.
 */
#ifndef ESPOTA_HTTP_CLIENT_H
#define ESPOTA_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/secret.h"
#include "sys/loop.h"
#include "sys/net.h"

enum {
    ESPOTA_URL_MAX = 1024,
    ESPOTA_FETCH_BODY_MAX = 16384, /* of an answer; the rest is read and dropped */
};

/* An http:// or https:// URL, taken apart. */
struct espota_url {
    char clean[ESPOTA_URL_MAX]; /* without user and password: what may be shown */
    char host[256];             /* without brackets */
    char authority[288];        /* host[:port] as the Host header has it */
    char path[ESPOTA_URL_MAX];
    uint16_t port; /* never 0 */
    bool tls;
    char user[128];                /* "": none */
    struct espota_secret password; /* bytes NULL: none */
};

/* E_USAGE for what is none, with a message that holds no password. After OK, deinit. */
enum espota_status espota_url_parse(const char *text, struct espota_url *out,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_url_deinit(struct espota_url *url);

struct espota_fetcher; /* what all requests share */

enum espota_status espota_fetcher_create(struct espota_loop *loop, struct espota_fetcher **out,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
/* After the last fetch was destroyed. */
void espota_fetcher_destroy(struct espota_fetcher *fetcher);

enum espota_fetch_body {
    ESPOTA_FETCH_NOTHING, /* a GET */
    ESPOTA_FETCH_FORM,    /* a POST of one file in a multipart form */
    ESPOTA_FETCH_RAW,     /* a POST of the bytes */
};

enum espota_fetch_auth {
    ESPOTA_FETCH_OPEN,
    ESPOTA_FETCH_BASIC,
    ESPOTA_FETCH_DIGEST,
};

struct espota_fetch_config {
    const struct espota_url *url;  /* all pointers are borrowed until destroy */
    struct espota_address address; /* where the host is; family 0: let the system find out */
    const char *ca_file;           /* NULL: the system's certificates */
    bool insecure;
    uint32_t connect_ms;
    uint64_t limit_rate; /* bytes a second; 0: no limit */
    void *context;
    void (*over)(void *context); /* the request is over; it may not destroy the fetch */
};

/* One request. */
struct espota_fetch_request {
    enum espota_fetch_body body;
    const char *field; /* of the form */
    const void *bytes;
    size_t length;
    enum espota_fetch_auth auth;
    const char *user;
    const char *password;
};

/* What became of a request. */
struct espota_fetch_result {
    enum espota_status
        status; /* OK: an answer came; NO_ANSWER, BROKEN, LOCAL: `message` says why */
    char message[256];
    unsigned http;                  /* status of the answer; 0: none */
    enum espota_fetch_auth offered; /* with 401: the best that was offered */
    const char *body;               /* its head, terminated; hostile */
    size_t body_length;
};

/* A connection to one server, for one request after the other. */
struct espota_fetch;

enum espota_status espota_fetch_create(struct espota_fetcher *fetcher,
                                       const struct espota_fetch_config *config,
                                       struct espota_fetch **out,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;
/* Ends what is under way, without a call of `over`. */
void espota_fetch_destroy(struct espota_fetch *fetch);

enum espota_status espota_fetch_start(struct espota_fetch *fetch,
                                      const struct espota_fetch_request *request,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
/* After `over`. */
const struct espota_fetch_result *espota_fetch_result(const struct espota_fetch *fetch);
/*
 * Bytes of the file that left, and those of them that the server's TCP has acknowledged, as far as
 * that was seen: what it acknowledges as its last act before it breaks off may not be.
 */
void espota_fetch_progress(struct espota_fetch *fetch, size_t *sent, size_t *acked);

#endif
