/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "espota/upload.h"
#include "text/text.h"

static const char *const words[] = {
    [ESPOTA_EVENT_START] = "start",       [ESPOTA_EVENT_INVITED] = "invited",
    [ESPOTA_EVENT_AUTH] = "auth",         [ESPOTA_EVENT_CONNECTED] = "connected",
    [ESPOTA_EVENT_PROGRESS] = "progress", [ESPOTA_EVENT_RETRY] = "retry",
    [ESPOTA_EVENT_RESULT] = "result",     [ESPOTA_EVENT_SKIPPED] = "skipped",
    [ESPOTA_EVENT_SUMMARY] = "summary",
};

static bool set_size(struct espota_json *object, const char *key, uint64_t number)
{
    return espota_json_set_integer(object, key, (int64_t)number);
}

/* The exit code that the status gives alone, its word and the sentence. */
static bool add_status(struct espota_json *object, const struct espota_upload_event *event,
                       const char *message, int signal)
{
    bool stopped = event->status == ESPOTA_E_INTERRUPTED && signal != 0;
    bool pretended = event->dry_run && event->status == ESPOTA_OK;

    return espota_json_set_integer(
               object, "code", stopped ? 128 + signal : espota_status_exit_code(event->status)) &&
           espota_json_set_text(object, "reason",
                                pretended ? "dry-run" : espota_status_word(event->status)) &&
           espota_json_set_text(object, "message", message);
}

/* Only a dry run has the member at all. */
static bool add_dry_run(struct espota_json *object, const struct espota_upload_event *event)
{
    return !event->dry_run || espota_json_set_bool(object, "dry_run", true);
}

static bool add_result(struct espota_json *object, const struct espota_upload_event *event,
                       const char *message, int signal)
{
    return espota_json_set_bool(object, "ok", event->status == ESPOTA_OK) &&
           add_status(object, event, message, signal) && set_size(object, "bytes", event->bytes) &&
           set_size(object, "total", event->total) &&
           espota_json_set_real(object, "seconds", event->seconds) &&
           set_size(object, "attempts", event->attempts);
}

static bool add_summary(struct espota_json *object, const struct espota_upload_event *event)
{
    return set_size(object, "targets", event->targets) && set_size(object, "ok", event->ok) &&
           set_size(object, "failed", event->failed) &&
           set_size(object, "unknown", event->unknown) &&
           set_size(object, "skipped", event->skipped) &&
           set_size(object, "done_before", event->done_before) && add_dry_run(object, event) &&
           (!event->dry_run || set_size(object, "ready", event->ready)) &&
           espota_json_set_real(object, "seconds", event->seconds);
}

static bool add_details(struct espota_json *object, const struct espota_upload_event *event,
                        const char *message, int signal)
{
    switch (event->kind) {
    case ESPOTA_EVENT_START:
        return set_size(object, "targets", event->targets) &&
               set_size(object, "bytes", event->bytes) && add_dry_run(object, event);
    case ESPOTA_EVENT_INVITED:
        return espota_json_set_text(object, "address", event->address) &&
               set_size(object, "attempt", event->attempts);
    case ESPOTA_EVENT_AUTH:
        return espota_json_set_text(object, "scheme", event->scheme);
    case ESPOTA_EVENT_CONNECTED:
        return espota_json_set_text(object, "address", event->address);
    case ESPOTA_EVENT_PROGRESS:
        return set_size(object, "bytes", event->bytes) && set_size(object, "total", event->total);
    case ESPOTA_EVENT_RETRY:
        return add_status(object, event, message, signal) &&
               set_size(object, "attempt", event->attempts);
    case ESPOTA_EVENT_RESULT:
        return add_result(object, event, message, signal);
    case ESPOTA_EVENT_SKIPPED:
        return espota_json_set_bool(object, "done", event->already) &&
               espota_json_set_text(object, "message", message);
    case ESPOTA_EVENT_SUMMARY:
        return add_summary(object, event);
    }
    return false;
}

char *espota_upload_event_json(const struct espota_upload_event *event, const char *message,
                               int signal)
{
    struct espota_json *object = espota_json_object();
    char *line = NULL;

    if (!espota_json_set_text(object, "event", words[event->kind]))
        goto done;
    if (event->target != NULL && !espota_json_set_text(object, "target", event->target))
        goto done;
    if (add_details(object, event, message != NULL ? message : event->message, signal))
        line = espota_json_line(object);
done:
    espota_json_free(object);
    return line;
}
