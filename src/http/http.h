/* SPDX-License-Identifier: MIT */
/*
 * The door of `http`: requests that we send, requests that we answer, ranges of bytes. Only the
 * files of this room know libcurl and libmicrohttpd.
 */
#ifndef ESPOTA_HTTP_HTTP_H
#define ESPOTA_HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/secret.h"
#include "espota/status.h"
#include "sys/sys.h"

/*
 * HTTP requests on the project's loop, any number at a time. What is sent is
 * streamed from the caller's memory; of what comes back the head is kept.
 */

enum {
    ESPOTA_URL_MAX = 1024,
    ESPOTA_HTTP_BODY_MAX = 16384, /* of an answer; the rest is read and dropped */
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
/* The URL of another page there: "/path" or "/path?query". False: it does not fit. */
bool espota_url_at(const struct espota_url *url, const char *page,
                   char out[ESPOTA_URL_MAX]) ESPOTA_MUST_CHECK;
void espota_url_deinit(struct espota_url *url);

struct espota_http_client; /* what all requests share */

enum espota_status espota_http_client_create(struct espota_loop *loop,
                                             struct espota_http_client **out,
                                             struct espota_error *err) ESPOTA_MUST_CHECK;
/* After the last session was destroyed. */
void espota_http_client_destroy(struct espota_http_client *client);

enum espota_http_body {
    ESPOTA_HTTP_BODY_NONE, /* a GET */
    ESPOTA_HTTP_BODY_FORM, /* a POST of one file in a multipart form */
    ESPOTA_HTTP_BODY_RAW,  /* a POST of the bytes */
};

enum espota_http_auth {
    ESPOTA_HTTP_AUTH_OPEN,
    ESPOTA_HTTP_AUTH_BASIC,
    ESPOTA_HTTP_AUTH_DIGEST,
};

struct espota_http_session_config {
    const struct espota_url *url;  /* all pointers are borrowed until destroy */
    struct espota_address address; /* where the host is; family 0: let the system find out */
    const char *ca_file;           /* NULL: the system's certificates */
    bool insecure;
    uint32_t connect_ms;
    uint64_t limit_rate; /* bytes a second; 0: no limit */
    void *context;
    void (*over)(void *context); /* the request is over; it may not destroy the session */
};

/* One request; what it points to stays until it is over. */
struct espota_http_session_request {
    enum espota_http_body body;
    const char *page;    /* "/path?query"; NULL: the URL's own */
    const char *referer; /* NULL: none is named */
    const char *field;   /* of the form */
    const char *extra;   /* another field, in front of the file, with the value 1; NULL: none */
    const char *type;    /* of RAW bytes; NULL: application/octet-stream */
    const void *bytes;
    size_t length;
    enum espota_http_auth auth;
    const char *user;
    const char *password;
};

/* What became of a request. */
struct espota_http_session_result {
    enum espota_status
        status; /* OK: an answer came; NO_ANSWER, BROKEN, LOCAL: `message` says why */
    char message[256];
    unsigned http;                 /* status of the answer; 0: none */
    enum espota_http_auth offered; /* with 401: the best that was offered; OPEN: none was */
    const char *body;              /* its head as it came, terminated; hostile */
    size_t body_length;
};

/* A connection to one server, for one request after the other. */
struct espota_http_session;

enum espota_status espota_http_session_create(struct espota_http_client *client,
                                              const struct espota_http_session_config *config,
                                              struct espota_http_session **out,
                                              struct espota_error *err) ESPOTA_MUST_CHECK;
/* Ends what is under way, without a call of `over`. */
void espota_http_session_destroy(struct espota_http_session *session);

enum espota_status espota_http_session_start(struct espota_http_session *session,
                                             const struct espota_http_session_request *request,
                                             struct espota_error *err) ESPOTA_MUST_CHECK;
/* After `over`. */
const struct espota_http_session_result *
espota_http_session_result(const struct espota_http_session *session);
/*
 * Bytes of the file that left, and those of them that the server's TCP has acknowledged, as far as
 * that was seen: what it acknowledges as its last act before it breaks off may not be.
 */
void espota_http_session_progress(struct espota_http_session *session, size_t *sent, size_t *acked);

/*
 * The bytes of a file as they were when it was read, in memory of this process: what happens to the
 * file later changes nothing. They stay as long as anybody uses them.
 */

struct espota_shared_bytes {
    const uint8_t *bytes;
    size_t size;
    unsigned users;
};

/* Copies `size` > 0 bytes of an open file; E_BROKEN if there are no more so many. One user: the
 * caller. */
enum espota_status espota_shared_bytes_copy(int file, size_t size, struct espota_shared_bytes **out,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;
/* One user more. */
struct espota_shared_bytes *espota_shared_bytes_use(struct espota_shared_bytes *shared);
/* One less: the last one frees it. NULL is fine. */
void espota_shared_bytes_leave(struct espota_shared_bytes *shared);

/*
 * Bodies on their way to clients: how each ended, and how much the client has acknowledged. A body
 * that the system has taken whole is followed until the client has it, for a slow device needs
 * half a minute for what lies in the socket's buffer.
 */

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

/* `fd` is the client's socket, borrowed; -1: nobody can tell. NULL without memory: it is over at
 * once.
 */
struct espota_http_transfer *espota_http_transfer_start(struct espota_http_transfers *all, int fd,
                                                        uint64_t length, espota_http_over over,
                                                        void *context);
/* The system has taken the whole: from now on its socket is a copy of the transfer's own. */
void espota_http_transfer_taken(struct espota_http_transfer *transfer, uint64_t now);
/* Nobody sends any more of it, or nobody waits any longer. */
void espota_http_transfer_cut(struct espota_http_transfer *transfer);
/* Looks at those that are followed. */
void espota_http_transfers_follow(struct espota_http_transfers *all, uint64_t now);

/*
 * An HTTP server on the project's loop: GET and HEAD, answers from memory. It knows nothing of
 * devices.
 */

struct espota_http_server;
struct espota_http_request; /* one under way; valid during the call that gives it */

enum {
    ESPOTA_HTTP_CREDENTIALS_MAX = 1024, /* user:password, with its end */
    ESPOTA_HTTP_HEADERS_ROOM = 2048,    /* of an answer */
    /* A client that has not said a whole request by then is cut off, however busily it trickles. */
    ESPOTA_HTTP_REQUEST_MS = 15000,
    ESPOTA_HTTP_AGAIN_MS = 250,
};

struct espota_http_answer {
    unsigned status;
    char headers[ESPOTA_HTTP_HEADERS_ROOM]; /* name, 0, value, 0, and so on */
    size_t headers_length;
    bool too_long; /* they do not all fit: the client gets a 500 and none of this */
    /* The body: `length` bytes of `shared` from `offset`, used until they are gone; or of `text`,
     * which is copied, where `shared` is NULL. */
    struct espota_shared_bytes *shared;
    size_t offset;
    const char *text;
    size_t length;
    /* Told once how the body ended, if set; never where the handler is asked again. */
    espota_http_over over;
    void *over_context;
    bool again; /* no answer yet: ask the handler again after AGAIN_MS */
};

/* Adds a header; where there is no room for it, no part of the answer is sent. */
void espota_http_answer_header(struct espota_http_answer *answer, const char *name,
                               const char *value);

/*
 * Answers a request. The path is raw: still encoded, with its query. Called once, and again
 * where it said so.
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

/* The Range header (RFC 9110 14), for a single range. */

struct espota_byte_range {
    uint64_t first;
    uint64_t length; /* never 0 */
};

/*
 * OK: send this part. BAD: no byte of it exists (416). MORE: send the whole, because `value` is
 * NULL, is no range that is understood, or asks for several.
 */
enum espota_status espota_byte_range_parse(const char *value, uint64_t size,
                                           struct espota_byte_range *out) ESPOTA_MUST_CHECK;

#endif
