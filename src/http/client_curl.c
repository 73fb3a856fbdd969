/* SPDX-License-Identifier: MIT */
/*
 * libcurl's multi interface, driven by our loop: its sockets are watches, its timeout a timer. How
 * far a request is, the socket is asked and not curl: what curl has handed over may lie in this
 * machine for half a minute where a device is slow.
 */
#include "http/http.h"
#include "http/trust.h"
#include "lazy/curl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 16384 }; /* what waits in the system, so that the end of a request is its end */

struct espota_http_client {
    struct espota_loop *loop;
    struct espota_timer timer;
    CURLM *multi;
};

/* One of curl's sockets. */
struct socket_watch {
    struct espota_watch watch;
    struct espota_http_client *client;
};

struct espota_http_session {
    struct espota_http_client *client;
    struct espota_http_session_config config;
    struct espota_http_session_request request;
    CURL *easy;
    curl_mime *form;
    struct curl_slist *headers;
    struct curl_slist *resolve;
    bool under_way;
    int fd;       /* of the connection while one is under way; -1: none yet */
    size_t read;  /* bytes of the file that curl has taken, */
    size_t sent;  /* that have left curl, */
    size_t acked; /* and that the server's TCP has acknowledged */
    char error[CURL_ERROR_SIZE];
    char body[ESPOTA_HTTP_BODY_MAX];
    struct espota_http_session_result result;
};

/* What finished is told after curl has returned, so that `over` may start the next request. */
static void take_finished(struct espota_http_client *client);

static void act(struct espota_http_client *client, curl_socket_t fd, int events)
{
    int running;

    (void)curl_multi_socket_action(client->multi, fd, events, &running);
    take_finished(client);
}

static void socket_ready(void *context, unsigned events)
{
    struct socket_watch *at = context;
    int bits = ((events & ESPOTA_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & ESPOTA_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0) |
               ((events & ESPOTA_BROKEN) != 0 ? CURL_CSELECT_ERR : 0);

    act(at->client, (curl_socket_t)at->watch.fd, bits); /* `at` may be gone behind this */
}

static void timer_expired(void *context)
{
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *own)
{
    struct espota_http_client *client = context;
    struct socket_watch *at = own;
    unsigned events = (what & CURL_POLL_IN) != 0 ? ESPOTA_READABLE : 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        if (at != NULL)
            espota_loop_unwatch(client->loop, &at->watch);
        free(at);
        return 0;
    }
    events |= (what & CURL_POLL_OUT) != 0 ? ESPOTA_WRITABLE : 0;
    if (at != NULL) {
        espota_loop_rewatch(client->loop, &at->watch, events);
        return 0;
    }
    at = calloc(1, sizeof(*at));
    if (at == NULL)
        return -1;
    at->client = client;
    at->watch = (struct espota_watch){
        .fd = (int)fd, .events = events, .ready = socket_ready, .context = at};
    if (espota_loop_watch(client->loop, &at->watch, NULL) != ESPOTA_OK) {
        free(at);
        return -1;
    }
    return curl_multi_assign(client->multi, fd, at) == CURLM_OK ? 0 : -1;
}

static int on_timer(CURLM *multi, long ms, void *context)
{
    struct espota_http_client *client = context;
    uint64_t now = espota_loop_now(client->loop);

    (void)multi;
    if (ms < 0)
        espota_loop_disarm(client->loop, &client->timer);
    else if (espota_loop_arm(client->loop, &client->timer, now + (uint64_t)ms) != ESPOTA_OK)
        return -1;
    return 0;
}

enum espota_status espota_http_client_create(struct espota_loop *loop,
                                             struct espota_http_client **out,
                                             struct espota_error *err)
{
    enum espota_status status = espota_lazy_curl(err);
    struct espota_http_client *client = NULL;

    *out = NULL;
    if (status != ESPOTA_OK)
        return status;
    client = calloc(1, sizeof(*client));
    if (client != NULL && curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK)
        client->multi = curl_multi_init();
    if (client == NULL || client->multi == NULL) {
        free(client);
        return espota_error_set(err, ESPOTA_E_MEMORY, "the HTTP client cannot start");
    }
    client->loop = loop;
    client->timer = (struct espota_timer){.expired = timer_expired, .context = client};
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(client->multi, CURLMOPT_SOCKETDATA, client);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(client->multi, CURLMOPT_TIMERDATA, client);
    *out = client;
    return ESPOTA_OK;
}

void espota_http_client_destroy(struct espota_http_client *client)
{
    if (client == NULL)
        return;
    curl_multi_cleanup(client->multi); /* its sockets come back through on_socket */
    espota_loop_disarm(client->loop, &client->timer);
    curl_global_cleanup();
    free(client);
}

static size_t give_bytes(char *out, size_t size, size_t count, void *context)
{
    struct espota_http_session *session = context;
    size_t left = session->request.length - session->read; /* read never goes beyond length */
    size_t length = size * count < left ? size * count : left;

    memcpy(out, (const char *)session->request.bytes + session->read, length);
    session->read += length;
    return length;
}

static int rewind_bytes(void *context, curl_off_t offset, int origin)
{
    struct espota_http_session *session = context;

    if (origin != SEEK_SET || offset < 0 || (curl_off_t)session->request.length < offset)
        return CURL_SEEKFUNC_FAIL;
    session->read = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct espota_http_session *session = context;
    size_t room = sizeof(session->body) - 1 - session->result.body_length;
    size_t length = size * count < room ? size * count : room;

    memcpy(session->body + session->result.body_length, data, length);
    session->result.body_length += length;
    session->body[session->result.body_length] = '\0';
    return size * count;
}

/*
 * Curl's own word for its socket (CURLINFO_ACTIVESOCKET) comes only after a transfer. A connection
 * is to one address, so that the newest socket is the one in use.
 */
static int on_new_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
    struct espota_http_session *session = context;

    (void)purpose;
    session->fd = (int)fd;
    espota_socket_limit_unsent(session->fd, PIECE);
    return CURL_SOCKOPT_OK;
}

static void note_progress(struct espota_http_session *session);

/* Curl closes what broke before it tells of it, so the last look is here. */
static int on_close_socket(void *context, curl_socket_t fd)
{
    struct espota_http_session *session = context;
    int closing = (int)fd;

    if (closing == session->fd) {
        note_progress(session);
        session->fd = -1;
    }
    espota_socket_close(&closing);
    return 0;
}

/* What holds for every request. */
static void set_common(struct espota_http_session *session)
{
    const struct espota_http_session_config *config = &session->config;
    CURL *easy = session->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, session);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, session->error);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* a device is no affair of a proxy */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "espota-c");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, session);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_ms);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, session);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close_socket);
    curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, session);
    /* devices close after each answer, and one that restarts must not meet an old connection */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    if (config->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
    else
        espota_curl_trust_system(easy);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, config->insecure ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, config->insecure ? 0L : 2L);
    if (config->limit_rate > 0)
        curl_easy_setopt(easy, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)config->limit_rate);
}

/* "host:port:address": curl then asks nobody where the host is. */
static bool set_address(struct espota_http_session *session)
{
    const struct espota_url *url = session->config.url;
    char address[ESPOTA_ADDRESS_TEXT];
    char line[ESPOTA_ADDRESS_TEXT + 288];
    struct espota_address bare;

    if (session->config.address.family == 0 || espota_address_parse(url->host, &bare))
        return true;
    espota_address_format(&session->config.address, false, address);
    snprintf(line, sizeof(line), "%s:%u:%s%s%s", url->host, (unsigned)url->port,
             session->config.address.family == 6 ? "[" : "", address,
             session->config.address.family == 6 ? "]" : "");
    session->resolve = curl_slist_append(NULL, line);
    curl_easy_setopt(session->easy, CURLOPT_RESOLVE, session->resolve);
    return session->resolve != NULL;
}

enum espota_status espota_http_session_create(struct espota_http_client *client,
                                              const struct espota_http_session_config *config,
                                              struct espota_http_session **out,
                                              struct espota_error *err)
{
    struct espota_http_session *session = calloc(1, sizeof(*session));

    *out = NULL;
    if (session != NULL)
        session->easy = curl_easy_init();
    if (session == NULL || session->easy == NULL) {
        free(session);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a request");
    }
    session->client = client;
    session->config = *config;
    session->fd = -1;
    set_common(session);
    if (!set_address(session)) {
        espota_http_session_destroy(session);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a request");
    }
    *out = session;
    return ESPOTA_OK;
}

static void end_request(struct espota_http_session *session)
{
    if (session->under_way)
        (void)curl_multi_remove_handle(session->client->multi, session->easy);
    session->under_way = false;
    session->fd = -1;
    curl_mime_free(session->form);
    session->form = NULL;
    curl_slist_free_all(session->headers);
    session->headers = NULL;
}

void espota_http_session_destroy(struct espota_http_session *session)
{
    if (session == NULL)
        return;
    end_request(session);
    curl_easy_cleanup(session->easy);
    curl_slist_free_all(session->resolve);
    free(session);
}

static bool add_header(struct espota_http_session *session, const char *line)
{
    struct curl_slist *longer = curl_slist_append(session->headers, line);

    if (longer != NULL)
        session->headers = longer;
    return longer != NULL;
}

static bool add_extra(struct espota_http_session *session)
{
    curl_mimepart *part = curl_mime_addpart(session->form);

    return part != NULL && curl_mime_name(part, session->request.extra) == CURLE_OK &&
           curl_mime_data(part, "1", CURL_ZERO_TERMINATED) == CURLE_OK;
}

static bool set_form(struct espota_http_session *session)
{
    const struct espota_http_session_request *request = &session->request;
    curl_mimepart *part;

    session->form = curl_mime_init(session->easy);
    if (session->form == NULL || (request->extra != NULL && !add_extra(session)))
        return false;
    part = curl_mime_addpart(session->form);
    return part != NULL && curl_mime_name(part, request->field) == CURLE_OK &&
           curl_mime_filename(part, "image.bin") == CURLE_OK &&
           curl_mime_type(part, "application/octet-stream") == CURLE_OK &&
           curl_mime_data_cb(part, (curl_off_t)request->length, give_bytes, rewind_bytes, NULL,
                             session) == CURLE_OK &&
           curl_easy_setopt(session->easy, CURLOPT_MIMEPOST, session->form) == CURLE_OK;
}

static bool set_raw(struct espota_http_session *session)
{
    CURL *easy = session->easy;
    const char *type = session->request.type;
    char line[80];

    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)session->request.length);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_bytes);
    curl_easy_setopt(easy, CURLOPT_READDATA, session);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_bytes);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, session);
    snprintf(line, sizeof(line), "Content-Type: %s",
             type != NULL ? type : "application/octet-stream");
    return add_header(session, line);
}

static void set_auth(struct espota_http_session *session)
{
    const struct espota_http_session_request *request = &session->request;
    bool open = request->auth == ESPOTA_HTTP_AUTH_OPEN;

    curl_easy_setopt(
        session->easy, CURLOPT_HTTPAUTH,
        (long)(request->auth == ESPOTA_HTTP_AUTH_DIGEST ? CURLAUTH_DIGEST : CURLAUTH_BASIC));
    curl_easy_setopt(session->easy, CURLOPT_USERNAME, open ? NULL : request->user);
    curl_easy_setopt(session->easy, CURLOPT_PASSWORD, open ? NULL : request->password);
}

/* Curl copies both. */
static bool set_page(struct espota_http_session *session)
{
    const struct espota_http_session_request *request = &session->request;
    char url[ESPOTA_URL_MAX];

    if (request->page != NULL && !espota_url_at(session->config.url, request->page, url))
        return false;
    return curl_easy_setopt(session->easy, CURLOPT_URL,
                            request->page != NULL ? url : session->config.url->clean) == CURLE_OK &&
           curl_easy_setopt(session->easy, CURLOPT_REFERER, request->referer) == CURLE_OK;
}

static bool set_request(struct espota_http_session *session)
{
    char origin[sizeof(session->config.url->authority) + 32];
    bool good;

    set_auth(session);
    if (!set_page(session))
        return false;
    if (session->request.body == ESPOTA_HTTP_BODY_NONE) {
        curl_easy_setopt(session->easy, CURLOPT_HTTPGET, 1L);
        return true;
    }
    good = session->request.body == ESPOTA_HTTP_BODY_FORM ? set_form(session) : set_raw(session);
    /* the ESP32's page takes an upload only from itself; a 100-continue costs a second */
    snprintf(origin, sizeof(origin), "Origin: http://%s", session->config.url->authority);
    good = good && add_header(session, "Expect:") && add_header(session, origin);
    return good &&
           curl_easy_setopt(session->easy, CURLOPT_HTTPHEADER, session->headers) == CURLE_OK;
}

enum espota_status espota_http_session_start(struct espota_http_session *session,
                                             const struct espota_http_session_request *request,
                                             struct espota_error *err)
{
    end_request(session);
    session->request = *request;
    session->read = session->sent = session->acked = 0;
    session->error[0] = session->body[0] = '\0';
    session->result = (struct espota_http_session_result){.body = session->body};
    curl_easy_setopt(session->easy, CURLOPT_HTTPHEADER, NULL);
    if (!set_request(session))
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a request");
    if (curl_multi_add_handle(session->client->multi, session->easy) != CURLM_OK)
        return espota_error_set(err, ESPOTA_E_MEMORY, "the HTTP client cannot start a request");
    session->under_way = true;
    return ESPOTA_OK;
}

/*
 * What curl has handed over, the system may not have sent yet: only what has left this machine can
 * have arrived. What surrounds the file in a form is not counted: as if all of it stood in front.
 */
static void note_sent(struct espota_http_session *session, uint32_t unsent)
{
    size_t length = session->request.length;
    curl_off_t body = 0;
    curl_off_t all = 0;
    size_t around, left;

    (void)curl_easy_getinfo(session->easy, CURLINFO_SIZE_UPLOAD_T, &body);
    (void)curl_easy_getinfo(session->easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T, &all);
    around = (all > (curl_off_t)length ? (size_t)all - length : 0) + unsent; /* all > length */
    left = body > (curl_off_t)around ? (size_t)body - around : 0;            /* body > around */
    if (left > session->read)
        left = session->read;
    if (left > session->sent)
        session->sent = left;
}

/* Where the system cannot tell what is on its way, what was handed over counts. */
static void note_progress(struct espota_http_session *session)
{
    uint32_t unsent, unacked;

    if (session->fd < 0)
        return;
    if (!espota_socket_unsent(session->fd, &unsent))
        unsent = 0;
    if (!espota_socket_unacked(session->fd, &unacked) || unacked < unsent)
        unacked = unsent;
    note_sent(session, unsent);
    unacked -= unsent; /* unsent <= unacked: see above */
    if (unacked <= session->sent && session->sent - unacked > session->acked)
        session->acked = session->sent - unacked; /* unacked <= sent */
}

static enum espota_status status_of(CURLcode code)
{
    switch (code) {
    case CURLE_OK:
        return ESPOTA_OK;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_OPERATION_TIMEDOUT:
        return ESPOTA_E_NO_ANSWER;
    case CURLE_OUT_OF_MEMORY:
        return ESPOTA_E_MEMORY;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CONNECT_ERROR:
        return ESPOTA_E_LOCAL;
    default:
        return ESPOTA_E_BROKEN;
    }
}

static void note_result(struct espota_http_session *session, CURLcode code)
{
    struct espota_http_session_result *result = &session->result;
    long http = 0;
    long offered = 0;

    curl_easy_getinfo(session->easy, CURLINFO_RESPONSE_CODE, &http);
    curl_easy_getinfo(session->easy, CURLINFO_HTTPAUTH_AVAIL, &offered);
    if (http > 0)
        note_sent(session, 0);
    if (http > 0 && session->sent == session->request.length) /* an answer to the whole of it */
        session->acked = session->sent;
    result->status = status_of(code);
    result->http = http > 0 ? (unsigned)http : 0;
    result->offered = ((unsigned long)offered & CURLAUTH_DIGEST) != 0 ? ESPOTA_HTTP_AUTH_DIGEST
                      : offered != 0                                  ? ESPOTA_HTTP_AUTH_BASIC
                                                                      : ESPOTA_HTTP_AUTH_OPEN;
    snprintf(result->message, sizeof(result->message), "%s",
             session->error[0] != '\0' ? session->error : curl_easy_strerror(code));
}

static void take_finished(struct espota_http_client *client)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(client->multi, &left)) != NULL) {
        struct espota_http_session *session = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &session);
        note_result(session, message->data.result);
        end_request(session);
        session->config.over(session->config.context);
    }
}

const struct espota_http_session_result *
espota_http_session_result(const struct espota_http_session *session)
{
    return &session->result;
}

void espota_http_session_progress(struct espota_http_session *session, size_t *sent, size_t *acked)
{
    if (session->under_way)
        note_progress(session);
    *sent = session->sent;
    *acked = session->acked;
}
