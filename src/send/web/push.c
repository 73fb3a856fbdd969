/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one device's web updater: ask for the page first, so that a wrong password costs
 * no upload, then send the image and read the verdict in the page's own words.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "send/attempt.h"
#include "wire/wire.h"

enum {
    LOOK_MS = 200,      /* between looks at how far the image is */
    VERDICT_MS = 60000, /* what devices may take after the last byte */
};

bool espota_web_path_is_raw(const char *path)
{
    return strcmp(path, "/sketch") == 0 || strcmp(path, "/data") == 0;
}

/* The text of a page: tags taken out, white space folded. */
static size_t strip_tags(const char *body, size_t length, char *out, size_t room)
{
    size_t used = 0;
    bool tag = false;
    bool space = false;

    for (size_t i = 0; i < length && used + 2 < room; i++) {
        char c = body[i];

        if (c == '<' || c == '>') {
            tag = c == '<';
            space = true;
        } else if (!tag && isspace((unsigned char)c)) {
            space = true;
        } else if (!tag) {
            if (space && used > 0)
                out[used++] = ' ';
            space = false;
            out[used++] = c;
        }
    }
    return used;
}

static bool holds(const char *body, size_t length, const char *word)
{
    size_t size = strlen(word);

    for (size_t i = 0; i + size <= length; i++)
        if (memcmp(body + i, word, size) == 0)
            return true;
    return false;
}

static enum espota_status form_verdict(unsigned http, const char *body, size_t length)
{
    static const char *const failures[] = {"Update error", "Update Error", "Update Failed",
                                           "Update failed", "ERROR["};

    for (size_t i = 0; i < sizeof(failures) / sizeof(failures[0]); i++)
        if (holds(body, length, failures[i]))
            return ESPOTA_E_REFUSED;
    if (http == 200 && holds(body, length, "Update Success"))
        return ESPOTA_OK;
    return http >= 300 ? ESPOTA_E_REFUSED : ESPOTA_E_UNKNOWN;
}

enum espota_status espota_web_verdict(bool raw, unsigned http, const char *body, size_t length,
                                      char words[ESPOTA_WEB_WORDS])
{
    char text[2 * ESPOTA_WEB_WORDS];

    espota_text_printable(text, strip_tags(body, length, text, sizeof(text)), words,
                          ESPOTA_WEB_WORDS);
    if (http == 401 || http == 403)
        return ESPOTA_E_AUTH;
    if (raw)
        return http == 200 ? ESPOTA_OK : http >= 300 ? ESPOTA_E_REFUSED : ESPOTA_E_UNKNOWN;
    return form_verdict(http, body, length);
}

enum stage { STAGE_ASKING, STAGE_PASSWORD, STAGE_SENDING };

struct web_push {
    struct espota_attempt base;
    struct espota_http_session *session;
    enum stage stage;
    bool raw;
    enum espota_http_auth auth;
    bool told_connected;
    uint64_t deadline; /* when nothing has moved for too long */
};

static struct web_push *of(struct espota_attempt *attempt)
{
    return (struct web_push *)attempt; /* its first member */
}

static uint64_t now_of(const struct web_push *push)
{
    return espota_attempt_now(&push->base);
}

static void tell(struct web_push *push, enum espota_event_kind kind)
{
    const struct espota_attempt_event event = {
        .kind = kind,
        .acked = push->base.outcome.acked,
        .address = push->base.config.device,
        .scheme = push->auth == ESPOTA_HTTP_AUTH_DIGEST ? "digest" : "basic",
    };

    espota_attempt_tell(&push->base, &event);
}

/* `reason`: of this machine or of the connection, in its own words; NULL: none is known. */
static void end(struct web_push *push, enum espota_status status, const char *reason)
{
    struct espota_outcome *out = &push->base.outcome;

    out->sending = push->stage == STAGE_SENDING;
    if (reason != NULL)
        snprintf(out->reason, sizeof(out->reason), "%.*s", (int)sizeof(out->reason) - 1, reason);
    espota_attempt_end(&push->base, status);
}

static void arm(struct web_push *push)
{
    uint64_t at = now_of(push) + LOOK_MS;

    if (!espota_attempt_wake_at(&push->base, at < push->deadline ? at : push->deadline))
        end(push, ESPOTA_E_MEMORY, "no memory for a timer");
}

static void start(struct web_push *push, enum stage stage)
{
    bool sends = stage == STAGE_SENDING;
    struct espota_http_session_request request = {
        .body = !sends      ? ESPOTA_HTTP_BODY_NONE
                : push->raw ? ESPOTA_HTTP_BODY_RAW
                            : ESPOTA_HTTP_BODY_FORM,
        .field = push->base.config.command == ESPOTA_COMMAND_FILESYSTEM ? "filesystem" : "firmware",
        .bytes = sends ? push->base.config.source->sent.bytes : NULL,
        .length = sends ? push->base.config.source->length : 0,
        .auth = push->auth,
        .user = push->base.config.user,
        .password = push->base.config.password,
    };
    struct espota_error err = ESPOTA_ERROR_INIT;

    push->stage = stage;
    push->base.outcome.http = 0;
    push->base.outcome.words_length = 0;
    push->deadline = now_of(push) + push->base.config.options->timeout_ms;
    if (espota_http_session_start(push->session, &request, &err) != ESPOTA_OK)
        end(push, err.status, err.message);
    else
        arm(push);
}

/* The page said 401: with what it offers, once; a second 401 is a refusal. */
static void answer_challenge(struct web_push *push, const struct espota_http_session_result *result)
{
    if (push->auth != ESPOTA_HTTP_AUTH_OPEN) {
        end(push, ESPOTA_E_AUTH, NULL);
        return;
    }
    push->auth = result->offered;
    tell(push, ESPOTA_EVENT_AUTH);
    if (push->base.config.password != NULL) {
        start(push, STAGE_ASKING);
        return;
    }
    push->stage = STAGE_PASSWORD;
    espota_loop_disarm(push->base.config.loop, &push->base.timer);
    push->base.config.hooks.asks(push->base.config.hooks.context);
}

static bool all_sent(const struct web_push *push)
{
    return push->base.outcome.sent == push->base.outcome.total;
}

static void fail_transport(struct web_push *push, const struct espota_http_session_result *result)
{
    enum espota_status status = result->status;

    if (status == ESPOTA_E_BROKEN && push->stage != STAGE_SENDING)
        status = ESPOTA_E_NO_ANSWER;
    else if (status == ESPOTA_E_BROKEN && all_sent(push))
        status = ESPOTA_E_UNKNOWN;
    end(push, status, result->message);
}

static void take_page(struct web_push *push, const struct espota_http_session_result *result)
{
    push->base.outcome.http = result->http;
    if (result->status != ESPOTA_OK)
        fail_transport(push, result);
    else if (result->http == 401)
        answer_challenge(push, result);
    else if (result->http == 403)
        end(push, ESPOTA_E_AUTH, NULL);
    else if (result->http >= 300 && result->http < 400)
        end(push, ESPOTA_E_REFUSED, NULL);
    else /* some updaters know only POST: what they say to a GET means nothing */
        start(push, STAGE_SENDING);
}

static void take_verdict(struct web_push *push, const struct espota_http_session_result *result)
{
    struct espota_outcome *out = &push->base.outcome;
    char words[ESPOTA_WEB_WORDS];
    enum espota_status verdict =
        espota_web_verdict(push->raw, result->http, result->body, result->body_length, words);

    out->http = result->http;
    out->words_length = strlen(words);
    memcpy(out->words, words, out->words_length);
    /* a connection that broke behind the verdict does not take it back */
    if (result->http == 0 || (result->status != ESPOTA_OK && verdict == ESPOTA_E_UNKNOWN))
        fail_transport(push, result);
    else if (verdict == ESPOTA_E_AUTH && push->auth == ESPOTA_HTTP_AUTH_OPEN && result->http == 401)
        answer_challenge(push, result);
    else
        end(push, verdict, NULL);
}

static void look(struct web_push *push)
{
    struct espota_outcome *out = &push->base.outcome;
    size_t sent, acked;

    espota_http_session_progress(push->session, &sent, &acked);
    if (push->stage != STAGE_SENDING)
        return;
    out->sent = (uint32_t)sent; /* at most the source's length, as acked is */
    if (acked <= out->acked)
        return;
    if (!push->told_connected) {
        push->told_connected = true;
        tell(push, ESPOTA_EVENT_CONNECTED);
    }
    out->acked = (uint32_t)acked;
    push->deadline = now_of(push) + push->base.config.options->timeout_ms;
    if (acked == out->total && push->base.config.options->timeout_ms < VERDICT_MS)
        push->deadline = now_of(push) + VERDICT_MS;
    tell(push, ESPOTA_EVENT_PROGRESS);
}

static void request_over(void *context)
{
    struct web_push *push = context;
    const struct espota_http_session_result *result = espota_http_session_result(push->session);

    if (push->base.over)
        return;
    look(push);
    if (push->stage == STAGE_ASKING)
        take_page(push, result);
    else if (push->stage == STAGE_SENDING)
        take_verdict(push, result);
}

static void time_passed(void *attempt)
{
    struct web_push *push = of(attempt);

    look(push);
    if (now_of(push) < push->deadline)
        arm(push);
    else if (push->stage == STAGE_ASKING)
        end(push, ESPOTA_E_NO_ANSWER, NULL);
    else
        end(push, all_sent(push) ? ESPOTA_E_UNKNOWN : ESPOTA_E_BROKEN, NULL);
}

static void take_password(struct espota_attempt *attempt)
{
    struct web_push *push = of(attempt);

    if (push->stage == STAGE_PASSWORD && attempt->config.password == NULL)
        end(push, ESPOTA_E_AUTH, NULL);
    else if (push->stage == STAGE_PASSWORD)
        start(push, STAGE_ASKING);
}

static void stop(struct espota_attempt *attempt)
{
    look(of(attempt));
    end(of(attempt), ESPOTA_E_INTERRUPTED, NULL);
}

static enum espota_status begin(struct espota_attempt *attempt, struct espota_error *err)
{
    struct web_push *push = of(attempt);
    const struct espota_upload_options *options = attempt->config.options;
    struct espota_http_session_config session = {
        .url = attempt->config.url,
        .address = attempt->config.device,
        .ca_file = options->ca_file,
        .insecure = options->insecure,
        .connect_ms = options->timeout_ms,
        .limit_rate = options->limit_rate,
        .context = push,
        .over = request_over,
    };
    enum espota_status status;

    push->raw = espota_web_path_is_raw(attempt->config.url->path);
    if (attempt->config.user == NULL)
        attempt->config.user = push->raw ? "arduino" : "admin";
    snprintf(attempt->outcome.user, sizeof(attempt->outcome.user), "%s", attempt->config.user);
    status = espota_http_session_create(attempt->config.client, &session, &push->session, err);
    if (status != ESPOTA_OK)
        return status;
    /*
     * Who takes raw bytes wants its one user at once, and has no page; but any answer shows that it
     * listens. For a second after an image it does not: what connects then is dropped with its
     * restart, and had the image gone there, nobody would know whether it was taken.
     */
    if (push->raw && attempt->config.password != NULL)
        push->auth = ESPOTA_HTTP_AUTH_BASIC;
    start(push, STAGE_ASKING);
    return ESPOTA_OK;
}

static void release(struct espota_attempt *attempt)
{
    espota_http_session_destroy(of(attempt)->session);
}

const struct espota_attempt_kind espota_web_push_kind = {.size = sizeof(struct web_push),
                                                         .road = ESPOTA_ROAD_WEB,
                                                         .begin = begin,
                                                         .release = release,
                                                         .expired = time_passed,
                                                         .password = take_password,
                                                         .stop = stop};
