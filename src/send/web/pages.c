/* SPDX-License-Identifier: MIT */
/*
 * What comes before the image: whose page answers, whether it is the right one and ready, a
 * password or a PIN, and what begins an update.
 */
#include <stdio.h>
#include <string.h>

#include "send/web/push.h"
#include "text/text.h"

enum {
    REST_MS = 2000,   /* between two questions to a device that restarts for an image */
    READY_MS = 60000, /* and for how long in all */
    ROOT_PROBE = 1,   /* the number of "/" among the pages that are asked for */
    PROGRAM = 0xe9,   /* an Espressif program's first byte */
};

/* Until it is known whose page answers. */
static const struct espota_web_row nobody = {.user = "admin"};

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

static bool is_bare(const struct espota_push *push)
{
    return strcmp(push->base.config.url->path, "/") == 0;
}

/* `page`: where a form of it is that takes the image; NULL: nobody has seen one. */
static void choose(struct espota_push *push, enum espota_web_kind kind, const char *page)
{
    push->row = espota_web_row(kind);
    push->found = false;
    push->base.outcome.web = kind;
    push->prefix = push->row->own_page ? 0 : prefix_of(push->row, push->base.config.url->path);
    push->own = is_bare(push) ? page != NULL ? page : push->row->page : NULL;
}

static void ask_password(struct espota_push *push)
{
    espota_push_tell(push, ESPOTA_EVENT_AUTH);
    push->stage = ESPOTA_PUSH_PASSWORD;
    espota_loop_disarm(push->base.config.loop, &push->base.timer);
    push->base.config.hooks.asks(push->base.config.hooks.context);
}

/* Again from the page, which says whether the password is right. */
static void ask_again(struct espota_push *push)
{
    espota_push_start(push, push->row == &nobody ? ESPOTA_PUSH_PROBING : ESPOTA_PUSH_ASKING);
}

/* The page said 401: with what it offers, once; a second 401 is a refusal. */
void espota_push_answer_challenge(struct espota_push *push,
                                  const struct espota_http_session_result *result)
{
    if (push->auth != ESPOTA_HTTP_AUTH_OPEN) {
        espota_push_end(push, ESPOTA_E_AUTH, NULL);
        return;
    }
    push->auth =
        result->offered == ESPOTA_HTTP_AUTH_DIGEST ? result->offered : ESPOTA_HTTP_AUTH_BASIC;
    if (push->base.config.password == NULL) {
        ask_password(push);
        return;
    }
    espota_push_tell(push, ESPOTA_EVENT_AUTH);
    ask_again(push);
}

static void unlock(struct espota_push *push)
{
    struct espota_json *object = espota_json_object();

    if (espota_json_set_text(object, "pin", push->base.config.password))
        push->pin = espota_json_line(object);
    espota_json_free(object);
    push->tried_pin = true;
    if (push->pin == NULL)
        espota_push_end(push, ESPOTA_E_MEMORY, "no memory for a PIN");
    else
        espota_push_start(push, ESPOTA_PUSH_UNLOCKING);
}

void espota_push_answer_pin(struct espota_push *push)
{
    push->wants_pin = true;
    if (push->tried_pin)
        espota_push_end_with(push, ESPOTA_E_AUTH,
                             "it did not accept the PIN (after a wrong one it takes none for 3 s)",
                             ESPOTA_REMEDY_GIVE_PASSWORD);
    else if (push->base.config.password == NULL)
        ask_password(push);
    else {
        espota_push_tell(push, ESPOTA_EVENT_AUTH);
        unlock(push);
    }
}

/* --- answers --- */

static void refuse(struct espota_push *push, const struct espota_http_session_result *result,
                   enum espota_status status, const char *advice)
{
    espota_push_note(push, result);
    espota_push_end_with(push, status, advice, 0);
}

/*
 * A form does not say how long its file is. So an ESP8266 puts it right behind the program that
 * runs, from where the boot loader can unpack it over what it has yet to read; whether it does
 * depends on how large that program is, which nobody tells. A Pico keeps a file, and JAndrassy's
 * library and WLED tell the length.
 */
static bool may_overrun(const struct espota_push *push)
{
    const struct espota_source *source = push->base.config.source;

    return push->row->packed_behind && source->gzip && source->chip == ESPOTA_CHIP_ESP8266 &&
           !espota_push_sends_filesystem(push) && !push->base.config.options->force;
}

/* The page is as it should be. */
static void go_on(struct espota_push *push, const struct espota_http_session_result *result)
{
    const struct espota_web_row *row = push->row;
    const uint8_t *bytes = push->base.config.source->sent.bytes;
    bool restarts = row->start_if != NULL &&
                    espota_web_holds(result->body, result->body_length, row->start_if) &&
                    bytes[0] == PROGRAM;

    if (espota_push_sends_filesystem(push) && row->filesystem == NULL) {
        espota_push_end_with(push, ESPOTA_E_IMAGE, "it takes no file system by its web page", 0);
    } else if (may_overrun(push)) {
        espota_push_end_with(
            push, ESPOTA_E_IMAGE,
            "it is not sent: a web updater does not learn how long a compressed image is and puts "
            "it right behind the program that runs, where unpacking it can overwrite it and "
            "destroy the device; send it uncompressed, or to the device's address in place of the "
            "URL",
            ESPOTA_REMEDY_FORCE);
    } else if (row->start != NULL && (row->start_if == NULL || restarts)) {
        push->ready_by = restarts ? espota_attempt_now(&push->base) + READY_MS : 0;
        espota_push_start(push, ESPOTA_PUSH_STARTING);
    } else {
        espota_push_start(push, ESPOTA_PUSH_SENDING);
    }
}

/* Whether the whole of it is there, and without the form that the kind has. */
static bool lacks_form(const struct espota_push *push,
                       const struct espota_http_session_result *result)
{
    return push->row->form != NULL && result->http == 200 &&
           result->body_length < ESPOTA_HTTP_BODY_MAX - 1 &&
           !espota_web_holds(result->body, result->body_length, push->row->form);
}

static bool redirects(struct espota_push *push, const struct espota_http_session_result *result)
{
    if (result->http < 300 || result->http >= 400)
        return false;
    push->base.outcome.http = result->http;
    return true;
}

static void judge_page(struct espota_push *push, const struct espota_http_session_result *result)
{
    const struct espota_web_answer *answer =
        espota_web_find_answer(push->row->pages, result->http, result->body, result->body_length,
                               push->base.config.source);

    push->base.outcome.http = result->http;
    if (answer != NULL && answer->status == ESPOTA_MORE)
        espota_push_answer_pin(push);
    else if (answer != NULL)
        refuse(push, result, answer->status, answer->advice);
    else if (result->http == 401)
        espota_push_answer_challenge(push, result);
    else if (result->http == 403)
        espota_push_end(push, ESPOTA_E_AUTH, NULL);
    else if (redirects(push, result))
        espota_push_end(push, ESPOTA_E_REFUSED, NULL);
    else if (lacks_form(push, result))
        refuse(push, result, ESPOTA_E_REFUSED, push->row->no_form);
    else /* some updaters know only POST: what they say to a GET means nothing */
        go_on(push, result);
}

/* The page of a URL that names one may show that it is another kind's than people mean by that. */
void espota_push_take_page(struct espota_push *push,
                           const struct espota_http_session_result *result)
{
    enum espota_web_kind kind = ESPOTA_WEB_AUTO;

    if (push->found)
        kind = espota_web_recognize(result->body, result->body_length);
    if (result->http != 0 && (kind == ESPOTA_WEB_AUTO || kind == push->row->kind)) {
        judge_page(push, result); /* it came, however it ended */
    } else if (result->http != 0) {
        choose(push, kind, NULL);
        espota_push_start(push, ESPOTA_PUSH_ASKING);
    } else if (push->found && result->status == ESPOTA_E_BROKEN) {
        /* there is no such page: ESPHome says so by silence, and has another one */
        push->row = &nobody;
        push->probe = ROOT_PROBE;
        push->base.outcome.web = ESPOTA_WEB_AUTO;
        espota_push_start(push, ESPOTA_PUSH_PROBING);
    } else {
        espota_push_fail(push, result);
    }
}

static void probe_next(struct espota_push *push, const struct espota_http_session_result *result)
{
    push->probe++;
    if (espota_web_probe(push->probe) != NULL)
        espota_push_start(push, ESPOTA_PUSH_PROBING);
    else if (result->http == 0)
        espota_push_fail(push, result);
    else if (redirects(push, result))
        espota_push_end(push, ESPOTA_E_REFUSED, NULL);
    else
        espota_push_end_with(
            push, ESPOTA_E_REFUSED,
            "none of the updaters that are known answers there (asked for /update and "
            "/): name its page in the URL, or say which one it is",
            ESPOTA_REMEDY_NAME_UPDATER);
}

void espota_push_take_probe(struct espota_push *push,
                            const struct espota_http_session_result *result)
{
    const char *page = espota_web_probe(push->probe);
    enum espota_web_kind kind = espota_web_recognize(result->body, result->body_length);

    if (result->http == 0 && result->status != ESPOTA_E_BROKEN)
        espota_push_fail(push, result);
    else if (result->http == 401 && result->offered != ESPOTA_HTTP_AUTH_OPEN)
        espota_push_answer_challenge(push, result);
    else if (kind == ESPOTA_WEB_AUTO)
        probe_next(push, result);
    else {
        choose(push, kind, kind == ESPOTA_WEB_ARDUINO ? page : NULL);
        if (espota_web_doubt(kind) != NULL)
            espota_push_start(push, ESPOTA_PUSH_DOUBTING);
        else if (strcmp(push->row->page, page) == 0)
            judge_page(push, result);
        else
            espota_push_start(push, ESPOTA_PUSH_ASKING);
    }
}

void espota_push_take_doubt(struct espota_push *push,
                            const struct espota_http_session_result *result)
{
    enum espota_web_kind kind = espota_web_recognize(result->body, result->body_length);

    if (kind == ESPOTA_WEB_ESPEASY)
        choose(push, kind, push->own);
    go_on(push, result);
}

static void rest(struct espota_push *push, const struct espota_http_session_result *result)
{
    if (espota_attempt_now(&push->base) >= push->ready_by)
        espota_push_fail(push, result);
    else
        espota_push_rest(push, REST_MS);
}

void espota_push_take_start(struct espota_push *push,
                            const struct espota_http_session_result *result)
{
    bool waits = push->ready_by != 0;

    if (waits && (result->http == 0 || espota_web_is(result->body, result->body_length, "false")))
        rest(push, result);
    else if (result->http == 0)
        espota_push_fail(push, result);
    else if (result->http == 401)
        espota_push_answer_challenge(push, result);
    else if (result->http != 200 ||
             !espota_web_is(result->body, result->body_length, push->row->started))
        refuse(push, result, ESPOTA_E_REFUSED, NULL);
    else
        espota_push_start(push, ESPOTA_PUSH_SENDING);
}

void espota_push_take_password(struct espota_push *push)
{
    if (push->stage != ESPOTA_PUSH_PASSWORD)
        return;
    if (push->base.config.password == NULL)
        espota_push_end_with(
            push, ESPOTA_E_AUTH,
            push->wants_pin ? "it wants the PIN of its settings, and none was given" : NULL,
            ESPOTA_REMEDY_GIVE_PASSWORD);
    else if (push->wants_pin)
        unlock(push);
    else
        ask_again(push);
}

void espota_push_begin_asking(struct espota_push *push)
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
    espota_push_start(push, push->row == &nobody ? ESPOTA_PUSH_PROBING : ESPOTA_PUSH_ASKING);
}
