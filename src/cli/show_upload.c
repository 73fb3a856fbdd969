/* SPDX-License-Identifier: MIT */
/*
 * The events of an upload as lines for people. With many devices a failure that all of them share
 * must not bury the others, nor a success take more than its line.
 */
#include "cli/run_upload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "text/text.h"

void show_upload_init(struct show_upload *show, enum show_style style)
{
    *show = (struct show_upload){.style = style};
    if (style == SHOW_BAR)
        out_force_status_line();
    if (style == SHOW_AUTO)
        show->style = out_can_rewrite() ? SHOW_BAR : SHOW_PLAIN;
    if (out_quiet)
        show->style = SHOW_NONE;
}

void show_upload_deinit(struct show_upload *show)
{
    show_progress_close(show, false);
    free(show->acked);
    free(show->early);
    show->acked = NULL;
    show->early = NULL;
}

static void start(struct show_upload *show, const struct espota_upload_event *event)
{
    show->targets = event->targets;
    if (show->targets > 1)
        show->acked = calloc(show->targets, sizeof(*show->acked));
}

static void retry(struct show_upload *show, const struct espota_upload_event *event)
{
    show_progress_close(show, false);
    out_say(show->targets == 1 ? OUT_NOTE : OUT_DETAIL, "%s: %s (trying again)", event->target,
            event->message);
}

/* "256.0 KiB in 2.1 s, 121.9 KiB/s", or what the library says where nothing was sent. */
static void tell_good(const struct espota_upload_event *event)
{
    char size[BAR_TEXT];
    char rate[BAR_TEXT];

    if (event->dry_run || event->bytes == 0)
        out_verdict(OUT_GOOD, event->dry_run ? "dry run" : "ok", "%s: %s", event->target,
                    event->message);
    else if (event->seconds < 0.1) /* too short to tell how fast it was */
        out_verdict(OUT_GOOD, "ok", "%s: %s in %.1f s", event->target, bar_size(event->bytes, size),
                    event->seconds);
    else
        out_verdict(OUT_GOOD, "ok", "%s: %s in %.1f s, %s/s", event->target,
                    bar_size(event->bytes, size), event->seconds,
                    bar_size((uint64_t)((double)event->bytes / event->seconds), rate));
}

static void tell_repeats(struct show_upload *show)
{
    if (show->again > 0)
        out_verdict(OUT_BAD, "failed", "%zu more for the same reason", show->again);
    show->again = 0;
}

/* What keeps devices from being begun, a bad image say, is told once and then counted. */
static bool is_repeated(struct show_upload *show, const struct espota_upload_event *event)
{
    bool early = event->status != ESPOTA_OK && event->attempts == 0;

    if (early && show->early != NULL && strcmp(show->early, event->message) == 0) {
        show->again++;
        return true;
    }
    tell_repeats(show);
    free(show->early);
    show->early = early ? strdup(event->message) : NULL; /* without memory each is told */
    return false;
}

static void result(struct show_upload *show, const struct espota_upload_event *event)
{
    bool good = event->status == ESPOTA_OK;

    show_progress_close(show, good && event->bytes > 0);
    show->ended++;
    show->good += good ? 1 : 0;
    if (is_repeated(show, event))
        return;
    if (good)
        tell_good(event);
    else if (show->targets == 1)
        out_error("%s: %s", event->target, event->message);
    else if (event->status == ESPOTA_E_UNKNOWN)
        out_verdict(OUT_DOUBT, "unknown", "%s: %s", event->target, event->message);
    else
        out_verdict(OUT_BAD, "failed", "%s: %s", event->target, event->message);
}

static void summary(struct show_upload *show, const struct espota_upload_event *event)
{
    struct espota_builder text;
    char room[128];

    tell_repeats(show);
    if (show->targets <= 1)
        return;
    espota_builder_init(&text, room, sizeof(room));
    if (event->dry_run)
        espota_builder_add(&text, "dry run: %zu of %zu would be sent", event->ready,
                           event->targets);
    else
        espota_builder_add(&text, "%zu of %zu done", event->ok + event->done_before,
                           event->targets);
    if (event->done_before > 0)
        espota_builder_add(&text, ", %zu of them before", event->done_before);
    if (event->failed > 0)
        espota_builder_add(&text, ", %zu failed", event->failed);
    if (event->unknown > 0)
        espota_builder_add(&text, ", %zu unknown", event->unknown);
    if (event->skipped > event->done_before)
        espota_builder_add(&text, ", %zu skipped", event->skipped - event->done_before);
    out_say(event->status == ESPOTA_OK ? OUT_NOTE : OUT_ERROR, "%s in %.1f s", room,
            event->seconds);
}

void show_upload_event(struct show_upload *show, const struct espota_upload_event *event)
{
    switch (event->kind) {
    case ESPOTA_EVENT_START:
        start(show, event);
        break;
    case ESPOTA_EVENT_INVITED:
        if (show->style == SHOW_CELLS || show->style == SHOW_DOTS)
            out_note("Sending invitation to %s", event->address);
        else
            out_detail("%s: invited at %s", event->target, event->address);
        break;
    case ESPOTA_EVENT_AUTH:
        out_detail("%s: asks for the password (%s)", event->target, event->scheme);
        break;
    case ESPOTA_EVENT_CONNECTED:
        out_detail("%s: connected from %s", event->target, event->address);
        break;
    case ESPOTA_EVENT_PROGRESS:
        show_progress(show, event);
        break;
    case ESPOTA_EVENT_RETRY:
        retry(show, event);
        break;
    case ESPOTA_EVENT_RESULT:
        result(show, event);
        break;
    case ESPOTA_EVENT_SKIPPED:
        show->ended += event->already;
        show->good += event->already;
        out_detail("%s: skipped, %s", event->target, event->message);
        break;
    case ESPOTA_EVENT_SUMMARY:
        summary(show, event);
        break;
    }
}
