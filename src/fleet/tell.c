/* SPDX-License-Identifier: MIT */
/*
 * Everything that a run says leaves through here: as an event, which is counted where it ends a
 * target, and the event as a line of JSON.
 */
#include "fleet/fleet.h"
#include "text/text.h"
#include "wire/wire.h"

static void tell(const struct espota_upload *upload, const struct espota_upload_event *event)
{
    if (upload->options.event != NULL)
        upload->options.event(upload->options.context, event);
}

static double seconds_since(const struct espota_upload *upload, uint64_t began)
{
    return (double)(espota_loop_now(upload->loop) - began) / 1000;
}

static struct espota_upload_event about(const struct espota_job *job, enum espota_event_kind kind)
{
    struct espota_upload_event event = {
        .kind = kind,
        .dry_run = job->upload->options.dry_run,
        .target = job->target,
        .index = job->index,
        .bytes = job->acked,
        .total = job->total != 0       ? job->total
                 : job->source != NULL ? job->source->length
                                       : 0,
        .seconds = job->begun ? seconds_since(job->upload, job->began) : 0,
        .attempts = job->turn->attempts,
        .web = espota_web_kind_name(job->web_found),
    };

    return event;
}

void espota_fleet_tell_start(struct espota_upload *upload)
{
    struct espota_upload_event event = {
        .kind = ESPOTA_EVENT_START, .dry_run = upload->options.dry_run, .targets = upload->count};

    for (size_t i = 0; i < upload->count; i++) {
        const struct espota_source *source = upload->jobs[i].source;

        if (source != NULL && source->length > event.bytes)
            event.bytes = source->length;
    }
    tell(upload, &event);
}

void espota_fleet_tell_event(struct espota_job *job, const struct espota_attempt_event *what)
{
    struct espota_upload_event event;
    char address[ESPOTA_ADDRESS_TEXT];

    job->acked = what->acked;
    job->web_found = what->web;
    job->total = what->total;
    event = about(job, what->kind);
    if (what->kind == ESPOTA_EVENT_INVITED || what->kind == ESPOTA_EVENT_CONNECTED)
        event.address = espota_address_format(&what->address, true, address);
    if (what->kind == ESPOTA_EVENT_AUTH)
        event.scheme = what->scheme;
    tell(job->upload, &event);
}

static void tell_end(struct espota_job *job, enum espota_event_kind kind,
                     const struct espota_end *end)
{
    struct espota_upload_event event = about(job, kind);

    event.status = end->status;
    event.message = end->message;
    event.remedy = end->remedy;
    tell(job->upload, &event);
}

void espota_fleet_tell_retry(struct espota_job *job, const struct espota_end *end)
{
    tell_end(job, ESPOTA_EVENT_RETRY, end);
}

static void count(struct espota_upload *upload, enum espota_status status)
{
    if (status == ESPOTA_OK && upload->options.dry_run)
        upload->ready++;
    else if (status == ESPOTA_OK)
        upload->ok++;
    else if (status == ESPOTA_E_UNKNOWN)
        upload->unknown++;
    else
        upload->failed++;
    if (status == ESPOTA_OK)
        return;
    if (upload->common == ESPOTA_OK)
        upload->common = status;
    else if (espota_status_exit_code(upload->common) != espota_status_exit_code(status))
        upload->common = ESPOTA_E_FAILED;
}

void espota_fleet_tell_result(struct espota_job *job, const struct espota_end *end)
{
    count(job->upload, end->status);
    tell_end(job, ESPOTA_EVENT_RESULT, end);
}

void espota_fleet_tell_skipped(struct espota_job *job, const char *message)
{
    struct espota_upload_event event = about(job, ESPOTA_EVENT_SKIPPED);

    job->upload->skipped++;
    event.already = job->recalled;
    event.message = message;
    tell(job->upload, &event);
}

struct espota_end espota_fleet_end_of(const struct espota_error *err)
{
    return (struct espota_end){err->status, err->message, err->remedy};
}

void espota_fleet_tell_settled(struct espota_job *job)
{
    struct espota_end end;

    if (job->early != NULL) {
        end = espota_fleet_end_of(job->early);
        espota_fleet_tell_result(job, &end);
    } else if (job->recalled)
        espota_fleet_tell_skipped(job, "an earlier run has done it");
    else if (job->doubled)
        espota_fleet_tell_skipped(job, "another target is the same device");
}

void espota_fleet_tell_all_settled(struct espota_upload *upload)
{
    if (upload->recalled > 0)
        espota_log_say(&upload->options.log, ESPOTA_LOG_NOTE,
                       "%zu of %zu targets are done already, says %s", upload->recalled,
                       upload->count, upload->options.state_file);
    for (size_t i = 0; i < upload->count; i++)
        espota_fleet_tell_settled(&upload->jobs[i]);
}

enum espota_status espota_fleet_tell_summary(struct espota_upload *upload)
{
    struct espota_upload_event event = {
        .kind = ESPOTA_EVENT_SUMMARY,
        .status = upload->stopped ? ESPOTA_E_INTERRUPTED : upload->common,
        .targets = upload->count,
        .ok = upload->ok,
        .failed = upload->failed,
        .unknown = upload->unknown,
        .skipped = upload->skipped,
        .done_before = upload->recalled,
        .ready = upload->ready,
        .dry_run = upload->options.dry_run,
        .seconds = seconds_since(upload, upload->began),
    };

    tell(upload, &event);
    return event.status;
}

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
    if (event->web != NULL && !espota_json_set_text(object, "web", event->web))
        goto done;
    if (add_details(object, event, message != NULL ? message : event->message, signal))
        line = espota_json_line(object);
done:
    espota_json_free(object);
    return line;
}
