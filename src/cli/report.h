/* SPDX-License-Identifier: MIT */
/* What became of each target of a run, as a file for people (.md) or for a CI server (.xml, JUnit).
 */
#ifndef ESPOTA_CLI_REPORT_H
#define ESPOTA_CLI_REPORT_H

#include "espota/error.h"
#include "espota/upload.h"

#ifdef __cplusplus
extern "C" {
#endif
struct espota_report;

/*
 * The format is that of the path's extension, .md or .xml; E_USAGE for any other. Opened at once,
 * so that what cannot be written is known before anything is sent.
 */
enum espota_status espota_report_create(const char *path, struct espota_report **out,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* Hand in every event; it takes the results and the summary. */
void espota_report_note(struct espota_report *report, const struct espota_upload_event *event);
/* Writes the file, whole or not at all. */
enum espota_status espota_report_write(struct espota_report *report,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_report_destroy(struct espota_report *report);

#endif
