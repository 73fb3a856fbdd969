/* SPDX-License-Identifier: MIT */
/* What became of each target of a run, as a file for people (.md) or for a CI server (.xml, JUnit).
 */
#ifndef ESPOTA_CLI_REPORT_H
#define ESPOTA_CLI_REPORT_H

#include "espota/upload.h"
#include "text/text.h"

/* Begin from zero: no report is wanted, and none is written. */
struct report {
    struct espota_output *output; /* taken before the first device is tried */
    bool junit;
    struct espota_builder rows;              /* one for each result, in the format of the file */
    size_t listed, failed, unknown, skipped; /* rows, and what they are */
    struct espota_upload_event summary;
};

/*
 * The format is that of the path's extension, .md or .xml; E_USAGE for any other. Opened at once,
 * so that what cannot be written is known before anything is sent.
 */
enum espota_status report_begin(struct report *report, const char *path,
                                struct espota_error *err) ESPOTA_MUST_CHECK;
/* Hand in every event; it takes the results and the summary. */
void report_note(struct report *report, const struct espota_upload_event *event);
/* Writes the file, whole or not at all. */
enum espota_status report_write(struct report *report, struct espota_error *err) ESPOTA_MUST_CHECK;
void report_deinit(struct report *report);

#endif
