/* SPDX-License-Identifier: MIT */
/*
 * Rows are kept as text from the first result on: what stands in front of them, how many there
 * are, is known at the end.
 */
#include "cli/report.h"

#include <string.h>

#include "sys/sys.h"
#include "text/text.h"

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length > strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

enum espota_status report_begin(struct report *report, const char *path, struct espota_error *err)
{
    report->junit = ends_in(path, ".xml");
    if (!report->junit && !ends_in(path, ".md"))
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "'%s' must end in .md (for people) or .xml (JUnit)", path);
    return espota_output_create(&report->output, path, ESPOTA_OUTPUT_EARLY, 0666, err);
}

/* A cell of a table: a bar would end it, a tag would be one. */
static void add_cell(struct espota_builder *to, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr("|\\`*_<>[]&", *text) != NULL)
            espota_builder_add(to, "\\");
        espota_builder_add(to, "%c", *text);
    }
}

/* Nothing was sent, and nothing is wrong with that. */
static bool is_skipped(const struct espota_upload_event *event)
{
    return event->kind == ESPOTA_EVENT_SKIPPED || (event->dry_run && event->status == ESPOTA_OK);
}

static const char *word_of(const struct espota_upload_event *event)
{
    if (event->kind == ESPOTA_EVENT_SKIPPED)
        return event->already ? "done before" : "skipped";
    if (is_skipped(event))
        return "dry run";
    return event->status == ESPOTA_OK ? "ok" : espota_status_word(event->status);
}

static void note_markdown(struct report *report, const struct espota_upload_event *event)
{
    struct espota_builder *to = &report->rows;

    espota_builder_add(to, "| ");
    add_cell(to, event->target);
    espota_builder_add(to, " | %s | %llu | %.1f | %u | ", word_of(event),
                       (unsigned long long)event->bytes, event->seconds, event->attempts);
    add_cell(to, event->status == ESPOTA_OK && !is_skipped(event) ? "" : event->message);
    espota_builder_add(to, " |\n");
}

/* A failure is what the device or its network did; an error is that nobody knows. */
static void note_junit(struct report *report, const struct espota_upload_event *event)
{
    struct espota_builder *to = &report->rows;
    const char *tag = event->status == ESPOTA_E_UNKNOWN ? "error" : "failure";

    espota_builder_add(to, "    <testcase classname=\"espota-c.upload\" name=\"");
    espota_builder_add_escaped(to, event->target);
    espota_builder_add(to, "\" time=\"%.3f\"", event->seconds);
    if (is_skipped(event)) {
        espota_builder_add(to, ">\n      <skipped message=\"%s: ", word_of(event));
        espota_builder_add_escaped(to, event->message);
        espota_builder_add(to, "\"/>\n    </testcase>\n");
        return;
    }
    if (event->status == ESPOTA_OK) {
        espota_builder_add(to, "/>\n");
        return;
    }
    espota_builder_add(to, ">\n      <%s type=\"%s\" message=\"", tag,
                       espota_status_word(event->status));
    espota_builder_add_escaped(to, event->message);
    espota_builder_add(to, "\"/>\n    </testcase>\n");
}

void report_note(struct report *report, const struct espota_upload_event *event)
{
    if (event->kind == ESPOTA_EVENT_SUMMARY)
        report->summary = *event;
    if (report->output == NULL ||
        (event->kind != ESPOTA_EVENT_RESULT && event->kind != ESPOTA_EVENT_SKIPPED))
        return;
    report->listed++;
    report->skipped += is_skipped(event);
    report->unknown += event->status == ESPOTA_E_UNKNOWN;
    report->failed += event->status != ESPOTA_OK && event->status != ESPOTA_E_UNKNOWN;
    if (report->junit)
        note_junit(report, event);
    else
        note_markdown(report, event);
}

static void put_markdown(const struct report *report, struct espota_builder *to)
{
    const struct espota_upload_event *summary = &report->summary;

    if (summary->dry_run)
        espota_builder_add(to, "# Dry run: %zu of %zu ready, nothing was sent\n\n", summary->ready,
                           summary->targets);
    else
        espota_builder_add(to, "# Upload: %zu of %zu done\n\n", summary->ok + summary->done_before,
                           summary->targets);
    espota_builder_add(to,
                       "| targets | ok | failed | unknown | skipped | seconds |\n"
                       "|---|---|---|---|---|---|\n| %zu | %zu | %zu | %zu | %zu | %.1f |\n",
                       summary->targets, summary->ok, summary->failed, summary->unknown,
                       summary->skipped, summary->seconds);
    if (report->listed > 0)
        espota_builder_add(to,
                           "\n| target | result | bytes | seconds | attempts | message |\n"
                           "|---|---|---|---|---|---|\n%s",
                           report->rows.text);
}

static void put_junit(const struct report *report, struct espota_builder *to)
{
    espota_builder_add(to,
                       "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
                       "  <testsuite name=\"espota-c upload\" tests=\"%zu\" failures=\"%zu\" "
                       "errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n%s  </testsuite>\n"
                       "</testsuites>\n",
                       report->listed, report->failed, report->unknown, report->skipped,
                       report->summary.seconds, report->listed > 0 ? report->rows.text : "");
}

enum espota_status report_write(struct report *report, struct espota_error *err)
{
    struct espota_builder to = {.text = NULL};
    enum espota_status status = ESPOTA_OK;

    if (report->output == NULL)
        return ESPOTA_OK;
    if (!report->rows.failed)
        (report->junit ? put_junit : put_markdown)(report, &to);
    if (report->rows.failed || to.failed)
        status = espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a report");
    if (status == ESPOTA_OK)
        status = espota_output_write(report->output, to.text, to.length, err);
    if (status == ESPOTA_OK)
        status = espota_output_commit(report->output, err);
    espota_builder_deinit(&to);
    return status;
}

void report_deinit(struct report *report)
{
    espota_output_destroy(report->output);
    espota_builder_deinit(&report->rows);
}
