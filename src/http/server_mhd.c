/* SPDX-License-Identifier: MIT */
/*
 * libmicrohttpd without a thread: its sockets are watched by our loop (server_sockets.h), its
 * timeout is one timer. It times out who says nothing, but not who says a byte every few seconds:
 * those are cut off here, by a queue.
 */
#include "http/http.h"

#include <stdlib.h>
#include <string.h>

#include "http/server_sockets.h"
#include "lazy/mhd.h"
#include "wire/wire.h"

enum { IDLE_MS = 60000 };

/* Connections in the order of what they are due for: all that are put in wait for equally long. */
struct queue {
    struct espota_http_request *first;
    struct espota_http_request *last;
};

/* A connection, and the request that it is at. */
struct espota_http_request {
    struct espota_http_request *next;
    struct espota_http_request *previous;
    struct queue *queue; /* NULL: in none */
    uint64_t due;
    struct espota_http_server *server;
    struct MHD_Connection *connection;
    struct espota_http_socket socket;
    int fd;
    char *path;
    struct espota_http_transfer *transfer; /* of the answer under way; NULL: none is followed */
    bool started;
    unsigned tries;
};

struct espota_http_server {
    struct MHD_Daemon *daemon;
    struct espota_loop *loop;
    struct espota_http_sockets sockets;
    struct espota_timer timer;
    espota_http_handler handler;
    void *context;
    struct queue unheard;  /* who has not said a whole request: cut off when it is due */
    struct queue sleeping; /* whose handler is asked again */
    struct espota_http_transfers transfers;
    unsigned connections;
    unsigned connections_max;
};

static void enqueue(struct queue *queue, struct espota_http_request *request, uint64_t wait_ms)
{
    request->queue = queue;
    request->due = espota_loop_now(request->server->loop) + wait_ms;
    request->next = NULL;
    request->previous = queue->last;
    *(queue->last != NULL ? &queue->last->next : &queue->first) = request;
    queue->last = request;
}

static void dequeue(struct espota_http_request *request)
{
    struct queue *queue = request->queue;

    if (queue == NULL)
        return;
    *(request->previous != NULL ? &request->previous->next : &queue->first) = request->next;
    *(request->next != NULL ? &request->next->previous : &queue->last) = request->previous;
    request->queue = NULL;
}

/* The first, taken out, if it is due; or NULL. */
static struct espota_http_request *take_due(struct queue *queue, uint64_t now)
{
    struct espota_http_request *first = queue->first;

    if (first == NULL || first->due > now)
        return NULL;
    dequeue(first);
    return first;
}

void espota_http_answer_header(struct espota_http_answer *answer, const char *name,
                               const char *value)
{
    size_t room = sizeof(answer->headers) - answer->headers_length;
    size_t length = strlen(name) + 1 + strlen(value) + 1;

    if (length > room) {
        answer->too_long = true;
        return;
    }
    strcpy(answer->headers + answer->headers_length, name);
    strcpy(answer->headers + answer->headers_length + strlen(name) + 1, value);
    answer->headers_length += length; /* length <= room */
}

unsigned espota_http_request_tries(const struct espota_http_request *request)
{
    return request->tries;
}

struct each_header {
    void (*each)(void *context, const char *name, const char *value);
    void *context;
};

static enum MHD_Result one_header(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    const struct each_header *walk = context;

    (void)kind;
    if (name != NULL)
        walk->each(walk->context, name, value != NULL ? value : "");
    return MHD_YES;
}

void espota_http_request_headers(struct espota_http_request *request,
                                 void (*each)(void *context, const char *name, const char *value),
                                 void *context)
{
    struct each_header walk = {each, context};

    (void)MHD_get_connection_values(request->connection, MHD_HEADER_KIND, one_header, &walk);
}

const char *espota_http_request_header(struct espota_http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name);
}

void espota_http_request_peer(struct espota_http_request *request, struct espota_address *out)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(request->connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    memset(out, 0, sizeof(*out));
    if (info != NULL)
        espota_address_from_os(info->client_addr, out);
}

/* Both sides are padded to one length, so that the time tells nothing about the line. */
bool espota_http_request_basic(struct espota_http_request *request, const char *line)
{
    const char *value = espota_http_request_header(request, "Authorization");
    uint8_t given[ESPOTA_HTTP_CREDENTIALS_MAX] = {0};
    uint8_t wanted[ESPOTA_HTTP_CREDENTIALS_MAX] = {0};
    size_t length = 0;
    size_t wanted_length = strlen(line);
    bool equal;

    memcpy(wanted, line, wanted_length < sizeof(wanted) ? wanted_length : sizeof(wanted));
    equal = value != NULL &&
            espota_http_basic_read(value, given, sizeof(given), &length) == ESPOTA_OK &&
            espota_equal_secret(given, wanted, sizeof(given)) && length == wanted_length;
    espota_wipe(given, sizeof(given));
    espota_wipe(wanted, sizeof(wanted));
    return equal;
}

static void earlier(uint64_t *next, uint64_t at)
{
    if (at < *next)
        *next = at;
}

static void run_at(struct espota_http_server *server, uint64_t at)
{
    /* an armed timer that is moved cannot fail: it has its place already */
    if (espota_loop_arm(server->loop, &server->timer, at) != ESPOTA_OK)
        espota_loop_wake(server->loop);
}

/* What is ready is done; the timer then says when libmicrohttpd wants to be run without an event.
 */
static void run(struct espota_http_server *server)
{
    MHD_UNSIGNED_LONG_LONG wait;
    uint64_t now = espota_loop_now(server->loop);
    uint64_t next = now + IDLE_MS;

    espota_http_sockets_run(&server->sockets);
    if (MHD_get_timeout(server->daemon, &wait) == MHD_YES && wait < IDLE_MS)
        earlier(&next, now + wait);
    if (server->unheard.first != NULL)
        earlier(&next, server->unheard.first->due);
    if (server->sleeping.first != NULL)
        earlier(&next, server->sleeping.first->due);
    if (server->transfers.following > 0)
        earlier(&next, now + ESPOTA_HTTP_FOLLOW_MS);
    run_at(server, next);
}

/* All of it on every event: under constant traffic a timer alone would never come. */
static void expired(void *context)
{
    struct espota_http_server *server = context;
    uint64_t now = espota_loop_now(server->loop);
    struct espota_http_request *request;

    while ((request = take_due(&server->sleeping, now)) != NULL)
        MHD_resume_connection(request->connection);
    while ((request = take_due(&server->unheard, now)) != NULL)
        espota_socket_shutdown(request->fd);               /* MHD sees the end and closes */
    espota_http_transfers_follow(&server->transfers, now); /* before anybody asks again */
    run(server);
}

/* Timers come behind all events of a turn: one run for all of them. */
static void ready(void *context)
{
    struct espota_http_server *server = context;

    run_at(server, espota_loop_now(server->loop));
}

/* Where there are almost as many as there may be, who has waited longest makes room. */
static void make_room(struct espota_http_server *server)
{
    if (server->connections > server->connections_max - server->connections_max / 8 &&
        server->unheard.first != server->unheard.last)
        espota_socket_shutdown(take_due(&server->unheard, UINT64_MAX)->fd);
}

static void connection_changed(void *context, struct MHD_Connection *connection, void **own,
                               enum MHD_ConnectionNotificationCode what)
{
    struct espota_http_server *server = context;
    const union MHD_ConnectionInfo *info;
    struct espota_http_request *request = *own;

    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        server->connections--; /* it was counted when it came */
        if (request != NULL) {
            espota_http_sockets_remove(&request->socket);
            dequeue(request);
        }
        free(request);
        *own = NULL;
        return;
    }
    server->connections++;
    info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    request = info != NULL ? calloc(1, sizeof(*request)) : NULL;
    if (request == NULL)
        return;
    request->server = server;
    request->connection = connection;
    request->fd = (int)info->connect_fd;
    espota_http_sockets_add(&server->sockets, &request->socket, request->fd);
    enqueue(&server->unheard, request, ESPOTA_HTTP_REQUEST_MS);
    *own = request;
    make_room(server);
}

/* The raw request target is remembered; libmicrohttpd's own has its escapes taken out. */
static void *request_started(void *context, const char *target, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct espota_http_request *request = info != NULL ? info->socket_context : NULL;

    (void)context;
    if (request == NULL)
        return NULL;
    request->path = strdup(target);
    request->started = false;
    request->tries = 0;
    return request->path != NULL ? request : NULL;
}

static void request_over(void *context, struct MHD_Connection *connection, void **own,
                         enum MHD_RequestTerminationCode how)
{
    struct espota_http_server *server = context;
    struct espota_http_request *request = *own;

    (void)connection;
    if (request == NULL)
        return;
    if (request->transfer != NULL && how == MHD_REQUEST_TERMINATED_COMPLETED_OK)
        espota_http_transfer_taken(request->transfer, espota_loop_now(server->loop));
    else if (request->transfer != NULL)
        espota_http_transfer_cut(request->transfer);
    request->transfer = NULL;
    free(request->path);
    request->path = NULL;
    *own = NULL;
    if (request->queue == &server->unheard)
        return;
    dequeue(request);
    enqueue(&server->unheard, request, ESPOTA_HTTP_REQUEST_MS); /* for the next one */
}

static void leave_shared(void *shared)
{
    espota_shared_bytes_leave(shared);
}

/*
 * The bytes come from memory and not from a descriptor: a signal, or a stop and its continuation,
 * shortens sendfile, and libmicrohttpd takes that for a full socket and waits for an event that
 * never comes. What a signal cannot shorten is send.
 */
static struct MHD_Response *response_of(const struct espota_http_answer *answer)
{
    struct MHD_Response *response;

    if (answer->shared == NULL)
        return MHD_create_response_from_buffer(
            answer->length, (void *)(uintptr_t)(answer->text != NULL ? answer->text : ""),
            MHD_RESPMEM_MUST_COPY);
    response = MHD_create_response_from_buffer_with_free_callback_cls(
        answer->length, (void *)(uintptr_t)(answer->shared->bytes + answer->offset), leave_shared,
        answer->shared);
    if (response != NULL)
        (void)espota_shared_bytes_use(answer->shared);
    return response;
}

static bool add_headers(struct MHD_Response *response, const struct espota_http_answer *answer)
{
    for (size_t at = 0; at < answer->headers_length;) {
        const char *name = answer->headers + at;
        const char *value = name + strlen(name) + 1;

        if (MHD_add_response_header(response, name, value) != MHD_YES)
            return false;
        at = (size_t)(value + strlen(value) + 1 - answer->headers); /* behind both ends */
    }
    return true;
}

static enum MHD_Result send_answer(struct espota_http_request *request,
                                   const struct espota_http_answer *answer)
{
    struct MHD_Response *response = response_of(answer);
    enum MHD_Result result = MHD_NO;

    if (answer->over != NULL) /* request_over ends it, come what may */
        request->transfer =
            espota_http_transfer_start(&request->server->transfers, request->fd, answer->length,
                                       answer->over, answer->over_context);
    if (response == NULL)
        return MHD_NO;
    if (add_headers(response, answer))
        result = MHD_queue_response(request->connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

/* What headers say of a body. */
struct body {
    const char *length;
    bool ambiguous; /* two lengths: another server may take its end for the next request */
    bool some;
};

static void look_for_body(void *context, const char *name, const char *value)
{
    struct body *body = context;

    if (espota_http_same(name, "Content-Length")) {
        body->ambiguous |= body->length != NULL && strcmp(value, body->length) != 0;
        body->length = value;
        body->some |= value[strspn(value, "0")] != '\0'; /* devices say "Content-Length: 0" */
    }
    body->some |= espota_http_same(name, "Transfer-Encoding");
}

/* What is no question that is answered here: the answer to it, false if it is one. */
static bool is_refused(struct espota_http_request *request, const char *method,
                       struct espota_http_answer *answer)
{
    struct body body = {.length = NULL};

    espota_http_request_headers(request, look_for_body, &body);
    if (body.ambiguous) {
        answer->status = 400;
        espota_http_answer_header(answer, "Connection", "close");
        return true;
    }
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        answer->status = 405;
        espota_http_answer_header(answer, "Allow", "GET, HEAD");
        return true;
    }
    if (body.some)
        answer->status = 413;
    return body.some;
}

/* Half an answer could be taken for the whole of it. */
static void withdraw(struct espota_http_answer *answer)
{
    struct espota_http_end none = {.length = answer->length};

    if (answer->over != NULL)
        answer->over(answer->over_context, &none);
    *answer = (struct espota_http_answer){.status = 500};
}

static enum MHD_Result answer_request(void *context, struct MHD_Connection *connection,
                                      const char *url, const char *method, const char *version,
                                      const char *upload, size_t *upload_length, void **own)
{
    struct espota_http_server *server = context;
    struct espota_http_request *request = *own;
    struct espota_http_answer answer = {.status = 500};

    (void)url, (void)version, (void)upload;
    if (request == NULL || *upload_length > 0)
        return MHD_NO; /* no memory; a body was refused before it came */
    dequeue(request);
    if (!request->started) {
        request->started = true;
        return is_refused(request, method, &answer) ? send_answer(request, &answer) : MHD_YES;
    }
    server->handler(server->context, request, method, request->path, &answer);
    if (answer.too_long)
        withdraw(&answer);
    if (!answer.again)
        return send_answer(request, &answer);
    request->tries++;
    enqueue(&server->sleeping, request, ESPOTA_HTTP_AGAIN_MS);
    MHD_suspend_connection(connection);
    return MHD_YES;
}

static size_t leave_escapes(void *context, struct MHD_Connection *connection, char *text)
{
    (void)context, (void)connection;
    return strlen(text);
}

/* The memory of a connection is for its request and our headers; the body has its own. Without the
 * word about SIGPIPE it would guard every send against it. */
static struct MHD_Daemon *start_daemon(struct espota_http_server *server, int listener)
{
    return MHD_start_daemon(
        espota_http_sockets_flags | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL, answer_request, server,
        MHD_OPTION_LISTEN_SOCKET, (MHD_socket)listener, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)8192, MHD_OPTION_CONNECTION_LIMIT,
        server->connections_max, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)ESPOTA_HTTP_IDLE_S,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escapes, NULL, MHD_OPTION_URI_LOG_CALLBACK,
        request_started, server, MHD_OPTION_NOTIFY_COMPLETED, request_over, server,
        MHD_OPTION_NOTIFY_CONNECTION, connection_changed, server, MHD_OPTION_END);
}

/* A quarter of the descriptors is for all else: transfers that are followed, files, the program. */
static unsigned most_connections(void)
{
    size_t files = espota_open_files_limit(65536);

    if (files > espota_http_sockets_below)
        files = espota_http_sockets_below;
    return (unsigned)(files > 128 ? files - files / 4 - 64 : 32);
}

static enum espota_status join_loop(struct espota_http_server *server, int listener,
                                    struct espota_error *err)
{
    server->timer = (struct espota_timer){.expired = expired, .context = server};
    if (espota_loop_arm(server->loop, &server->timer, espota_loop_now(server->loop)) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    server->sockets = (struct espota_http_sockets){.loop = server->loop,
                                                   .daemon = server->daemon,
                                                   .ready = ready,
                                                   .context = server,
                                                   .most = server->connections_max};
    return espota_http_sockets_init(&server->sockets, listener, err);
}

enum espota_status espota_http_server_create(struct espota_loop *loop, int listener,
                                             espota_http_handler handler, void *context,
                                             struct espota_http_server **out,
                                             struct espota_error *err)
{
    struct espota_http_server *server = calloc(1, sizeof(*server));
    enum espota_status status = espota_lazy_mhd(err);

    *out = NULL;
    if (status == ESPOTA_OK && server == NULL)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "out of memory");
    if (status == ESPOTA_OK) {
        server->loop = loop;
        server->handler = handler;
        server->context = context;
        server->connections_max = most_connections();
        server->daemon = start_daemon(server, listener);
        if (server->daemon == NULL)
            status = espota_error_set(err, ESPOTA_E_LOCAL, "the HTTP server cannot start");
    }
    if (status != ESPOTA_OK) {
        espota_socket_close(&listener);
        free(server);
        return status;
    }
    status = join_loop(server, listener, err);
    if (status == ESPOTA_OK)
        *out = server;
    else
        espota_http_server_destroy(server);
    return status;
}

void espota_http_server_destroy(struct espota_http_server *server)
{
    struct espota_http_request *request;

    if (server == NULL)
        return;
    espota_http_sockets_deinit(&server->sockets);
    espota_loop_disarm(server->loop, &server->timer);
    while ((request = take_due(&server->sleeping, UINT64_MAX)) != NULL)
        MHD_resume_connection(request->connection);
    MHD_stop_daemon(server->daemon);
    while (server->transfers.first != NULL)
        espota_http_transfer_cut(server->transfers.first);
    free(server);
}

void espota_http_server_close(struct espota_http_server *server)
{
    int listener;

    espota_http_sockets_unlisten(&server->sockets);
    listener = (int)MHD_quiesce_daemon(server->daemon);
    espota_socket_close(&listener);
}

size_t espota_http_server_busy(const struct espota_http_server *server)
{
    return server->transfers.count;
}
