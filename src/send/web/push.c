/* SPDX-License-Identifier: MIT */
/*
 * One attempt at one device's web updater: find out whose it is, ask for its page first, so that a
 * wrong password costs no upload, send the image as that kind wants it, and read the verdict in the
 * page's own words. What differs from kind to kind is in kinds.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "send/attempt.h"
#include "send/web/kinds.h"
#include "text/text.h"

enum {
    LOOK_MS = 200,      /* between looks at how far the image is */
    VERDICT_MS = 60000, /* what devices may take after the last byte */
    REST_MS = 2000,     /* between two questions to a device that restarts for an image */
    READY_MS = 60000,   /* and for how long in all */
    ROOT_PROBE = 1,     /* the number of "/" among the pages that are asked for */
    PROGRAM = 0xe9,     /* an Espressif program's first byte */
};

enum stage {
    STAGE_PROBING,  /* whose page is it? */
    STAGE_DOUBTING, /* or that of somebody alike? */
    STAGE_ASKING,
    STAGE_PASSWORD,  /* nothing is under way until it comes */
    STAGE_UNLOCKING, /* with a PIN */
    STAGE_STARTING,
    STAGE_RESTING, /* until it is asked again whether it has restarted */
    STAGE_SENDING,
    STAGE_RESTARTING, /* it has the image and is told to start it */
};

/* Until it is known whose page answers. */
static const struct espota_web_row nobody = {.user = "admin"};

struct web_push {
    struct espota_attempt base;
    struct espota_http_session *session;
    const struct espota_web_row *row;
    enum stage stage;
    bool found;      /* the row is what people mean by such a URL: its page may say otherwise */
    unsigned probe;  /* number of the page that is asked for */
    const char *own; /* the page that takes the image, where nobody wrote one; NULL */
    size_t prefix;   /* length of the URL's path in front of the kind's own pages */
    bool wants_pin;  /* and no password */
    bool tried_pin;
    char *pin;                 /* as it is sent */
    char page[ESPOTA_URL_MAX]; /* of the request under way */
    char referer[ESPOTA_ADDRESS_TEXT + sizeof("http://[]/")];
    enum espota_http_auth auth;
    bool told_connected;
    uint64_t deadline; /* when nothing has moved for too long */
    uint64_t ready_by; /* 0: it is not restarting */
};

static struct web_push *of(struct espota_attempt *attempt)
{
    return (struct web_push *)attempt; /* its first member */
}

static uint64_t now_of(const struct web_push *push)
{
    return espota_attempt_now(&push->base);
}

static bool sends_filesystem(const struct web_push *push)
{
    return push->base.config.command == ESPOTA_COMMAND_FILESYSTEM;
}

static void tell(struct web_push *push, enum espota_event_kind kind)
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
static void end(struct web_push *push, enum espota_status status, const char *reason)
{
    struct espota_outcome *out = &push->base.outcome;

    out->sending = push->stage >= STAGE_SENDING;
    if (reason != NULL)
        snprintf(out->reason, sizeof(out->reason), "%.*s", (int)sizeof(out->reason) - 1, reason);
    espota_attempt_end(&push->base, status);
}

static void end_with_advice(struct web_push *push, enum espota_status status, const char *advice,
                            uint32_t ways)
{
    push->base.outcome.advice = advice;
    push->base.outcome.ways = ways;
    end(push, status, NULL);
}

static void arm(struct web_push *push)
{
    uint64_t at = now_of(push) + LOOK_MS;

    if (!espota_attempt_wake_at(&push->base, at < push->deadline ? at : push->deadline))
        end(push, ESPOTA_E_MEMORY, "no memory for a timer");
}

/* --- requests --- */

/* The template of a stage's page; NULL: what the URL names. */
static const char *template_of(const struct web_push *push, enum stage stage)
{
    const struct espota_web_row *row = push->row;

    switch (stage) {
    case STAGE_PROBING:
        return espota_web_probe(push->probe);
    case STAGE_DOUBTING:
        return espota_web_doubt(row->kind);
    case STAGE_ASKING:
        return row->own_page ? push->own : row->page;
    case STAGE_UNLOCKING:
        return row->unlock;
    case STAGE_STARTING:
        return row->start;
    case STAGE_SENDING:
        return row->own_page ? push->own : row->upload;
    case STAGE_RESTARTING:
        return row->restart;
    case STAGE_PASSWORD:
    case STAGE_RESTING:
        break;
    }
    return NULL;
}

static bool place(struct web_push *push, enum stage stage, const char **page)
{
    const char *template = template_of(push, stage);
    size_t prefix = stage > STAGE_DOUBTING && !push->row->own_page ? push->prefix : 0;

    *page = template != NULL ? push->page : NULL;
    if (template == NULL)
        return true;
    memcpy(push->page, push->base.config.url->path, prefix); /* of the same size */
    return espota_web_fill(template, push->base.config.source, sends_filesystem(push),
                           push->page + prefix, sizeof(push->page) - prefix);
}

static void add_image(const struct web_push *push, struct espota_http_session_request *request)
{
    const struct espota_web_row *row = push->row;

    request->body = row->body;
    request->field = sends_filesystem(push) ? row->filesystem : row->program;
    request->extra = push->base.config.options->force ? row->unchecked : NULL;
    request->bytes = push->base.config.source->sent.bytes;
    request->length = push->base.config.source->length;
}

static void add_pin(const struct web_push *push, struct espota_http_session_request *request)
{
    request->body = ESPOTA_HTTP_BODY_RAW;
    request->type = "application/json";
    request->bytes = push->pin;
    request->length = strlen(push->pin);
}

static void start(struct web_push *push, enum stage stage)
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
    if (stage == STAGE_SENDING)
        add_image(push, &request);
    if (stage == STAGE_UNLOCKING)
        add_pin(push, &request);
    if (stage != STAGE_RESTARTING) {
        push->base.outcome.http = 0;
        push->base.outcome.words_length = 0;
    }
    push->deadline = now_of(push) + push->base.config.options->timeout_ms;
    if (!place(push, stage, &request.page))
        end(push, ESPOTA_E_LOCAL, "the URL is too long");
    else if (espota_http_session_start(push->session, &request, &err) != ESPOTA_OK)
        end(push, err.status, err.message);
    else
        arm(push);
}

/* --- whose it is --- */

/* The path of the URL without the page of this kind, which a person may have copied. */
static size_t prefix_of(const struct espota_web_row *row, const char *path)
{
    const char *const pages[] = {row->page, row->upload};
    size_t length = strlen(path);

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        size_t size = strcspn(pages[i], "?");

        if (size > 1 && size <= length && memcmp(path + length - size, pages[i], size) == 0) {
            length -= size; /* size <= length */
            break;
        }
    }
    while (length > 0 && path[length - 1] == '/')
        length--;
    return length;
}

static bool is_bare(const struct web_push *push)
{
    return strcmp(push->base.config.url->path, "/") == 0;
}

/* `page`: where a form of it is that takes the image; NULL: nobody has seen one. */
static void choose(struct web_push *push, enum espota_web_kind kind, const char *page)
{
    push->row = espota_web_row(kind);
    push->found = false;
    push->base.outcome.web = kind;
    push->prefix = push->row->own_page ? 0 : prefix_of(push->row, push->base.config.url->path);
    push->own = is_bare(push) ? page != NULL ? page : push->row->page : NULL;
}

static void ask_password(struct web_push *push)
{
    tell(push, ESPOTA_EVENT_AUTH);
    push->stage = STAGE_PASSWORD;
    espota_loop_disarm(push->base.config.loop, &push->base.timer);
    push->base.config.hooks.asks(push->base.config.hooks.context);
}

/* Again from the page, which says whether the password is right. */
static void ask_again(struct web_push *push)
{
    start(push, push->row == &nobody ? STAGE_PROBING : STAGE_ASKING);
}

/* The page said 401: with what it offers, once; a second 401 is a refusal. */
static void answer_challenge(struct web_push *push, const struct espota_http_session_result *result)
{
    if (push->auth != ESPOTA_HTTP_AUTH_OPEN) {
        end(push, ESPOTA_E_AUTH, NULL);
        return;
    }
    push->auth =
        result->offered == ESPOTA_HTTP_AUTH_DIGEST ? result->offered : ESPOTA_HTTP_AUTH_BASIC;
    if (push->base.config.password == NULL) {
        ask_password(push);
        return;
    }
    tell(push, ESPOTA_EVENT_AUTH);
    ask_again(push);
}

static void unlock(struct web_push *push)
{
    struct espota_json *object = espota_json_object();

    if (espota_json_set_text(object, "pin", push->base.config.password))
        push->pin = espota_json_line(object);
    espota_json_free(object);
    push->tried_pin = true;
    if (push->pin == NULL)
        end(push, ESPOTA_E_MEMORY, "no memory for a PIN");
    else
        start(push, STAGE_UNLOCKING);
}

static void answer_pin(struct web_push *push)
{
    push->wants_pin = true;
    if (push->tried_pin)
        end_with_advice(push, ESPOTA_E_AUTH,
                        "it did not accept the PIN (after a wrong one it takes none for 3 s)",
                        ESPOTA_REMEDY_GIVE_PASSWORD);
    else if (push->base.config.password == NULL)
        ask_password(push);
    else {
        tell(push, ESPOTA_EVENT_AUTH);
        unlock(push);
    }
}

/* --- answers --- */

static bool all_sent(const struct web_push *push)
{
    return push->base.outcome.sent == push->base.outcome.total;
}

static void fail_transport(struct web_push *push, const struct espota_http_session_result *result)
{
    enum espota_status status = result->status;

    if (status == ESPOTA_E_BROKEN && push->stage < STAGE_SENDING)
        status = ESPOTA_E_NO_ANSWER;
    else if (status == ESPOTA_E_BROKEN && all_sent(push))
        status = ESPOTA_E_UNKNOWN;
    if (result->status == ESPOTA_E_BROKEN)
        push->base.outcome.advice =
            push->stage < STAGE_SENDING ? push->row->silent : push->row->unknown;
    end(push, status, result->message);
}

static void note_words(struct web_push *push, const struct espota_http_session_result *result)
{
    struct espota_outcome *out = &push->base.outcome;
    char words[ESPOTA_WEB_WORDS];

    espota_web_words(push->row, result->body, result->body_length, words);
    out->http = result->http;
    out->words_length = strlen(words);
    memcpy(out->words, words, out->words_length);
}

static void refuse(struct web_push *push, const struct espota_http_session_result *result,
                   enum espota_status status, const char *advice)
{
    note_words(push, result);
    end_with_advice(push, status, advice, 0);
}

/*
 * A form does not say how long its file is. So an ESP8266 puts it right behind the program that
 * runs, from where the boot loader can unpack it over what it has yet to read; whether it does
 * depends on how large that program is, which nobody tells. A Pico keeps a file, and JAndrassy's
 * library and WLED tell the length.
 */
static bool may_overrun(const struct web_push *push)
{
    const struct espota_source *source = push->base.config.source;

    return push->row->packed_behind && source->gzip && source->chip == ESPOTA_CHIP_ESP8266 &&
           !sends_filesystem(push) && !push->base.config.options->force;
}

/* The page is as it should be. */
static void go_on(struct web_push *push, const struct espota_http_session_result *result)
{
    const struct espota_web_row *row = push->row;
    const uint8_t *bytes = push->base.config.source->sent.bytes;
    bool restarts = row->start_if != NULL &&
                    espota_web_holds(result->body, result->body_length, row->start_if) &&
                    bytes[0] == PROGRAM;

    if (sends_filesystem(push) && row->filesystem == NULL) {
        end_with_advice(push, ESPOTA_E_IMAGE, "it takes no file system by its web page", 0);
    } else if (may_overrun(push)) {
        end_with_advice(
            push, ESPOTA_E_IMAGE,
            "it is not sent: a web updater does not learn how long a compressed image is and puts "
            "it right behind the program that runs, where unpacking it can overwrite it and "
            "destroy the device; send it uncompressed, or to the device's address in place of the "
            "URL",
            ESPOTA_REMEDY_FORCE);
    } else if (row->start != NULL && (row->start_if == NULL || restarts)) {
        push->ready_by = restarts ? now_of(push) + READY_MS : 0;
        start(push, STAGE_STARTING);
    } else {
        start(push, STAGE_SENDING);
    }
}

/* Whether the whole of it is there, and without the form that the kind has. */
static bool lacks_form(const struct web_push *push, const struct espota_http_session_result *result)
{
    return push->row->form != NULL && result->http == 200 &&
           result->body_length < ESPOTA_HTTP_BODY_MAX - 1 &&
           !espota_web_holds(result->body, result->body_length, push->row->form);
}

static bool redirects(struct web_push *push, const struct espota_http_session_result *result)
{
    if (result->http < 300 || result->http >= 400)
        return false;
    push->base.outcome.http = result->http;
    return true;
}

static void judge_page(struct web_push *push, const struct espota_http_session_result *result)
{
    const struct espota_web_answer *answer =
        espota_web_find_answer(push->row->pages, result->http, result->body, result->body_length,
                               push->base.config.source);

    push->base.outcome.http = result->http;
    if (answer != NULL && answer->status == ESPOTA_MORE)
        answer_pin(push);
    else if (answer != NULL)
        refuse(push, result, answer->status, answer->advice);
    else if (result->http == 401)
        answer_challenge(push, result);
    else if (result->http == 403)
        end(push, ESPOTA_E_AUTH, NULL);
    else if (redirects(push, result))
        end(push, ESPOTA_E_REFUSED, NULL);
    else if (lacks_form(push, result))
        refuse(push, result, ESPOTA_E_REFUSED, push->row->no_form);
    else /* some updaters know only POST: what they say to a GET means nothing */
        go_on(push, result);
}

/* The page of a URL that names one may show that it is another kind's than people mean by that. */
static void take_page(struct web_push *push, const struct espota_http_session_result *result)
{
    enum espota_web_kind kind = ESPOTA_WEB_AUTO;

    if (push->found)
        kind = espota_web_recognize(result->body, result->body_length);
    if (result->http != 0 && (kind == ESPOTA_WEB_AUTO || kind == push->row->kind)) {
        judge_page(push, result); /* it came, however it ended */
    } else if (result->http != 0) {
        choose(push, kind, NULL);
        start(push, STAGE_ASKING);
    } else if (push->found && result->status == ESPOTA_E_BROKEN) {
        /* there is no such page: ESPHome says so by silence, and has another one */
        push->row = &nobody;
        push->probe = ROOT_PROBE;
        push->base.outcome.web = ESPOTA_WEB_AUTO;
        start(push, STAGE_PROBING);
    } else {
        fail_transport(push, result);
    }
}

static void probe_next(struct web_push *push, const struct espota_http_session_result *result)
{
    push->probe++;
    if (espota_web_probe(push->probe) != NULL)
        start(push, STAGE_PROBING);
    else if (result->http == 0)
        fail_transport(push, result);
    else if (redirects(push, result))
        end(push, ESPOTA_E_REFUSED, NULL);
    else
        end_with_advice(push, ESPOTA_E_REFUSED,
                        "none of the updaters that are known answers there (asked for /update and "
                        "/): name its page in the URL, or say which one it is",
                        ESPOTA_REMEDY_NAME_UPDATER);
}

static void take_probe(struct web_push *push, const struct espota_http_session_result *result)
{
    const char *page = espota_web_probe(push->probe);
    enum espota_web_kind kind = espota_web_recognize(result->body, result->body_length);

    if (result->http == 0 && result->status != ESPOTA_E_BROKEN)
        fail_transport(push, result);
    else if (result->http == 401 && result->offered != ESPOTA_HTTP_AUTH_OPEN)
        answer_challenge(push, result);
    else if (kind == ESPOTA_WEB_AUTO)
        probe_next(push, result);
    else {
        choose(push, kind, kind == ESPOTA_WEB_ARDUINO ? page : NULL);
        if (espota_web_doubt(kind) != NULL)
            start(push, STAGE_DOUBTING);
        else if (strcmp(push->row->page, page) == 0)
            judge_page(push, result);
        else
            start(push, STAGE_ASKING);
    }
}

static void take_doubt(struct web_push *push, const struct espota_http_session_result *result)
{
    enum espota_web_kind kind = espota_web_recognize(result->body, result->body_length);

    if (kind == ESPOTA_WEB_ESPEASY)
        choose(push, kind, push->own);
    go_on(push, result);
}

static void rest(struct web_push *push, const struct espota_http_session_result *result)
{
    if (now_of(push) >= push->ready_by) {
        fail_transport(push, result);
        return;
    }
    push->stage = STAGE_RESTING;
    push->deadline = now_of(push) + REST_MS;
    arm(push);
}

static void take_start(struct web_push *push, const struct espota_http_session_result *result)
{
    bool waits = push->ready_by != 0;

    if (waits && (result->http == 0 || strcmp(result->body, "false") == 0))
        rest(push, result);
    else if (result->http == 0)
        fail_transport(push, result);
    else if (result->http == 401)
        answer_challenge(push, result);
    else if (result->http != 200)
        refuse(push, result, ESPOTA_E_REFUSED, NULL);
    else
        start(push, STAGE_SENDING);
}

static void take_verdict(struct web_push *push, const struct espota_http_session_result *result)
{
    const struct espota_web_answer *answer;
    enum espota_status verdict =
        espota_web_verdict(push->row, result->http, result->body, result->body_length,
                           push->base.config.source, &answer);

    note_words(push, result);
    /* a connection that broke behind the verdict does not take it back */
    if (result->http == 0 || (result->status != ESPOTA_OK && verdict == ESPOTA_E_UNKNOWN))
        fail_transport(push, result);
    else if (answer == NULL && push->auth == ESPOTA_HTTP_AUTH_OPEN && result->http == 401)
        answer_challenge(push, result);
    else if (answer != NULL && answer->status == ESPOTA_MORE) /* it was locked meanwhile */
        answer_pin(push);
    else if (verdict == ESPOTA_OK && push->row->restart != NULL)
        start(push, STAGE_RESTARTING);
    else
        end_with_advice(push, verdict, answer != NULL ? answer->advice : NULL,
                        answer != NULL ? answer->ways : 0);
}

static void take_restart(struct web_push *push, const struct espota_http_session_result *result)
{
    if (result->http >= 200 && result->http < 300)
        end(push, ESPOTA_OK, NULL);
    else
        end_with_advice(push, ESPOTA_E_UNKNOWN,
                        "it has the whole image and did not answer the request to start it: "
                        "restart it",
                        0);
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
    switch (push->stage) {
    case STAGE_PROBING:
        take_probe(push, result);
        break;
    case STAGE_DOUBTING:
        take_doubt(push, result);
        break;
    case STAGE_ASKING:
        take_page(push, result);
        break;
    case STAGE_UNLOCKING:
        start(push, STAGE_ASKING); /* whose page says whether it was the right one */
        break;
    case STAGE_STARTING:
        take_start(push, result);
        break;
    case STAGE_SENDING:
        take_verdict(push, result);
        break;
    case STAGE_RESTARTING:
        take_restart(push, result);
        break;
    case STAGE_PASSWORD:
    case STAGE_RESTING:
        break;
    }
}

static void time_passed(void *attempt)
{
    struct web_push *push = of(attempt);

    look(push);
    if (now_of(push) < push->deadline)
        arm(push);
    else if (push->stage == STAGE_RESTING ||
             (push->stage == STAGE_STARTING && now_of(push) < push->ready_by))
        start(push, STAGE_STARTING);
    else if (push->stage < STAGE_SENDING)
        end(push, ESPOTA_E_NO_ANSWER, NULL);
    else
        end(push, all_sent(push) ? ESPOTA_E_UNKNOWN : ESPOTA_E_BROKEN, NULL);
}

static void take_password(struct espota_attempt *attempt)
{
    struct web_push *push = of(attempt);

    if (push->stage != STAGE_PASSWORD)
        return;
    if (attempt->config.password == NULL)
        end_with_advice(push, ESPOTA_E_AUTH,
                        push->wants_pin ? "it wants the PIN of its settings, and none was given"
                                        : NULL,
                        ESPOTA_REMEDY_GIVE_PASSWORD);
    else if (push->wants_pin)
        unlock(push);
    else
        ask_again(push);
}

static void stop(struct espota_attempt *attempt)
{
    look(of(attempt));
    end(of(attempt), ESPOTA_E_INTERRUPTED, NULL);
}

/* Its own address, which is not what everybody calls it. */
static void set_referer(struct web_push *push)
{
    char address[ESPOTA_ADDRESS_TEXT];
    const struct espota_address *device = &push->base.config.device;

    if (device->family == 0)
        return;
    espota_address_format(device, false, address);
    snprintf(push->referer, sizeof(push->referer),
             device->family == 6 ? "http://[%s]/" : "http://%s/", address);
}

static void begin_asking(struct web_push *push)
{
    struct espota_attempt_config *config = &push->base.config;

    push->row = &nobody;
    if (config->web != ESPOTA_WEB_AUTO) {
        choose(push, config->web, NULL);
    } else if (espota_web_path_is_raw(config->url->path)) {
        push->row = &espota_web_raw_row;
        push->base.outcome.web = push->row->kind;
    } else if (!is_bare(push)) {
        choose(push, ESPOTA_WEB_ARDUINO, NULL);
        push->found = true;
    }
    if (config->user == NULL)
        config->user = push->row->user;
    snprintf(push->base.outcome.user, sizeof(push->base.outcome.user), "%s", config->user);
    if (push->row->basic_first && config->password != NULL)
        push->auth = ESPOTA_HTTP_AUTH_BASIC;
    start(push, push->row == &nobody ? STAGE_PROBING : STAGE_ASKING);
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
    enum espota_status status =
        espota_http_session_create(attempt->config.client, &session, &push->session, err);

    if (status != ESPOTA_OK)
        return status;
    set_referer(push);
    begin_asking(push);
    return ESPOTA_OK;
}

static void release(struct espota_attempt *attempt)
{
    struct web_push *push = of(attempt);

    espota_http_session_destroy(push->session);
    if (push->pin != NULL)
        espota_wipe(push->pin, strlen(push->pin));
    free(push->pin);
}

const struct espota_attempt_kind espota_web_push_kind = {.size = sizeof(struct web_push),
                                                         .road = ESPOTA_ROAD_WEB,
                                                         .begin = begin,
                                                         .release = release,
                                                         .expired = time_passed,
                                                         .password = take_password,
                                                         .stop = stop};
