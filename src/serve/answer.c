/* SPDX-License-Identifier: MIT */
/* One request of a device: parsed, decided, answered, told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http/http.h"
#include "serve/inside.h"
#include "sys/sys.h"
#include "wire/wire.h"

enum {
    ACCEL_ROOM = ESPOTA_SERVE_ACCEL_MAX + 1 + 3 * ESPOTA_STORE_NAME_MAX, /* escaped */
    SETTLE_TRIES = 8,                                                    /* two seconds */
};

/* With the other headers of an image. */
_Static_assert(ACCEL_ROOM + 512 < ESPOTA_HTTP_HEADERS_ROOM, "");

static void take_header(void *context, const char *name, const char *value)
{
    espota_pull_request_header(context, name, value);
}

static bool may_enter(const struct espota_serve *serve, struct espota_http_request *request)
{
    bool allowed = serve->rules->auth == NULL;

    /* every line is compared, whichever fits: the time tells nothing */
    for (const char *line = serve->rules->auth; line != NULL && *line != '\0';
         line += strlen(line) + 1)
        allowed |= espota_http_request_basic(request, line);
    return allowed;
}

static void say(struct espota_http_answer *answer, unsigned status, const char *text)
{
    answer->status = status;
    answer->text = text;
    answer->length = strlen(text);
    espota_http_answer_header(answer, "Content-Type", "text/plain; charset=utf-8");
}

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           strchr("/-_.~", c) != NULL;
}

/* "/_fw" and "a b.bin" to "/_fw/a%20b.bin". */
static void accel_path(const char *prefix, const char *name, char out[ACCEL_ROOM])
{
    struct espota_builder path;

    espota_builder_init(&path, out, ACCEL_ROOM);
    espota_builder_add(&path, "%s%s", prefix, prefix[strlen(prefix) - 1] == '/' ? "" : "/");
    for (; *name != '\0'; name++)
        espota_builder_add(&path, is_plain(*name) ? "%c" : "%%%02X", (unsigned char)*name);
}

/* The whole file or the part that was asked for. */
static void give_bytes(struct espota_http_request *request, const struct espota_store_item *item,
                       struct espota_http_answer *answer)
{
    const char *range = espota_http_request_header(request, "Range");
    const char *of = espota_http_request_header(request, "If-Range");
    struct espota_byte_range part;
    char text[96];

    answer->shared = item->content;
    answer->length = item->size;
    espota_http_answer_header(answer, "Accept-Ranges", "bytes");
    snprintf(text, sizeof(text), "\"%s\"", item->md5);
    espota_http_answer_header(answer, "ETag", text);
    if (of != NULL && strcmp(of, text) != 0)
        range = NULL; /* the rest of another file would make a mixture */
    switch (espota_byte_range_parse(range, item->size, &part)) {
    case ESPOTA_OK:
        answer->status = 206;
        answer->offset = (size_t)part.first;
        answer->length = (size_t)part.length; /* it lies within item->size */
        snprintf(text, sizeof(text), "bytes %llu-%llu/%llu", (unsigned long long)part.first,
                 (unsigned long long)(part.first + part.length - 1),
                 (unsigned long long)item->size);
        espota_http_answer_header(answer, "Content-Range", text);
        break;
    case ESPOTA_BAD:
        answer->shared = NULL;
        say(answer, 416, "no such range\n");
        snprintf(text, sizeof(text), "bytes */%llu", (unsigned long long)item->size);
        espota_http_answer_header(answer, "Content-Range", text);
        break;
    default: /* none was asked for */
        break;
    }
}

static void give(const struct espota_serve *serve, struct espota_http_request *request,
                 const struct espota_decision *decision, struct espota_http_answer *answer)
{
    const struct espota_store_item *item = decision->item;

    answer->status = 200;
    espota_http_answer_header(answer, "x-MD5", item->md5);
    if (decision->version[0] != '\0')
        espota_http_answer_header(answer, "x-version", decision->version);
    if (serve->options.accel == NULL) {
        give_bytes(request, item, answer);
    } else {
        char path[ACCEL_ROOM];

        accel_path(serve->options.accel, item->name, path);
        espota_http_answer_header(answer, "X-Accel-Redirect", path);
    }
    if (answer->status != 416)
        espota_http_answer_header(answer, "Content-Type", "application/octet-stream");
}

/* The text of a version stays in the decision, which outlives the answer's use of it. */
static void fill_answer(const struct espota_serve *serve, struct espota_http_request *request,
                        const struct espota_decision *decision, struct espota_http_answer *answer)
{
    if (decision->item != NULL) {
        give(serve, request, decision, answer);
    } else if (decision->status == 200) {
        espota_http_answer_header(answer, "x-version", decision->version);
        say(answer, 200, decision->version);
    } else if (decision->status == 304) {
        answer->status = 304;
    } else if (decision->status == 401) {
        espota_http_answer_header(answer, "WWW-Authenticate", "Basic realm=\"updates\"");
        say(answer, 401, "a user and a password are needed\n");
    } else if (decision->status == 503) {
        espota_http_answer_header(answer, "Retry-After", "2");
        say(answer, 503, "the file is being written just now\n");
    } else {
        say(answer, decision->status,
            decision->status == 403 ? "not allowed\n" : "nothing for this client\n");
    }
}

/* Behind nginx the one who asked is the one that nginx names. */
static void find_peer(const struct espota_serve *serve, struct espota_http_request *request,
                      char out[ESPOTA_ADDRESS_TEXT])
{
    const char *named =
        serve->options.accel != NULL ? espota_http_request_header(request, "X-Real-IP") : NULL;
    struct espota_address peer;

    if (named == NULL || !espota_address_parse(named, &peer))
        espota_http_request_peer(request, &peer);
    espota_address_format(&peer, false, out);
}

void espota_serve_tell_event(struct espota_serve_event event,
                             const struct espota_pull_request *pull,
                             const struct espota_decision *decision, void *context,
                             void (*tell)(void *context, const struct espota_serve_event *event))
{
    char time[ESPOTA_SERVE_TIME_ROOM];
    char path[4 * ESPOTA_PULL_PATH_MAX];
    char file[4 * ESPOTA_PULL_PATH_MAX] = "";

    espota_serve_time(espota_clock_wall(), time);
    espota_text_printable(event.path, strlen(event.path), path, sizeof(path));
    if (decision->item != NULL)
        espota_text_printable(decision->item->name, strlen(decision->item->name), file,
                              sizeof(file));
    event.time = time;
    event.mac = pull->mac;
    event.chip = espota_pull_family_word(pull->family);
    event.mode = espota_pull_mode_word(pull->mode);
    event.path = path;
    event.version = pull->version;
    event.md5 = pull->sketch_md5;
    event.file = file;
    event.why = decision->why;
    event.rule = decision->rule;
    tell(context, &event);
}

static void refuse(struct espota_decision *decision, unsigned status, const char *why)
{
    *decision = (struct espota_decision){.status = status};
    snprintf(decision->why, sizeof(decision->why), "%s", why);
}

static void decide(struct espota_serve *serve, struct espota_http_request *request,
                   struct espota_pull_request *pull, const char *path,
                   struct espota_decision *decision)
{
    enum espota_status status = espota_pull_request_path(pull, path, strlen(path));

    if (!may_enter(serve, request))
        refuse(decision, 401,
               espota_http_request_header(request, "Authorization") != NULL
                   ? "the user or the password is wrong"
                   : "no user and password were given");
    else if (status != ESPOTA_OK)
        refuse(decision, 403, "the path leads out of the folder, or is none");
    else
        espota_decide(pull, serve->rules->manifest, &serve->rules->store->table,
                      espota_clock_wall(), decision);
}

/*
 * A Pico, and every device that updates its file system, does not say what it has: it would be
 * given the same again and again. Where nginx sends the bytes nobody knows whether it has them all:
 * then it may try again after some minutes.
 */
static void withhold_repeated(struct espota_serve *serve, const struct espota_pull_request *pull,
                              struct espota_decision *decision)
{
    if (!decision->blind ||
        !espota_registry_has_it(serve->registry, pull->mac, pull->mode == ESPOTA_PULL_FILESYSTEM,
                                decision->item->md5, serve->options.accel == NULL,
                                espota_clock_wall()))
        return;
    decision->item = NULL;
    decision->status = 304;
    snprintf(decision->why, sizeof(decision->why),
             "it was given just this within the last minutes, and does not say what it runs");
    espota_log_say(
        &serve->options.log, ESPOTA_LOG_WARNING,
        "%s asks again for what it has just taken: it is told that there is nothing new; "
        "a sketch that says its version would not ask",
        pull->mac);
}

/* An image on its way to a client. */
struct delivery {
    struct espota_serve *serve;
    char address[ESPOTA_ADDRESS_TEXT];
    char mac[ESPOTA_MAC_DIGITS + 1];
    char file[4 * ESPOTA_PULL_PATH_MAX];
    char md5[33];
    bool filesystem;
    bool part; /* of it was asked for */
};

static void delivered(void *context, const struct espota_http_end *end)
{
    struct delivery *delivery = context;
    struct espota_serve *serve = delivery->serve;
    struct espota_serve_notice notice = {.what = ESPOTA_SERVE_CUT,
                                         .address = delivery->address,
                                         .mac = delivery->mac,
                                         .file = delivery->file,
                                         .bytes = end->sent,
                                         .size = end->length};

    if (!end->whole)
        espota_serve_tell(serve, &notice);
    else if (!delivery->part)
        espota_registry_given(serve->registry, delivery->mac, delivery->filesystem, delivery->md5,
                              espota_clock_wall());
    free(delivery);
}

static void follow_delivery(struct espota_serve *serve, const struct espota_pull_request *pull,
                            const char *address, const struct espota_store_item *item,
                            struct espota_http_answer *answer)
{
    struct delivery *delivery = calloc(1, sizeof(*delivery));

    if (delivery == NULL)
        return;
    delivery->serve = serve;
    snprintf(delivery->address, sizeof(delivery->address), "%s", address);
    snprintf(delivery->mac, sizeof(delivery->mac), "%s", pull->mac);
    espota_text_printable(item->name, strlen(item->name), delivery->file, sizeof(delivery->file));
    snprintf(delivery->md5, sizeof(delivery->md5), "%s", item->md5);
    delivery->filesystem = pull->mode == ESPOTA_PULL_FILESYSTEM;
    delivery->part = answer->status != 200;
    answer->over = delivered;
    answer->over_context = delivery;
}

void espota_serve_answer(void *context, struct espota_http_request *request, const char *method,
                         const char *path, struct espota_http_answer *answer)
{
    struct espota_serve *serve = context;
    struct espota_pull_request pull;
    char address[ESPOTA_ADDRESS_TEXT];
    uint64_t sent;

    espota_pull_request_init(&pull);
    espota_http_request_headers(request, take_header, &pull);
    decide(serve, request, &pull, path, &serve->decision);
    if (serve->decision.wait && espota_http_request_tries(request) < SETTLE_TRIES) {
        answer->again = true;
        return;
    }
    withhold_repeated(serve, &pull, &serve->decision);
    fill_answer(serve, request, &serve->decision, answer);
    find_peer(serve, request, address);
    sent = answer->shared != NULL && strcmp(method, "HEAD") != 0 ? answer->length : 0;
    serve->counts.by_status[answer->status < 600 ? answer->status : 599]++;
    serve->counts.bytes += sent;
    if (answer->status != 401)
        espota_registry_note(serve->registry, &pull, address, answer->status, serve->decision.why,
                             espota_clock_wall());
    if (sent > 0 && serve->decision.item != NULL)
        follow_delivery(serve, &pull, address, serve->decision.item, answer);
    else if (serve->decision.item != NULL && serve->options.accel != NULL &&
             strcmp(method, "HEAD") != 0) /* nginx sends it: nobody here learns how that ends */
        espota_registry_given(serve->registry, pull.mac, pull.mode == ESPOTA_PULL_FILESYSTEM,
                              serve->decision.item->md5, espota_clock_wall());
    if (serve->options.event != NULL)
        espota_serve_tell_event(
            (struct espota_serve_event){
                .address = address, .path = path, .status = answer->status, .bytes = sent},
            &pull, &serve->decision, serve->options.context, serve->options.event);
}
