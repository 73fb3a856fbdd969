/* SPDX-License-Identifier: MIT */
/* An upload from options to exit code: what cmd_upload and espota.py's line have in common. */
#ifndef ESPOTA_CLI_RUN_UPLOAD_H
#define ESPOTA_CLI_RUN_UPLOAD_H

#include <stdbool.h>
#include <stddef.h>

#include "cli/show_upload.h"
#include "espota/upload.h"

/* Where targets come from, in the order in which they were typed. */
struct upload_source {
    struct espota_upload_target target;
    bool is_file;                /* target.host is a targets file instead */
    struct espota_secret secret; /* the memory behind a host that holds a password */
};

struct run_upload {
    struct espota_upload_options options; /* log, event and context are set by the run */
    const struct upload_source *sources;
    size_t source_count;
    enum show_style style;
    bool json;
    bool may_ask;            /* for a password, on the terminal */
    const char *report_file; /* .md or .xml; NULL: none */
};

/*
 * Uploads and tells about it. The result is the exit code of native mode; *status (may be NULL) is
 * what it comes to.
 */
int run_upload(struct run_upload *run, enum espota_status *status);

#endif
