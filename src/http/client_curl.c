/* SPDX-License-Identifier: MIT */
/* libcurl's multi interface, driven by our loop: its sockets are watches, its timeout a timer. */
#include "http/http.h"
#include "lazy/curl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 16384 }; /* what waits in the system, so that the end of a request is its end */

struct espota_fetcher {
    struct espota_loop *loop;
    struct espota_timer timer;
    CURLM *multi;
};

/* One of curl's sockets. */
struct socket_watch {
    struct espota_watch watch;
    struct espota_fetcher *fetcher;
};

struct espota_fetch {
    struct espota_fetcher *fetcher;
    struct espota_fetch_config config;
    struct espota_fetch_request request;
    CURL *easy;
    curl_mime *form;
    struct curl_slist *headers;
    struct curl_slist *resolve;
    bool under_way;
    curl_socket_t fd; /* of the connection while one is under way; BAD: none yet */
    size_t read;      /* bytes of the file that curl has taken, */
    size_t sent;      /* that have left curl, */
    size_t acked;     /* and that the server's TCP has acknowledged */
    char error[CURL_ERROR_SIZE];
    char body[ESPOTA_FETCH_BODY_MAX];
    struct espota_fetch_result result;
};

/* What finished is told after curl has returned, so that `over` may start the next request. */
static void take_finished(struct espota_fetcher *fetcher);

static void act(struct espota_fetcher *fetcher, curl_socket_t fd, int events)
{
    int running;

    (void)curl_multi_socket_action(fetcher->multi, fd, events, &running);
    take_finished(fetcher);
}

static void socket_ready(void *context, unsigned events)
{
    struct socket_watch *at = context;
    int bits = ((events & ESPOTA_READABLE) != 0 ? CURL_CSELECT_IN : 0) |
               ((events & ESPOTA_WRITABLE) != 0 ? CURL_CSELECT_OUT : 0) |
               ((events & ESPOTA_BROKEN) != 0 ? CURL_CSELECT_ERR : 0);

    act(at->fetcher, at->watch.fd, bits); /* `at` may be gone behind this */
}

static void timer_expired(void *context)
{
    act(context, CURL_SOCKET_TIMEOUT, 0);
}

static void forget_socket(struct socket_watch *at)
{
    if (at == NULL)
        return;
    espota_loop_unwatch(at->fetcher->loop, &at->watch);
    free(at);
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *own)
{
    struct espota_fetcher *fetcher = context;
    struct socket_watch *at = own;
    unsigned events = (what & CURL_POLL_IN) != 0 ? ESPOTA_READABLE : 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        forget_socket(at);
        return 0;
    }
    events |= (what & CURL_POLL_OUT) != 0 ? ESPOTA_WRITABLE : 0;
    if (at != NULL) {
        espota_loop_rewatch(fetcher->loop, &at->watch, events);
        return 0;
    }
    at = calloc(1, sizeof(*at));
    if (at == NULL)
        return -1;
    at->fetcher = fetcher;
    at->watch =
        (struct espota_watch){.fd = fd, .events = events, .ready = socket_ready, .context = at};
    if (espota_loop_watch(fetcher->loop, &at->watch, NULL) != ESPOTA_OK) {
        free(at);
        return -1;
    }
    return curl_multi_assign(fetcher->multi, fd, at) == CURLM_OK ? 0 : -1;
}

static int on_timer(CURLM *multi, long ms, void *context)
{
    struct espota_fetcher *fetcher = context;
    uint64_t now = espota_loop_now(fetcher->loop);

    (void)multi;
    if (ms < 0)
        espota_loop_disarm(fetcher->loop, &fetcher->timer);
    else if (espota_loop_arm(fetcher->loop, &fetcher->timer, now + (uint64_t)ms) != ESPOTA_OK)
        return -1;
    return 0;
}

enum espota_status espota_fetcher_create(struct espota_loop *loop, struct espota_fetcher **out,
                                         struct espota_error *err)
{
    enum espota_status status = espota_lazy_curl(err);
    struct espota_fetcher *fetcher = NULL;

    *out = NULL;
    if (status != ESPOTA_OK)
        return status;
    fetcher = calloc(1, sizeof(*fetcher));
    if (fetcher == NULL || curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        free(fetcher);
        return espota_error_set(err, ESPOTA_E_MEMORY, "the HTTP client cannot start");
    }
    fetcher->loop = loop;
    fetcher->timer = (struct espota_timer){.expired = timer_expired, .context = fetcher};
    fetcher->multi = curl_multi_init();
    if (fetcher->multi == NULL) {
        free(fetcher);
        return espota_error_set(err, ESPOTA_E_MEMORY, "the HTTP client cannot start");
    }
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(fetcher->multi, CURLMOPT_SOCKETDATA, fetcher);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(fetcher->multi, CURLMOPT_TIMERDATA, fetcher);
    *out = fetcher;
    return ESPOTA_OK;
}

void espota_fetcher_destroy(struct espota_fetcher *fetcher)
{
    if (fetcher == NULL)
        return;
    curl_multi_cleanup(fetcher->multi); /* its sockets come back through on_socket */
    espota_loop_disarm(fetcher->loop, &fetcher->timer);
    curl_global_cleanup();
    free(fetcher);
}

static size_t give_bytes(char *out, size_t size, size_t count, void *context)
{
    struct espota_fetch *fetch = context;
    size_t left = fetch->request.length - fetch->read; /* read never goes beyond length */
    size_t length = size * count < left ? size * count : left;

    memcpy(out, (const char *)fetch->request.bytes + fetch->read, length);
    fetch->read += length;
    return length;
}

static int rewind_bytes(void *context, curl_off_t offset, int origin)
{
    struct espota_fetch *fetch = context;

    if (origin != SEEK_SET || offset < 0 || (curl_off_t)fetch->request.length < offset)
        return CURL_SEEKFUNC_FAIL;
    fetch->read = (size_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t take_body(char *data, size_t size, size_t count, void *context)
{
    struct espota_fetch *fetch = context;
    size_t room = sizeof(fetch->body) - 1 - fetch->result.body_length;
    size_t length = size * count < room ? size * count : room;

    memcpy(fetch->body + fetch->result.body_length, data, length);
    fetch->result.body_length += length;
    fetch->body[fetch->result.body_length] = '\0';
    return size * count;
}

/*
 * Curl's own word for its socket (CURLINFO_ACTIVESOCKET) comes only after a transfer. A connection
 * is to one address, so that the newest socket is the one in use.
 */
static int on_new_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
    struct espota_fetch *fetch = context;

    (void)purpose;
    fetch->fd = fd;
    espota_socket_limit_unsent(fd, PIECE);
    return CURL_SOCKOPT_OK;
}

/* What holds for every request. */
static void set_common(struct espota_fetch *fetch)
{
    const struct espota_fetch_config *config = &fetch->config;
    CURL *easy = fetch->easy;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, fetch);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, fetch->error);
    curl_easy_setopt(easy, CURLOPT_URL, config->url->clean);
    curl_easy_setopt(easy, CURLOPT_PROXY, ""); /* a device is no affair of a proxy */
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "espota-c");
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)config->connect_ms);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)PIECE);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
    curl_easy_setopt(easy, CURLOPT_SOCKOPTDATA, fetch);
    /* devices close after each answer, and one that restarts must not meet an old connection */
    curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
    curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
    if (config->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, config->ca_file);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, config->insecure ? 0L : 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, config->insecure ? 0L : 2L);
    if (config->limit_rate > 0)
        curl_easy_setopt(easy, CURLOPT_MAX_SEND_SPEED_LARGE, (curl_off_t)config->limit_rate);
}

/* "host:port:address": curl then asks nobody where the host is. */
static bool set_address(struct espota_fetch *fetch)
{
    const struct espota_url *url = fetch->config.url;
    char address[ESPOTA_ADDRESS_TEXT];
    char line[ESPOTA_ADDRESS_TEXT + 288];
    struct espota_address bare;

    if (fetch->config.address.family == 0 || espota_address_parse(url->host, &bare))
        return true;
    espota_address_format(&fetch->config.address, false, address);
    snprintf(line, sizeof(line), "%s:%u:%s%s%s", url->host, (unsigned)url->port,
             fetch->config.address.family == 6 ? "[" : "", address,
             fetch->config.address.family == 6 ? "]" : "");
    fetch->resolve = curl_slist_append(NULL, line);
    curl_easy_setopt(fetch->easy, CURLOPT_RESOLVE, fetch->resolve);
    return fetch->resolve != NULL;
}

enum espota_status espota_fetch_create(struct espota_fetcher *fetcher,
                                       const struct espota_fetch_config *config,
                                       struct espota_fetch **out, struct espota_error *err)
{
    struct espota_fetch *fetch = calloc(1, sizeof(*fetch));

    *out = NULL;
    if (fetch != NULL)
        fetch->easy = curl_easy_init();
    if (fetch == NULL || fetch->easy == NULL) {
        free(fetch);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a request");
    }
    fetch->fetcher = fetcher;
    fetch->config = *config;
    fetch->fd = CURL_SOCKET_BAD;
    set_common(fetch);
    if (!set_address(fetch)) {
        espota_fetch_destroy(fetch);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a request");
    }
    *out = fetch;
    return ESPOTA_OK;
}

static void end_request(struct espota_fetch *fetch)
{
    if (fetch->under_way)
        (void)curl_multi_remove_handle(fetch->fetcher->multi, fetch->easy);
    fetch->under_way = false;
    fetch->fd = CURL_SOCKET_BAD;
    curl_mime_free(fetch->form);
    fetch->form = NULL;
    curl_slist_free_all(fetch->headers);
    fetch->headers = NULL;
}

void espota_fetch_destroy(struct espota_fetch *fetch)
{
    if (fetch == NULL)
        return;
    end_request(fetch);
    curl_easy_cleanup(fetch->easy);
    curl_slist_free_all(fetch->resolve);
    free(fetch);
}

static bool add_header(struct espota_fetch *fetch, const char *line)
{
    struct curl_slist *longer = curl_slist_append(fetch->headers, line);

    if (longer != NULL)
        fetch->headers = longer;
    return longer != NULL;
}

static bool set_form(struct espota_fetch *fetch)
{
    const struct espota_fetch_request *request = &fetch->request;
    curl_mimepart *part;

    fetch->form = curl_mime_init(fetch->easy);
    part = fetch->form != NULL ? curl_mime_addpart(fetch->form) : NULL;
    return part != NULL && curl_mime_name(part, request->field) == CURLE_OK &&
           curl_mime_filename(part, "image.bin") == CURLE_OK &&
           curl_mime_type(part, "application/octet-stream") == CURLE_OK &&
           curl_mime_data_cb(part, (curl_off_t)request->length, give_bytes, rewind_bytes, NULL,
                             fetch) == CURLE_OK &&
           curl_easy_setopt(fetch->easy, CURLOPT_MIMEPOST, fetch->form) == CURLE_OK;
}

static bool set_raw(struct espota_fetch *fetch)
{
    CURL *easy = fetch->easy;

    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, NULL);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)fetch->request.length);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give_bytes);
    curl_easy_setopt(easy, CURLOPT_READDATA, fetch);
    curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, rewind_bytes);
    curl_easy_setopt(easy, CURLOPT_SEEKDATA, fetch);
    return add_header(fetch, "Content-Type: application/octet-stream");
}

static void set_auth(struct espota_fetch *fetch)
{
    const struct espota_fetch_request *request = &fetch->request;
    bool open = request->auth == ESPOTA_FETCH_OPEN;

    curl_easy_setopt(
        fetch->easy, CURLOPT_HTTPAUTH,
        (long)(request->auth == ESPOTA_FETCH_DIGEST ? CURLAUTH_DIGEST : CURLAUTH_BASIC));
    curl_easy_setopt(fetch->easy, CURLOPT_USERNAME, open ? NULL : request->user);
    curl_easy_setopt(fetch->easy, CURLOPT_PASSWORD, open ? NULL : request->password);
}

static bool set_request(struct espota_fetch *fetch)
{
    char origin[sizeof(fetch->config.url->authority) + 32];
    bool good;

    set_auth(fetch);
    if (fetch->request.body == ESPOTA_FETCH_NOTHING) {
        curl_easy_setopt(fetch->easy, CURLOPT_HTTPGET, 1L);
        return true;
    }
    good = fetch->request.body == ESPOTA_FETCH_FORM ? set_form(fetch) : set_raw(fetch);
    /* the ESP32's page takes an upload only from itself; a 100-continue costs a second */
    snprintf(origin, sizeof(origin), "Origin: http://%s", fetch->config.url->authority);
    good = good && add_header(fetch, "Expect:") && add_header(fetch, origin);
    return good && curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, fetch->headers) == CURLE_OK;
}

enum espota_status espota_fetch_start(struct espota_fetch *fetch,
                                      const struct espota_fetch_request *request,
                                      struct espota_error *err)
{
    end_request(fetch);
    fetch->request = *request;
    fetch->read = fetch->sent = fetch->acked = 0;
    fetch->error[0] = fetch->body[0] = '\0';
    fetch->result = (struct espota_fetch_result){.body = fetch->body};
    curl_easy_setopt(fetch->easy, CURLOPT_HTTPHEADER, NULL);
    if (!set_request(fetch))
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a request");
    if (curl_multi_add_handle(fetch->fetcher->multi, fetch->easy) != CURLM_OK)
        return espota_error_set(err, ESPOTA_E_MEMORY, "the HTTP client cannot start a request");
    fetch->under_way = true;
    return ESPOTA_OK;
}

/* What surrounds the file in a form is not counted: as if all of it stood in front. */
static void note_sent(struct espota_fetch *fetch)
{
    size_t length = fetch->request.length;
    curl_off_t body = 0;
    curl_off_t all = 0;
    size_t around;

    (void)curl_easy_getinfo(fetch->easy, CURLINFO_SIZE_UPLOAD_T, &body);
    (void)curl_easy_getinfo(fetch->easy, CURLINFO_CONTENT_LENGTH_UPLOAD_T, &all);
    around = all > (curl_off_t)length ? (size_t)all - length : 0; /* all > length */
    if (body > (curl_off_t)around)
        fetch->sent = (size_t)body - around; /* body > around */
    if (fetch->sent > fetch->read)
        fetch->sent = fetch->read;
}

/* Where the system cannot tell what is on its way, what was sent counts. */
static void note_acked(struct espota_fetch *fetch)
{
    uint32_t unacked = 0;

    if (fetch->fd == CURL_SOCKET_BAD || !espota_socket_unacked(fetch->fd, &unacked))
        unacked = 0;
    if (unacked <= fetch->sent && fetch->sent - unacked > fetch->acked)
        fetch->acked = fetch->sent - unacked; /* unacked <= sent */
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

static void note_result(struct espota_fetch *fetch, CURLcode code)
{
    struct espota_fetch_result *result = &fetch->result;
    long http = 0;
    long offered = 0;

    curl_easy_getinfo(fetch->easy, CURLINFO_RESPONSE_CODE, &http);
    curl_easy_getinfo(fetch->easy, CURLINFO_HTTPAUTH_AVAIL, &offered);
    note_sent(fetch);
    if (http > 0 && fetch->sent == fetch->request.length) /* an answer to the whole of it */
        fetch->acked = fetch->sent;
    result->status = status_of(code);
    result->http = http > 0 ? (unsigned)http : 0;
    result->offered =
        ((unsigned long)offered & CURLAUTH_DIGEST) != 0 ? ESPOTA_FETCH_DIGEST : ESPOTA_FETCH_BASIC;
    snprintf(result->message, sizeof(result->message), "%s",
             fetch->error[0] != '\0' ? fetch->error : curl_easy_strerror(code));
}

static void take_finished(struct espota_fetcher *fetcher)
{
    const CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(fetcher->multi, &left)) != NULL) {
        struct espota_fetch *fetch = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        (void)curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &fetch);
        note_result(fetch, message->data.result);
        end_request(fetch);
        fetch->config.over(fetch->config.context);
    }
}

const struct espota_fetch_result *espota_fetch_result(const struct espota_fetch *fetch)
{
    return &fetch->result;
}

void espota_fetch_progress(struct espota_fetch *fetch, size_t *sent, size_t *acked)
{
    if (fetch->under_way) {
        note_sent(fetch);
        note_acked(fetch);
    }
    *sent = fetch->sent;
    *acked = fetch->acked;
}
