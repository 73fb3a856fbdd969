/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one device's web updater: ask for the page first, so that a wrong password costs
 * no upload, then send the image and read the verdict in the page's own words.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "send/road.h"
#include "send/web/verdict.h"
#include "wire/wire.h"

enum {
    LOOK_MS = 200,      /* between looks at how far the image is */
    VERDICT_MS = 60000, /* what devices may take after the last byte */
};

enum stage { STAGE_ASKING, STAGE_PASSWORD, STAGE_SENDING, STAGE_OVER };

struct web_push {
    struct espota_attempt base;
    struct espota_attempt_config config;
    struct espota_http_session *session;
    struct espota_timer timer;
    enum stage stage;
    bool raw;
    enum espota_http_auth auth;
    bool told_connected;
    uint32_t sent; /* of these, all may be with the device, whatever happens here */
    uint32_t acked;
    uint64_t deadline; /* when nothing has moved for too long */
    struct espota_outcome outcome;
};

static uint64_t now_of(const struct web_push *push)
{
    return espota_loop_now(push->config.loop);
}

static void tell(struct web_push *push, enum espota_event_kind kind)
{
    const struct espota_attempt_event event = {
        .kind = kind,
        .acked = push->acked,
        .address = push->config.device,
        .scheme = push->auth == ESPOTA_HTTP_AUTH_DIGEST ? "digest" : "basic",
    };

    push->config.hooks.event(push->config.hooks.context, &event);
}

static bool is_filesystem(const struct web_push *push)
{
    return push->config.command == ESPOTA_COMMAND_FILESYSTEM;
}

/* `reason`: of this machine or of the connection, in its own words; NULL: none is known. */
static void end(struct web_push *push, enum espota_status status, const char *reason)
{
    struct espota_outcome *out = &push->outcome;

    if (push->stage == STAGE_OVER)
        return;
    out->status = status;
    out->road = ESPOTA_ROAD_WEB;
    out->sending = push->stage == STAGE_SENDING;
    out->command = push->config.command;
    out->device = push->config.device;
    out->timeout_ms = push->config.timeout_ms;
    out->total = push->config.source->length;
    out->sent = push->sent;
    out->acked = push->acked;
    out->had_password = push->config.password != NULL;
    snprintf(out->user, sizeof(out->user), "%s", push->config.user);
    snprintf(out->reason, sizeof(out->reason), "%s", reason != NULL ? reason : "");
    push->stage = STAGE_OVER;
    espota_loop_disarm(push->config.loop, &push->timer);
    push->config.hooks.over(push->config.hooks.context, out);
}

static void arm(struct web_push *push)
{
    uint64_t at = now_of(push) + LOOK_MS;

    if (espota_loop_arm(push->config.loop, &push->timer,
                        at < push->deadline ? at : push->deadline) != ESPOTA_OK)
        end(push, ESPOTA_E_MEMORY, "no memory for a timer");
}

static void start(struct web_push *push, enum stage stage)
{
    bool sends = stage == STAGE_SENDING;
    struct espota_http_session_request request = {
        .body = !sends      ? ESPOTA_HTTP_BODY_NONE
                : push->raw ? ESPOTA_HTTP_BODY_RAW
                            : ESPOTA_HTTP_BODY_FORM,
        .field = is_filesystem(push) ? "filesystem" : "firmware",
        .bytes = sends ? push->config.source->bytes : NULL,
        .length = sends ? push->config.source->length : 0,
        .auth = push->auth,
        .user = push->config.user,
        .password = push->config.password,
    };
    struct espota_error err = ESPOTA_ERROR_INIT;

    push->stage = stage;
    push->outcome.http = 0;
    push->outcome.words_length = 0;
    push->deadline = now_of(push) + push->config.timeout_ms;
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
    if (push->config.password != NULL) {
        start(push, STAGE_ASKING);
        return;
    }
    push->stage = STAGE_PASSWORD;
    espota_loop_disarm(push->config.loop, &push->timer);
    push->config.hooks.asks(push->config.hooks.context);
}

static bool all_sent(const struct web_push *push)
{
    return push->sent == push->config.source->length;
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
    push->outcome.http = result->http;
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
    struct espota_outcome *out = &push->outcome;
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
    size_t sent, acked;

    espota_http_session_progress(push->session, &sent, &acked);
    if (push->stage != STAGE_SENDING)
        return;
    push->sent = (uint32_t)sent; /* at most the source's length, as acked is */
    if (acked <= push->acked)
        return;
    if (!push->told_connected) {
        push->told_connected = true;
        tell(push, ESPOTA_EVENT_CONNECTED);
    }
    push->acked = (uint32_t)acked;
    push->deadline = now_of(push) + push->config.timeout_ms;
    if (acked == push->config.source->length && push->config.timeout_ms < VERDICT_MS)
        push->deadline = now_of(push) + VERDICT_MS;
    tell(push, ESPOTA_EVENT_PROGRESS);
}

static void request_over(void *context)
{
    struct web_push *push = context;
    const struct espota_http_session_result *result = espota_http_session_result(push->session);

    look(push);
    if (push->stage == STAGE_ASKING)
        take_page(push, result);
    else if (push->stage == STAGE_SENDING)
        take_verdict(push, result);
}

static void time_passed(void *context)
{
    struct web_push *push = context;

    look(push);
    if (now_of(push) < push->deadline)
        arm(push);
    else if (push->stage == STAGE_ASKING)
        end(push, ESPOTA_E_NO_ANSWER, NULL);
    else
        end(push, all_sent(push) ? ESPOTA_E_UNKNOWN : ESPOTA_E_BROKEN, NULL);
}

static struct web_push *of(struct espota_attempt *attempt)
{
    return (struct web_push *)attempt; /* its first member */
}

static void destroy(struct espota_attempt *attempt)
{
    struct web_push *push = of(attempt);

    espota_http_session_destroy(push->session);
    espota_loop_disarm(push->config.loop, &push->timer);
    free(push);
}

static void take_password(struct espota_attempt *attempt, const char *password, size_t length)
{
    struct web_push *push = of(attempt);

    (void)length;
    if (push->stage != STAGE_PASSWORD)
        return;
    push->config.password = password;
    if (password == NULL)
        end(push, ESPOTA_E_AUTH, NULL);
    else
        start(push, STAGE_ASKING);
}

static void stop(struct espota_attempt *attempt)
{
    struct web_push *push = of(attempt);

    look(push);
    end(push, ESPOTA_E_INTERRUPTED, NULL);
}

static const struct espota_attempt_kind push_kind = {destroy, take_password, stop};

enum espota_status espota_web_push_create(const struct espota_attempt_config *config,
                                          struct espota_attempt **out, struct espota_error *err)
{
    struct web_push *push = calloc(1, sizeof(*push));
    struct espota_http_session_config session = {
        .url = config->url,
        .address = config->device,
        .ca_file = config->ca_file,
        .insecure = config->insecure,
        .connect_ms = config->timeout_ms,
        .limit_rate = config->limit_rate,
        .context = push,
        .over = request_over,
    };
    enum espota_status status;

    *out = NULL;
    if (push == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for an attempt");
    push->base.kind = &push_kind;
    push->config = *config;
    push->timer = (struct espota_timer){.expired = time_passed, .context = push};
    push->raw = espota_web_path_is_raw(config->url->path);
    if (push->config.user == NULL)
        push->config.user = push->raw ? "arduino" : "admin";
    status = espota_http_session_create(config->client, &session, &push->session, err);
    if (status != ESPOTA_OK) {
        destroy(&push->base);
        return status;
    }
    *out = &push->base;
    /*
     * Who takes raw bytes wants its one user at once, and has no page; but any answer shows that it
     * listens. For a second after an image it does not: what connects then is dropped with its
     * restart, and had the image gone there, nobody would know whether it was taken.
     */
    if (push->raw && config->password != NULL)
        push->auth = ESPOTA_HTTP_AUTH_BASIC;
    start(push, STAGE_ASKING);
    return ESPOTA_OK;
}
