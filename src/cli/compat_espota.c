/* SPDX-License-Identifier: MIT */
/* Stands in for espota.py. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compat.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "cli/run_upload.h"
#include "cli/secrets.h"

enum { FAILURE = 1, BAD_USAGE = 2, ESP32_PORT = 3232 };

static const char *yes_no(bool flag)
{
    return flag ? "True" : "False";
}

/* The options, as it prints them; but it prints the password. */
static void tell_options(const struct compat_espota *line)
{
    out_detail("Options: {'esp_ip': '%s', 'host_ip': '%s', 'esp_port': %u, 'host_port': %u, "
               "'auth': '%s', 'image': '%s', 'spiffs': %s, 'debug': %s, 'progress': %s}",
               line->ip, line->host_ip != NULL ? line->host_ip : "0.0.0.0", line->port,
               line->host_port, line->auth.length > 0 ? "***" : "", line->file,
               yes_no(line->spiffs), yes_no(line->debug), yes_no(line->progress));
}

static void fill_options(const struct compat_espota *line, struct espota_upload_options *to)
{
    const char *force = getenv("ESPOTA_FORCE");

    to->legacy_tool = true;
    to->file = line->file;
    to->filesystem = line->spiffs;
    to->force = force != NULL && strcmp(force, "1") == 0;
    to->port = line->port;
    to->fallback_port = line->spiffs_long ? ESP32_PORT : 0;
    to->host_ip = line->host_ip;
    to->host_port = line->host_port;
    to->auth = line->md5_target ? ESPOTA_UPLOAD_AUTH_MD5_FIRST : ESPOTA_UPLOAD_AUTH_AUTO;
    to->password = line->auth;
    if (line->timeout_ms != 0)
        to->timeout_ms = line->timeout_ms;
}

static int upload(const struct compat_espota *line)
{
    struct upload_source source = {.text = line->ip};
    struct run_upload run = {
        .options = ESPOTA_UPLOAD_OPTIONS_INIT,
        .sources = &source,
        .source_count = 1,
        .style = line->progress ? SHOW_CELLS : SHOW_DOTS,
    };
    enum espota_status status;
    int exit_code;

    fill_options(line, &run.options);
    exit_code = run_upload(&run, &status);
    if (status == ESPOTA_OK)
        return 0;
    if (status == ESPOTA_E_USAGE)
        return BAD_USAGE;
    return exit_code > 128 ? exit_code : FAILURE;
}

/*
 * The IDEs always pass --auth=, empty where there is no password. So an empty one counts as not
 * given; and where none is found elsewhere it is the empty password after all, as it is there.
 */
static enum espota_status find_password(struct compat_espota *line, struct espota_error *err)
{
    enum espota_status status;

    if (line->auth.length == 0)
        espota_secret_wipe(&line->auth);
    status = password_collect(&line->auth, NULL, false, err);
    if (status == ESPOTA_OK && line->auth.bytes == NULL)
        status = espota_secret_copy(&line->auth, "", 0, err);
    return status;
}

static void print_line(void *context, const char *text)
{
    (void)context;
    out_data("%s\n", text);
}

int compat_espota(int argc, char **argv)
{
    struct compat_espota line;
    struct espota_error err = ESPOTA_ERROR_INIT;
    bool help = false;
    int exit_code = FAILURE;

    if (compat_espota_parse(&line, argc, argv, &help, &err) != ESPOTA_OK) {
        show_error(&err);
        out_hint("Try 'espota-c -h' for the options of espota.py, 'espota-c --help' for all else.");
        exit_code = BAD_USAGE;
    } else if (help) {
        opt_help(&compat_espota_command, print_line, NULL);
        exit_code = 0;
    } else if (line.ip == NULL || *line.ip == '\0' || line.file == NULL || *line.file == '\0') {
        out_error("not enough arguments: -i ADDRESS and -f FILE are needed");
    } else if (find_password(&line, &err) != ESPOTA_OK) {
        show_error(&err);
    } else {
        out_set_verbose(line.debug);
        tell_options(&line);
        exit_code = upload(&line);
    }
    compat_espota_deinit(&line);
    return exit_code;
}
