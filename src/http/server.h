/* SPDX-License-Identifier: MIT */
/*
 * An HTTP server on the project's loop: GET and HEAD, answers from memory. It knows nothing of
 * devices.
 */
#ifndef ESPOTA_HTTP_SERVER_H
#define ESPOTA_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "http/shared_bytes.h"
#include "http/transfer.h"
#include "sys/loop.h"
#include "sys/net.h"

struct espota_http_server;
struct espota_http_request; /* one under way; valid during the call that gives it */

enum {
    ESPOTA_HTTP_HEADERS_MAX = 6,
    ESPOTA_HTTP_CREDENTIALS_MAX = 1024, /* user:password, with its end */
    ESPOTA_HTTP_HEADER_ROOM = 1100,
    /* A client that has not said a whole request by then is cut off, however busily it trickles. */
    ESPOTA_HTTP_REQUEST_MS = 15000,
};

struct espota_http_header {
    char name[32];
    char value[ESPOTA_HTTP_HEADER_ROOM];
};

struct espota_http_answer {
    unsigned status;
    struct espota_http_header headers[ESPOTA_HTTP_HEADERS_MAX];
    size_t header_count;
    /* The body: `length` bytes of `shared` from `offset`, used until they are gone; or of `text`,
     * which is copied, where `shared` is NULL. */
    struct espota_shared_bytes *shared;
    size_t offset;
    const char *text;
    size_t length;
    /* Told once how the body ended, if set; never where the handler is asked again. */
    espota_http_over over;
    void *over_context;
    /* Not 0: no answer yet, ask the handler again after so many milliseconds. */
    unsigned again_ms;
};

/* Adds a header; what does not fit is left out (the caller's values are short). */
void espota_http_answer_header(struct espota_http_answer *answer, const char *name,
                               const char *value);

/*
 * Answers a request. The path is raw: still encoded, with its query. Called once, and again
 * after again_ms.
 */
typedef void (*espota_http_handler)(void *context, struct espota_http_request *request,
                                    const char *method, const char *path,
                                    struct espota_http_answer *answer);

/* How often the handler was asked before for this request. */
unsigned espota_http_request_tries(const struct espota_http_request *request);
/* Every header of the request; a value is terminated and hostile. */
void espota_http_request_headers(struct espota_http_request *request,
                                 void (*each)(void *context, const char *name, const char *value),
                                 void *context);
/* One header, or NULL. */
const char *espota_http_request_header(struct espota_http_request *request, const char *name);
void espota_http_request_peer(struct espota_http_request *request, struct espota_address *out);
/* Basic credentials compared with a line "user:password" that is shorter than CREDENTIALS_MAX, in
 * constant time. */
bool espota_http_request_basic(struct espota_http_request *request, const char *line);

/* `listener` is taken over. The program must ignore SIGPIPE. */
enum espota_status espota_http_server_create(struct espota_loop *loop, int listener,
                                             espota_http_handler handler, void *context,
                                             struct espota_http_server **out,
                                             struct espota_error *err) ESPOTA_MUST_CHECK;
/* No more clients; those that are there are answered. */
void espota_http_server_close(struct espota_http_server *server);
/* Bodies with `over` that have not ended. */
size_t espota_http_server_busy(const struct espota_http_server *server);
/* Closes all connections. */
void espota_http_server_destroy(struct espota_http_server *server);

#endif
