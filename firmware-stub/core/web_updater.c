/* SPDX-License-Identifier: MIT */
/*
 * The image goes into flash while the form is still coming: there is no room for it anywhere else,
 * and a browser sends all of it before it looks for an answer.
 */
#include "core/web_updater.h"

#include <string.h>

#include "wire/wire.h"

#define NEVER UINT64_MAX

enum { BEFORE_RESTART_MS = 100, PROGRESS_STEP = ESPOTA_SECTOR_SIZE };

static const char lead[] = "Update error: "; /* of every page about a failure */

enum method { METHOD_OTHER, METHOD_GET, METHOD_HEAD, METHOD_POST, METHOD_OPTIONS, METHOD_COUNT };

static void enter(struct espota_web_updater *web, enum espota_web_phase phase, uint64_t deadline)
{
    web->phase = phase;
    web->deadline = deadline;
}

static uint64_t after_limit(const struct espota_web_updater *web, uint64_t now, uint32_t limit)
{
    return web->config->quirks ? NEVER : now + limit;
}

/* Without a connection. With quirks a request leaves something to the next. */
void espota_web_updater_again(struct espota_web_updater *web)
{
    espota_updater_abort(&web->updater);
    espota_wipe(&web->parse, sizeof(web->parse));
    web->restarts = web->installed = web->taking = false;
    web->answer_length = web->body_length = web->sent = 0;
    if (!web->config->quirks) {
        web->authenticated = false;
        web->words[0] = '\0';
    }
    enter(web, ESPOTA_WEB_IDLE, NEVER);
}

void espota_web_updater_init(struct espota_web_updater *web, const struct espota_web_config *config)
{
    memset(web, 0, sizeof(*web));
    web->config = config;
    espota_updater_init(&web->updater, config->update);
    espota_web_updater_again(web);
}

void espota_web_updater_deinit(struct espota_web_updater *web)
{
    espota_updater_abort(&web->updater);
    espota_wipe(web, sizeof(*web));
}

/* --- what the application is told --- */

static const char *tell(struct espota_web_updater *web, enum espota_receiver_event_kind kind,
                        enum espota_receiver_failure failure)
{
    struct espota_receiver_event event = {
        .kind = kind,
        .peer = &web->peer,
        .command = web->command,
        .done = espota_updater_received(&web->updater),
        .failure = failure,
    };

    if (web->config->event == NULL)
        return NULL;
    if (kind == ESPOTA_RECEIVER_END)
        event.size = event.done;
    if (kind == ESPOTA_RECEIVER_ERROR) {
        event.error = web->updater.error;
        event.text = web->words + sizeof(lead) - 1; /* words begin with it */
    }
    return web->config->event(web->config->context, &event);
}

/* --- the answer --- */

static void set_words(struct espota_web_updater *web, const char *words)
{
    struct espota_writer writer;

    espota_writer_init(&writer, web->words, sizeof(web->words) - 1);
    espota_write_text(&writer, lead);
    espota_write_text(&writer, words);
    web->words[writer.used] = '\0';
}

static void answer(struct espota_web_updater *web, enum espota_web_page page, uint64_t now)
{
    web->answer_length = espota_web_page(page, web->words, web->answer, sizeof(web->answer),
                                         &web->body, &web->body_length);
    if (web->method == METHOD_HEAD)
        web->body_length = 0;
    web->sent = 0;
    web->taking = false;
    espota_updater_abort(&web->updater);
    enter(web, ESPOTA_WEB_ANSWER, after_limit(web, now, ESPOTA_WEB_IDLE_MS));
}

/* --- an upload --- */

static void fail(struct espota_web_updater *web, enum espota_receiver_failure failure,
                 const char *words)
{
    char message[ESPOTA_UPDATE_MESSAGE_MAX];

    if (words == NULL) {
        espota_updater_message(&web->updater, message);
        words = message;
    }
    set_words(web, words);
    web->taking = false;
    tell(web, ESPOTA_RECEIVER_ERROR, failure);
    espota_updater_abort(&web->updater);
}

/*
 * As large as it may be: the form does not say how large it is. So it goes to one sector above the
 * running program, wherever the file system begins. Below 0 is more than any flash has room for.
 */
static uint32_t room_for(const struct espota_updater_config *config, uint32_t command)
{
    uint32_t space = espota_updater_space(config, command);

    return command == ESPOTA_COMMAND_FILESYSTEM
               ? space
               : (space - ESPOTA_SECTOR_SIZE) & ~(ESPOTA_SECTOR_SIZE - 1u);
}

/* A browser says whose page sends a form; other programs say nothing. */
static bool origin_is_own(const struct espota_web_updater *web)
{
    const char *rest = espota_text_behind(web->origin, "http://");

    return rest != NULL && espota_http_same(rest, web->host);
}

static bool same_word(const char *a, const char *b)
{
    const char *rest = espota_text_behind(a, b);

    return rest != NULL && *rest == '\0';
}

static void begin_file(struct espota_web_updater *web)
{
    const struct espota_updater_config *update = web->config->update;
    const char *refusal;

    if (web->took_file)
        return; /* one image is enough */
    web->took_file = true;
    web->words[0] = '\0';
    web->authenticated = web->may;
    if (!web->may)
        return;
    web->told = 0;
    web->command = same_word(web->parse.form.name, "filesystem") ? ESPOTA_COMMAND_FILESYSTEM
                                                                 : ESPOTA_COMMAND_FLASH;
    if (web->config->credentials != NULL)
        tell(web, ESPOTA_RECEIVER_AUTH, ESPOTA_FAILURE_AUTH);
    if (!web->config->quirks && web->origin[0] != '\0' && !origin_is_own(web)) {
        fail(web, ESPOTA_FAILURE_BEGIN, "Wrong origin received!");
        return;
    }
    if (espota_updater_begin(&web->updater, room_for(update, web->command), web->command, NULL) !=
        ESPOTA_OK) {
        fail(web, ESPOTA_FAILURE_BEGIN, NULL);
        return;
    }
    refusal = tell(web, ESPOTA_RECEIVER_START, ESPOTA_FAILURE_BEGIN);
    if (refusal != NULL) {
        fail(web, ESPOTA_FAILURE_BEGIN, refusal);
        return;
    }
    web->taking = true;
    tell(web, ESPOTA_RECEIVER_PROGRESS, ESPOTA_FAILURE_RECEIVE);
}

static void take_bytes(struct espota_web_updater *web, const uint8_t *data, size_t length)
{
    uint32_t done;

    if (!web->taking)
        return;
    if (espota_updater_write(&web->updater, data, length) != ESPOTA_OK) {
        fail(web, ESPOTA_FAILURE_RECEIVE, NULL);
        return;
    }
    done = espota_updater_received(&web->updater);
    if (done - web->told < PROGRESS_STEP) /* told was received before */
        return;
    web->told = done;
    tell(web, ESPOTA_RECEIVER_PROGRESS, ESPOTA_FAILURE_RECEIVE);
}

static void end_file(struct espota_web_updater *web)
{
    if (!web->taking)
        return;
    web->taking = false;
    if (espota_updater_end(&web->updater, true) != ESPOTA_OK) {
        fail(web, ESPOTA_FAILURE_END, NULL);
        return;
    }
    web->installed = true;
}

static void take_form(struct espota_web_updater *web, const uint8_t *data, size_t length)
{
    enum espota_status status = ESPOTA_OK;

    if (!web->has_form || web->form_broken)
        return;
    while ((status = espota_multipart_next(&web->parse.form, &data, &length)) == ESPOTA_OK) {
        const struct espota_multipart *form = &web->parse.form;

        if (form->item == ESPOTA_PART_BEGIN && form->file)
            begin_file(web);
        else if (form->item == ESPOTA_PART_DATA && form->file)
            take_bytes(web, form->data, form->length);
        else if (form->item == ESPOTA_PART_END && form->file)
            end_file(web);
    }
    web->form_broken = status == ESPOTA_BAD;
}

/* --- the verdict, after the whole body --- */

/* The original asks flags that the last upload left behind, its own or another's. */
static enum espota_web_page quirky_verdict(const struct espota_web_updater *web)
{
    if (!web->authenticated)
        return ESPOTA_PAGE_UNAUTHORIZED;
    return web->words[0] != '\0' ? ESPOTA_PAGE_FAILURE : ESPOTA_PAGE_SUCCESS;
}

static enum espota_web_page verdict(struct espota_web_updater *web)
{
    if (web->config->quirks && !web->taking)
        return quirky_verdict(web);
    if (!web->may)
        return ESPOTA_PAGE_UNAUTHORIZED;
    if (web->taking) { /* the body ended within the file */
        espota_updater_fail(&web->updater, ESPOTA_UPDATE_STREAM);
        fail(web, ESPOTA_FAILURE_RECEIVE, NULL);
    } else if (!web->installed && web->words[0] == '\0') {
        espota_updater_fail(&web->updater, ESPOTA_UPDATE_NO_DATA);
        fail(web, ESPOTA_FAILURE_END, NULL);
    }
    return web->installed ? ESPOTA_PAGE_SUCCESS : ESPOTA_PAGE_FAILURE;
}

static void end_body(struct espota_web_updater *web, uint64_t now)
{
    enum espota_web_page page = verdict(web);

    web->restarts = page == ESPOTA_PAGE_SUCCESS;
    answer(web, page, now);
}

/* --- the head --- */

static void take_request_line(struct espota_web_updater *web, char *line)
{
    static const char *const methods[METHOD_COUNT] = {"", "GET", "HEAD", "POST", "OPTIONS"};
    struct espota_http_request_line request;
    const char *rest;

    if (espota_http_request_line(line, &request) != ESPOTA_OK) {
        web->broken_head = true;
        return;
    }
    for (unsigned i = METHOD_OTHER + 1; i < METHOD_COUNT; i++)
        if (same_word(request.method, methods[i]))
            web->method = i;
    rest = espota_text_behind(request.target, web->config->path);
    web->right_path = rest != NULL && (*rest == '\0' || *rest == '?');
}

/* Only "Basic", spelt so, and one space. */
static void take_credentials(struct espota_web_updater *web, const char *value)
{
    const char *expected = web->config->credentials;
    const char *given = espota_text_behind(value, "Basic ");
    size_t length;

    if (expected == NULL || given == NULL)
        return;
    length = espota_text_length(expected, SIZE_MAX);
    web->may = espota_text_length(given, length + 1) == length &&
               espota_equal_secret(given, expected, length);
}

static void take_length(struct espota_web_updater *web, const char *value)
{
    uint32_t length;

    if (espota_http_length(value, &length) != ESPOTA_OK ||
        (web->has_length && length != web->body_left)) {
        web->broken_head = true;
        return;
    }
    web->has_length = true;
    web->body_left = length;
}

/* What does not fit must not look like what does. */
static void copy_value(char out[ESPOTA_WEB_HOST_MAX], const char *value)
{
    if (!espota_text_copy(value, out, ESPOTA_WEB_HOST_MAX))
        memcpy(out, "?", 2);
}

static void take_header(struct espota_web_updater *web, const char *name, const char *value)
{
    if (espota_http_same(name, "Authorization"))
        take_credentials(web, value);
    else if (espota_http_same(name, "Content-Length"))
        take_length(web, value);
    else if (espota_http_same(name, "Transfer-Encoding"))
        web->broken_head = true; /* no device takes a body in chunks */
    else if (espota_http_same(name, "Host"))
        copy_value(web->host, value);
    else if (espota_http_same(name, "Origin"))
        copy_value(web->origin, value);
    else if (espota_http_same(name, "Content-Type"))
        web->has_form =
            espota_http_behind(value, "multipart/") != NULL &&
            espota_http_parameter(value, "boundary", web->boundary, sizeof(web->boundary));
}

static void begin_request(struct espota_web_updater *web)
{
    espota_http_reader_init(&web->parse.head, true);
    web->method = METHOD_OTHER;
    web->right_path = web->has_length = web->broken_head = web->has_form = false;
    web->ended = web->form_broken = web->took_file = web->taking = web->installed = false;
    web->may = web->config->credentials == NULL;
    web->body_left = 0;
    web->host[0] = web->origin[0] = '\0';
}

/* What can be answered without a body, which is everything but a POST. */
static enum espota_web_page page_for(const struct espota_web_updater *web)
{
    if (web->broken_head)
        return ESPOTA_PAGE_BAD_REQUEST;
    if (!web->right_path || web->method == METHOD_OTHER)
        return ESPOTA_PAGE_NOT_FOUND;
    if (web->method == METHOD_OPTIONS)
        return ESPOTA_PAGE_OPTIONS;
    return web->may ? ESPOTA_PAGE_FORM : ESPOTA_PAGE_UNAUTHORIZED;
}

static void end_head(struct espota_web_updater *web, uint64_t now)
{
    espota_http_reader_deinit(&web->parse.head);
    if (web->broken_head || !web->right_path || web->method != METHOD_POST) {
        answer(web, page_for(web), now);
        return;
    }
    if (!web->has_length) {
        answer(web, ESPOTA_PAGE_LENGTH_REQUIRED, now);
        return;
    }
    web->has_form =
        web->has_form && espota_multipart_init(&web->parse.form, web->boundary) == ESPOTA_OK;
    enter(web, ESPOTA_WEB_BODY, after_limit(web, now, ESPOTA_WEB_IDLE_MS));
    if (web->body_left == 0)
        end_body(web, now);
}

/* --- the connection --- */

unsigned espota_web_updater_want(const struct espota_web_updater *web)
{
    switch (web->phase) {
    case ESPOTA_WEB_IDLE:
        return ESPOTA_WANT_ACCEPT;
    case ESPOTA_WEB_HEAD:
    case ESPOTA_WEB_BODY:
    case ESPOTA_WEB_LINGER:
        return ESPOTA_WANT_STREAM_IN;
    case ESPOTA_WEB_ANSWER:
        return ESPOTA_WANT_STREAM_OUT | (web->ended ? 0 : ESPOTA_WANT_STREAM_IN);
    case ESPOTA_WEB_DONE:
        break;
    }
    return ESPOTA_WANT_DONE;
}

void espota_web_updater_connected(struct espota_web_updater *web, const struct espota_peer *peer,
                                  uint64_t now)
{
    if (web->phase != ESPOTA_WEB_IDLE)
        return;
    web->peer = *peer;
    begin_request(web);
    enter(web, ESPOTA_WEB_HEAD, now + ESPOTA_WEB_HEAD_MS);
}

/* Takes what belongs to the head; true if the rest belongs to a body. */
static bool rx_head(struct espota_web_updater *web, const uint8_t **data, size_t *length,
                    uint64_t now)
{
    struct espota_http_reader *head = &web->parse.head;
    enum espota_status status;

    while ((status = espota_http_next(head, data, length)) == ESPOTA_OK) {
        if (head->item == ESPOTA_HTTP_FIRST)
            take_request_line(web, head->line);
        else if (head->item == ESPOTA_HTTP_HEADER)
            take_header(web, head->name, head->value);
        else
            break;
    }
    if (status == ESPOTA_MORE)
        return false;
    web->broken_head |= status == ESPOTA_BAD;
    end_head(web, now);
    return web->phase == ESPOTA_WEB_BODY;
}

void espota_web_updater_rx(struct espota_web_updater *web, const uint8_t *data, size_t length,
                           uint64_t now)
{
    if (web->phase == ESPOTA_WEB_HEAD && !rx_head(web, &data, &length, now))
        return;
    if (web->phase != ESPOTA_WEB_BODY || length == 0)
        return; /* what follows an answer is dropped */
    if (length > web->body_left)
        length = web->body_left;
    web->body_left -= (uint32_t)length; /* length <= body_left was made so above */
    web->deadline = after_limit(web, now, ESPOTA_WEB_IDLE_MS);
    take_form(web, data, length);
    if (web->body_left == 0)
        end_body(web, now);
}

/* The connection is over, or as good as over. */
static void leave(struct espota_web_updater *web)
{
    if (web->restarts)
        enter(web, ESPOTA_WEB_DONE, NEVER);
    else
        espota_web_updater_again(web);
}

static void told_all(struct espota_web_updater *web)
{
    if (web->restarts)
        tell(web, ESPOTA_RECEIVER_END, ESPOTA_FAILURE_END);
}

void espota_web_updater_rx_end(struct espota_web_updater *web, uint64_t now)
{
    (void)now;
    if (web->phase == ESPOTA_WEB_BODY && web->taking) {
        espota_updater_fail(&web->updater, ESPOTA_UPDATE_OK);
        fail(web, ESPOTA_FAILURE_RECEIVE, "the client broke off");
        if (web->config->quirks)
            web->words[0] = '\0'; /* and the next request may find that all is well */
    }
    if (web->phase == ESPOTA_WEB_BODY && web->installed) {
        web->restarts = true; /* the file was whole: the loader must not find half of the next */
        told_all(web);
    }
    if (web->phase == ESPOTA_WEB_ANSWER)
        web->ended = true; /* it may still hear the answer */
    else
        leave(web);
}

const void *espota_web_updater_tx(const struct espota_web_updater *web, size_t *length)
{
    size_t at = web->sent;

    *length = 0;
    if (web->phase != ESPOTA_WEB_ANSWER)
        return NULL;
    if (at < web->answer_length) {
        *length = web->answer_length - at;
        return web->answer + at;
    }
    at -= web->answer_length;        /* not less, see above */
    *length = web->body_length - at; /* tx_ack keeps to the length it was told */
    return web->body + at;
}

void espota_web_updater_tx_ack(struct espota_web_updater *web, size_t length, uint64_t now)
{
    uint32_t pause = web->restarts ? BEFORE_RESTART_MS : ESPOTA_WEB_LINGER_MS;

    if (web->phase != ESPOTA_WEB_ANSWER)
        return;
    web->sent += length;
    web->deadline = after_limit(web, now, ESPOTA_WEB_IDLE_MS);
    if (web->sent < web->answer_length + web->body_length)
        return;
    told_all(web);
    if (web->ended) {
        leave(web);
        return;
    }
    enter(web, ESPOTA_WEB_LINGER, web->restarts && web->config->fast ? now : now + pause);
}

void espota_web_updater_tick(struct espota_web_updater *web, uint64_t now)
{
    if (web->deadline == NEVER || now < web->deadline)
        return;
    if (web->phase == ESPOTA_WEB_BODY)
        end_body(web, now);
    else
        leave(web);
}

bool espota_web_updater_deadline(const struct espota_web_updater *web, uint64_t *at)
{
    *at = web->deadline;
    return web->deadline != NEVER;
}
