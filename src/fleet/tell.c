/* SPDX-License-Identifier: MIT */
#include <stdarg.h>
#include <stdio.h>

#include "fleet/fleet.h"
#include "wire/wire.h"

void espota_fleet_log(const struct espota_upload *upload, enum espota_log_level level,
                      const char *format, ...)
{
    const struct espota_log *log = &upload->options.log;
    char line[1024];
    va_list args;

    if (log->say == NULL)
        return;
    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    log->say(log->context, level, line);
}

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
        .total = job->source != NULL ? job->source->length : 0,
        .seconds = job->begun ? seconds_since(job->upload, job->began) : 0,
        .attempts = job->upload->turns[job->index].attempts,
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
    struct espota_upload_event event = about(job, what->kind);
    char address[ESPOTA_ADDRESS_TEXT];

    event.bytes = job->acked = what->acked;
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
