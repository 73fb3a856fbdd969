/* SPDX-License-Identifier: MIT */
#include "send/web/push.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "send/web/verdict.h"
#include "wire/wire.h"

enum {
    LOOK_MS = 200,      /* between looks at how far the image is */
    VERDICT_MS = 60000, /* what devices may take after the last byte */
};

enum stage { STAGE_ASKING, STAGE_PASSWORD, STAGE_SENDING, STAGE_OVER };

struct web_push {
    struct espota_attempt base;
    struct espota_web_push_config config;
    struct espota_http_session *session;
    struct espota_timer timer;
    enum stage stage;
    bool raw;
    enum espota_http_auth auth;
    bool told_connected;
    uint32_t acked;
    uint64_t deadline; /* when nothing has moved for too long */
    bool all_sent;     /* every byte left: the device may get it, whatever happens here */
    bool all_gone;     /* every byte was acknowledged */
    enum espota_status status;
    char message[1024];
};

static uint64_t now_of(const struct web_push *push)
{
    return espota_loop_now(push->config.loop);
}

static void end(struct web_push *push, enum espota_status status, const char *format, ...)
    ESPOTA_PRINTF(3, 4);

static void end(struct web_push *push, enum espota_status status, const char *format, ...)
{
    va_list args;

    if (push->stage == STAGE_OVER)
        return;
    va_start(args, format);
    vsnprintf(push->message, sizeof(push->message), format, args);
    va_end(args);
    push->stage = STAGE_OVER;
    push->status = status;
    espota_loop_disarm(push->config.loop, &push->timer);
    push->config.ears.over(push->config.ears.context);
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
        .field = push->config.filesystem ? "filesystem" : "firmware",
        .bytes = sends ? push->config.source->bytes : NULL,
        .length = sends ? push->config.source->length : 0,
        .auth = push->auth,
        .user = push->config.user,
        .password = push->config.password,
    };
    struct espota_error err = ESPOTA_ERROR_INIT;

    push->stage = stage;
    push->deadline = now_of(push) + push->config.timeout_ms;
    if (espota_http_session_start(push->session, &request, &err) != ESPOTA_OK)
        end(push, err.status, "%s", err.message);
    else
        arm(push);
}

static void fail_auth(struct web_push *push)
{
    if (push->config.password == NULL)
        end(push, ESPOTA_E_AUTH, "it wants a password, and none was given (--password-file)");
    else
        end(push, ESPOTA_E_AUTH,
            "it refused the user '%s' with this password (--user, --password-file)",
            push->config.user);
}

/* The page said 401: with what it offers, once; a second 401 is a refusal. */
static void answer_challenge(struct web_push *push, const struct espota_http_session_result *result)
{
    if (push->auth != ESPOTA_HTTP_AUTH_OPEN) {
        fail_auth(push);
        return;
    }
    push->auth = result->offered;
    push->config.ears.event(push->config.ears.context, ESPOTA_EVENT_AUTH);
    if (push->config.password != NULL) {
        start(push, STAGE_ASKING);
        return;
    }
    push->stage = STAGE_PASSWORD;
    espota_loop_disarm(push->config.loop, &push->timer);
    push->config.ears.asks(push->config.ears.context);
}

static void fail_transport(struct web_push *push, const struct espota_http_session_result *result)
{
    bool reached = result->status == ESPOTA_E_BROKEN;

    if (result->status == ESPOTA_E_LOCAL)
        end(push, result->status, "%s; name its certificate with --cacert", result->message);
    else if (push->stage != STAGE_SENDING || !reached)
        end(push, reached ? ESPOTA_E_NO_ANSWER : result->status, "%s", result->message);
    else if (push->all_sent)
        end(push, ESPOTA_E_UNKNOWN,
            "it closed the connection without a verdict after the whole image; look at the device "
            "before you send it again");
    else
        end(push, ESPOTA_E_BROKEN, "broke off after %u of %u bytes: %s", push->acked,
            push->config.source->length, result->message);
}

static void take_page(struct web_push *push, const struct espota_http_session_result *result)
{
    if (result->status != ESPOTA_OK)
        fail_transport(push, result);
    else if (result->http == 401)
        answer_challenge(push, result);
    else if (result->http == 403)
        fail_auth(push);
    else if (result->http >= 300 && result->http < 400)
        end(push, ESPOTA_E_REFUSED, "it redirects elsewhere (HTTP %u); name the updater itself",
            result->http);
    else /* some updaters know only POST: what they say to a GET means nothing */
        start(push, STAGE_SENDING);
}

static void take_verdict(struct web_push *push, const struct espota_http_session_result *result)
{
    char words[ESPOTA_WEB_WORDS];
    enum espota_status verdict =
        espota_web_verdict(push->raw, result->http, result->body, result->body_length, words);

    /* a connection that broke behind the verdict does not take it back */
    if (result->http == 0 || (result->status != ESPOTA_OK && verdict == ESPOTA_E_UNKNOWN))
        fail_transport(push, result);
    else if (verdict == ESPOTA_OK)
        end(push, ESPOTA_OK, "%s", words[0] != '\0' ? words : "done");
    else if (verdict == ESPOTA_E_AUTH && push->auth == ESPOTA_HTTP_AUTH_OPEN && result->http == 401)
        answer_challenge(push, result);
    else if (verdict == ESPOTA_E_AUTH)
        fail_auth(push);
    else if (verdict == ESPOTA_E_REFUSED)
        end(push, ESPOTA_E_REFUSED, "the device said (HTTP %u): %s", result->http,
            words[0] != '\0' ? words : "nothing more");
    else
        end(push, ESPOTA_E_UNKNOWN, "its page says neither success nor failure: %s",
            words[0] != '\0' ? words : "it is empty");
}

static void look(struct web_push *push)
{
    size_t sent, acked;

    espota_http_session_progress(push->session, &sent, &acked);
    if (push->stage != STAGE_SENDING)
        return;
    push->all_sent = sent == push->config.source->length;
    if (acked <= push->acked)
        return;
    if (!push->told_connected) {
        push->told_connected = true;
        push->config.ears.event(push->config.ears.context, ESPOTA_EVENT_CONNECTED);
    }
    push->acked = (uint32_t)acked; /* at most the source's length */
    push->all_gone = acked == push->config.source->length;
    push->deadline = now_of(push) + push->config.timeout_ms;
    if (push->all_gone && push->config.timeout_ms < VERDICT_MS)
        push->deadline = now_of(push) + VERDICT_MS;
    push->config.ears.event(push->config.ears.context, ESPOTA_EVENT_PROGRESS);
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
    unsigned seconds = push->config.timeout_ms / 1000;

    look(push);
    if (now_of(push) < push->deadline)
        arm(push);
    else if (push->stage == STAGE_ASKING)
        end(push, ESPOTA_E_NO_ANSWER, "no answer within %u s", seconds);
    else if (push->all_gone)
        end(push, ESPOTA_E_UNKNOWN,
            "the device has the whole image and says nothing; look at it before you send it again");
    else
        end(push, ESPOTA_E_BROKEN, "it took nothing more for %u s, after %u of %u bytes", seconds,
            push->acked, push->config.source->length);
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
        fail_auth(push);
    else
        start(push, STAGE_ASKING);
}

static void stop(struct espota_attempt *attempt)
{
    struct web_push *push = of(attempt);

    look(push);
    if (push->all_sent)
        end(push, ESPOTA_E_INTERRUPTED,
            "stopped after the last byte and before the verdict: the device may or may not have "
            "taken the image; look at it before you send it again");
    else
        end(push, ESPOTA_E_INTERRUPTED,
            "stopped after %u of %u bytes: the device keeps the program that it had", push->acked,
            push->config.source->length);
}

static void report(const struct espota_attempt *attempt, struct espota_attempt_report *out)
{
    const struct web_push *push = (const struct web_push *)attempt;
    bool transient = push->status == ESPOTA_E_NO_ANSWER || push->status == ESPOTA_E_BROKEN;

    *out = (struct espota_attempt_report){
        .status = push->status,
        .again = transient && !push->all_gone,
        .acked = push->acked,
        .begun = push->acked > 0,
        .complete = push->all_gone,
        .device = push->config.address,
        .caller = push->config.address,
        .scheme = push->auth == ESPOTA_HTTP_AUTH_OPEN     ? NULL
                  : push->auth == ESPOTA_HTTP_AUTH_DIGEST ? "digest"
                                                          : "basic",
    };
    snprintf(out->message, sizeof(out->message), "%s", push->message);
}

static const struct espota_attempt_kind push_kind = {destroy, take_password, stop, report};

enum espota_status espota_web_push_create(const struct espota_web_push_config *config,
                                          struct espota_attempt **out, struct espota_error *err)
{
    struct web_push *push = calloc(1, sizeof(*push));
    struct espota_http_session_config session = {
        .url = config->url,
        .address = config->address,
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
