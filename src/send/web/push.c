/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one device's web updater: find out whose it is, ask for its page first, so that a
 * wrong password costs no upload, send the image as that kind wants it, and read the verdict in the
 * page's own words. What differs from kind to kind is in kinds.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "send/web/push.h"

enum {
    LOOK_MS = 200,      /* between looks at how far the image is */
    VERDICT_MS = 60000, /* what devices may take after the last byte */
};

static struct espota_push *of(struct espota_attempt *attempt)
{
    return (struct espota_push *)attempt; /* its first member */
}

static uint64_t now_of(const struct espota_push *push)
{
    return espota_attempt_now(&push->base);
}

bool espota_push_sends_filesystem(const struct espota_push *push)
{
    return push->base.config.command == ESPOTA_COMMAND_FILESYSTEM;
}

void espota_push_tell(struct espota_push *push, enum espota_event_kind kind)
{
    const struct espota_attempt_event event = {
        .kind = kind,
        .acked = push->base.outcome.acked,
        .address = push->base.config.device,
        .scheme = push->wants_pin                         ? "pin"
                  : push->auth == ESPOTA_HTTP_AUTH_DIGEST ? "digest"
                                                          : "basic",
        .web = push->base.outcome.web,
    };

    espota_attempt_tell(&push->base, &event);
}

/* `reason`: of this machine or of the connection, in its own words; NULL: none is known. */
void espota_push_end(struct espota_push *push, enum espota_status status, const char *reason)
{
    struct espota_outcome *out = &push->base.outcome;

    out->sending = push->stage >= ESPOTA_PUSH_SENDING;
    if (reason != NULL)
        snprintf(out->reason, sizeof(out->reason), "%.*s", (int)sizeof(out->reason) - 1, reason);
    espota_attempt_end(&push->base, status);
}

void espota_push_end_with(struct espota_push *push, enum espota_status status, const char *advice,
                          uint32_t ways)
{
    push->base.outcome.advice = advice;
    push->base.outcome.ways = ways;
    espota_push_end(push, status, NULL);
}

static void arm(struct espota_push *push)
{
    uint64_t at = now_of(push) + LOOK_MS;

    if (!espota_attempt_wake_at(&push->base, at < push->deadline ? at : push->deadline))
        espota_push_end(push, ESPOTA_E_MEMORY, "no memory for a timer");
}

void espota_push_rest(struct espota_push *push, uint32_t ms)
{
    push->stage = ESPOTA_PUSH_RESTING;
    push->deadline = now_of(push) + ms;
    arm(push);
}

/* --- requests --- */

/* The template of a stage's page; NULL: what the URL names. */
static const char *template_of(const struct espota_push *push, enum espota_push_stage stage)
{
    const struct espota_web_row *row = push->row;

    switch (stage) {
    case ESPOTA_PUSH_PROBING:
        return espota_web_probe(push->probe);
    case ESPOTA_PUSH_DOUBTING:
        return espota_web_doubt(row->kind);
    case ESPOTA_PUSH_ASKING:
        return row->own_page ? push->own : row->page;
    case ESPOTA_PUSH_UNLOCKING:
        return row->unlock;
    case ESPOTA_PUSH_STARTING:
        return row->start;
    case ESPOTA_PUSH_SENDING:
        return row->own_page ? push->own : row->upload;
    case ESPOTA_PUSH_RESTARTING:
        return row->restart;
    case ESPOTA_PUSH_PASSWORD:
    case ESPOTA_PUSH_RESTING:
        break;
    }
    return NULL;
}

static bool place(struct espota_push *push, enum espota_push_stage stage, const char **page)
{
    const char *template = template_of(push, stage);
    size_t prefix = stage > ESPOTA_PUSH_DOUBTING && !push->row->own_page ? push->prefix : 0;

    *page = template != NULL ? push->page : NULL;
    if (template == NULL)
        return true;
    memcpy(push->page, push->base.config.url->path, prefix); /* of the same size */
    return espota_web_fill(template, push->base.config.source, espota_push_sends_filesystem(push),
                           push->page + prefix, sizeof(push->page) - prefix);
}

static void add_image(const struct espota_push *push, struct espota_http_session_request *request)
{
    const struct espota_web_row *row = push->row;

    request->body = row->body;
    request->field = espota_push_sends_filesystem(push) ? row->filesystem : row->program;
    request->extra = push->base.config.options->force ? row->unchecked : NULL;
    request->bytes = push->base.config.source->sent.bytes;
    request->length = push->base.config.source->length;
}

static void add_pin(const struct espota_push *push, struct espota_http_session_request *request)
{
    request->body = ESPOTA_HTTP_BODY_RAW;
    request->type = "application/json";
    request->bytes = push->pin;
    request->length = strlen(push->pin);
}

void espota_push_start(struct espota_push *push, enum espota_push_stage stage)
{
    struct espota_http_session_request request = {
        .body = ESPOTA_HTTP_BODY_NONE,
        .referer = push->row->referer ? push->referer : NULL,
        .auth = push->auth,
        .user = push->base.config.user,
        .password = push->base.config.password,
    };
    struct espota_error err = ESPOTA_ERROR_INIT;

    push->stage = stage;
    if (stage == ESPOTA_PUSH_SENDING)
        add_image(push, &request);
    if (stage == ESPOTA_PUSH_UNLOCKING)
        add_pin(push, &request);
    if (stage != ESPOTA_PUSH_RESTARTING) {
        push->base.outcome.http = 0;
        push->base.outcome.words_length = 0;
    }
    push->deadline = now_of(push) + push->base.config.options->timeout_ms;
    if (!place(push, stage, &request.page))
        espota_push_end(push, ESPOTA_E_LOCAL, "the URL is too long");
    else if (espota_http_session_start(push->session, &request, &err) != ESPOTA_OK)
        espota_push_end(push, err.status, err.message);
    else
        arm(push);
}

/* --- answers --- */

static bool all_sent(const struct espota_push *push)
{
    return push->base.outcome.sent == push->base.outcome.total;
}

void espota_push_fail(struct espota_push *push, const struct espota_http_session_result *result)
{
    enum espota_status status = result->status;

    if (status == ESPOTA_E_BROKEN && push->stage < ESPOTA_PUSH_SENDING)
        status = ESPOTA_E_NO_ANSWER;
    else if (status == ESPOTA_E_BROKEN && all_sent(push))
        status = ESPOTA_E_UNKNOWN;
    if (result->status == ESPOTA_E_BROKEN)
        push->base.outcome.advice =
            push->stage < ESPOTA_PUSH_SENDING ? push->row->silent : push->row->unknown;
    espota_push_end(push, status, result->message);
}

void espota_push_note(struct espota_push *push, const struct espota_http_session_result *result)
{
    struct espota_outcome *out = &push->base.outcome;
    char words[ESPOTA_WEB_WORDS];

    espota_web_words(push->row, result->body, result->body_length, words);
    out->http = result->http;
    out->words_length = strlen(words);
    memcpy(out->words, words, out->words_length);
}

static void take_verdict(struct espota_push *push, const struct espota_http_session_result *result)
{
    const struct espota_web_answer *answer;
    enum espota_status verdict =
        espota_web_verdict(push->row, result->http, result->body, result->body_length,
                           push->base.config.source, &answer);

    espota_push_note(push, result);
    /* a connection that broke behind the verdict does not take it back */
    if (result->http == 0 || (result->status != ESPOTA_OK && verdict == ESPOTA_E_UNKNOWN))
        espota_push_fail(push, result);
    else if (answer == NULL && push->auth == ESPOTA_HTTP_AUTH_OPEN && result->http == 401)
        espota_push_answer_challenge(push, result);
    else if (answer != NULL && answer->status == ESPOTA_MORE) /* it was locked meanwhile */
        espota_push_answer_pin(push);
    else if (verdict == ESPOTA_OK && push->row->restart != NULL)
        espota_push_start(push, ESPOTA_PUSH_RESTARTING);
    else
        espota_push_end_with(push, verdict, answer != NULL ? answer->advice : NULL,
                             answer != NULL ? answer->ways : 0);
}

static void take_restart(struct espota_push *push, const struct espota_http_session_result *result)
{
    if (result->http >= 200 && result->http < 300)
        espota_push_end(push, ESPOTA_OK, NULL);
    else
        espota_push_end_with(push, ESPOTA_E_UNKNOWN,
                             "it has the whole image and did not answer the request to start it: "
                             "restart it",
                             0);
}

static void look(struct espota_push *push)
{
    struct espota_outcome *out = &push->base.outcome;
    size_t sent, acked;

    espota_http_session_progress(push->session, &sent, &acked);
    if (push->stage != ESPOTA_PUSH_SENDING)
        return;
    out->sent = (uint32_t)sent; /* at most the source's length, as acked is */
    if (acked <= out->acked)
        return;
    if (!push->told_connected) {
        push->told_connected = true;
        espota_push_tell(push, ESPOTA_EVENT_CONNECTED);
    }
    out->acked = (uint32_t)acked;
    push->deadline = now_of(push) + push->base.config.options->timeout_ms;
    if (acked == out->total && push->base.config.options->timeout_ms < VERDICT_MS)
        push->deadline = now_of(push) + VERDICT_MS;
    espota_push_tell(push, ESPOTA_EVENT_PROGRESS);
}

/* Devices keep pages compressed, and send them so to whoever asks. */
static void unpack(struct espota_push *push, struct espota_http_session_result *result)
{
    size_t length;

    if (result->body_length < 2 || memcmp(result->body, "\x1f\x8b", 2) != 0)
        return;
    if (push->unpacked == NULL)
        push->unpacked = malloc(ESPOTA_HTTP_BODY_MAX);
    if (push->unpacked == NULL)
        return; /* a page that nobody knows */
    length = espota_gzip_head(result->body, result->body_length, push->unpacked,
                              ESPOTA_HTTP_BODY_MAX - 1);
    push->unpacked[length] = '\0';
    result->body = push->unpacked;
    result->body_length = length;
}

static void request_over(void *context)
{
    struct espota_push *push = context;
    struct espota_http_session_result answer = *espota_http_session_result(push->session);
    const struct espota_http_session_result *result = &answer;

    if (push->base.over)
        return;
    look(push);
    unpack(push, &answer);
    switch (push->stage) {
    case ESPOTA_PUSH_PROBING:
        espota_push_take_probe(push, result);
        break;
    case ESPOTA_PUSH_DOUBTING:
        espota_push_take_doubt(push, result);
        break;
    case ESPOTA_PUSH_ASKING:
        espota_push_take_page(push, result);
        break;
    case ESPOTA_PUSH_UNLOCKING:
        espota_push_start(push,
                          ESPOTA_PUSH_ASKING); /* whose page says whether it was the right one */
        break;
    case ESPOTA_PUSH_STARTING:
        espota_push_take_start(push, result);
        break;
    case ESPOTA_PUSH_SENDING:
        take_verdict(push, result);
        break;
    case ESPOTA_PUSH_RESTARTING:
        take_restart(push, result);
        break;
    case ESPOTA_PUSH_PASSWORD:
    case ESPOTA_PUSH_RESTING:
        break;
    }
}

/* What may be left unanswered without harm. */
static bool go_on_without(struct espota_push *push)
{
    static const struct espota_http_session_result nothing = {.body = ""};

    if (push->stage == ESPOTA_PUSH_DOUBTING)
        espota_push_take_doubt(push, &nothing);
    else if (push->stage == ESPOTA_PUSH_RESTARTING)
        take_restart(push, &nothing);
    else
        return false;
    return true;
}

static void time_passed(void *attempt)
{
    struct espota_push *push = of(attempt);

    look(push);
    if (now_of(push) < push->deadline)
        arm(push);
    else if (push->stage == ESPOTA_PUSH_RESTING ||
             (push->stage == ESPOTA_PUSH_STARTING && now_of(push) < push->ready_by))
        espota_push_start(push, ESPOTA_PUSH_STARTING);
    else if (go_on_without(push))
        return;
    else if (push->stage < ESPOTA_PUSH_SENDING)
        espota_push_end(push, ESPOTA_E_NO_ANSWER, NULL);
    else
        espota_push_end(push, all_sent(push) ? ESPOTA_E_UNKNOWN : ESPOTA_E_BROKEN, NULL);
}

static void take_password(struct espota_attempt *attempt)
{
    espota_push_take_password(of(attempt));
}

static void stop(struct espota_attempt *attempt)
{
    look(of(attempt));
    espota_push_end(of(attempt), ESPOTA_E_INTERRUPTED, NULL);
}

/* Its own address, which is not what everybody calls it. */
static void set_referer(struct espota_push *push)
{
    char address[ESPOTA_ADDRESS_TEXT];
    const struct espota_address *device = &push->base.config.device;

    if (device->family == 0)
        return;
    espota_address_format(device, false, address);
    snprintf(push->referer, sizeof(push->referer),
             device->family == 6 ? "http://[%s]/" : "http://%s/", address);
}

static enum espota_status begin(struct espota_attempt *attempt, struct espota_error *err)
{
    struct espota_push *push = of(attempt);
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
    enum espota_status status =
        espota_http_session_create(attempt->config.client, &session, &push->session, err);

    if (status != ESPOTA_OK)
        return status;
    set_referer(push);
    espota_push_begin_asking(push);
    return ESPOTA_OK;
}

static void release(struct espota_attempt *attempt)
{
    struct espota_push *push = of(attempt);

    espota_http_session_destroy(push->session);
    if (push->pin != NULL)
        espota_wipe(push->pin, strlen(push->pin));
    free(push->unpacked);
    free(push->pin);
}

const struct espota_attempt_kind espota_web_push_kind = {.size = sizeof(struct espota_push),
                                                         .road = ESPOTA_ROAD_WEB,
                                                         .begin = begin,
                                                         .release = release,
                                                         .expired = time_passed,
                                                         .password = take_password,
                                                         .stop = stop};
