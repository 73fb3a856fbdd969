/* SPDX-License-Identifier: MIT */
/* espota-c serve: the HTTP server that devices pull their updates from. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "espota/program.h"
#include "espota/serve.h"

struct serve_args {
    struct espota_serve_options options;
    bool check;
    bool json;
};

static const struct opt options[] = {
    {.kind = OPT_HEADING, .help = "What to give out, one of"},
    {OPT_STRING, 'd', "dir", "DIR",
     "images by their names: DIR/<MAC>.bin, then the file that the URL names, then the newest "
     "DIR/<name>-<version>.bin. Devices in file-system mode get *.fs.bin only.",
     OPT_AT(struct serve_args, options.folder)},
    {OPT_STRING, 'm', "manifest", "FILE",
     "rules in JSON, the first that matches wins. Read again when it changes and on SIGHUP; one "
     "with a mistake is refused and the old rules go on.",
     OPT_AT(struct serve_args, options.manifest)},
    {.kind = OPT_HEADING, .help = "How"},
    {OPT_STRING, 'l', "listen", "ADDR:PORT",
     "where to listen; a port alone is on every IPv4 address (default 8080). A socket that systemd "
     "hands over is taken instead.",
     OPT_AT(struct serve_args, options.listen)},
    {OPT_STRING, 0, "auth-file", "FILE", "lines of user:password; others get 401",
     OPT_AT(struct serve_args, options.auth_file)},
    {OPT_STRING, 0, "accel", "PREFIX",
     "behind nginx: let it send the bytes (X-Accel-Redirect: PREFIX/FILE)",
     OPT_AT(struct serve_args, options.accel)},
    {OPT_STRING, 0, "state", "FILE", "remember the devices that were seen over a restart",
     OPT_AT(struct serve_args, options.state_file)},
    {OPT_STRING, 0, "admin", "ADDR:PORT",
     "a page of the fleet (/) and Prometheus metrics (/metrics), for people only",
     OPT_AT(struct serve_args, options.admin)},
    {OPT_FLAG, 0, "check", NULL,
     "look the manifest through and exit: 0 good, 2 not to be used, 7 doubtful",
     OPT_AT(struct serve_args, check)},
    {.kind = OPT_HEADING, .help = "Output"},
    {OPT_FLAG, 0, "json", NULL, "one JSON object a line on standard output: ready, request",
     OPT_AT(struct serve_args, json)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "espota-c serve",
    .usage = "(--dir DIR | --manifest FILE) [options]",
    .summary = "Answers devices that ask for their updates over HTTP: the update clients of "
               "ESP8266, ESP32 and Pico cores, and whatever just fetches a file.",
    .options = options,
    .notes = "A request event has address, mac, chip, mode, path, version, md5, status, file,\n"
             "bytes, rule and why. TLS is the work of a server in front, such as nginx.",
};

/* "12:00:01 192.0.2.7 18feaa000001 esp8266 2.0.9 /door.bin: 200 door-2.1.0.bin, 401232 bytes" */
static void show_request(const struct espota_serve_event *event)
{
    time_t now = time(NULL);
    struct tm parts;
    char clock[16] = "";
    char rule[32] = "";

    if (localtime_r(&now, &parts) != NULL)
        strftime(clock, sizeof(clock), "%H:%M:%S", &parts);
    if (event->rule > 0)
        snprintf(rule, sizeof(rule), " (rule %zu)", event->rule);
    out_note("%s %s %s%s%s %s%s%s %s: %u %s%s", clock, event->address, event->chip,
             event->mac[0] != '\0' ? " " : "", event->mac, event->mode,
             event->version[0] != '\0' ? " " : "", event->version, event->path, event->status,
             event->why, rule);
}

static void on_request(void *context, const struct espota_serve_event *event)
{
    const struct serve_args *args = context;
    char *line;

    if (!args->json) {
        show_request(event);
        return;
    }
    line = espota_serve_event_json(event);
    if (line != NULL)
        out_event(line);
    free(line);
}

static void on_ready(void *context, const char *address, const char *admin)
{
    const struct serve_args *args = context;
    char line[256];

    if (args->json) {
        snprintf(line, sizeof(line), "{\"event\":\"ready\",\"address\":\"%s\",\"admin\":%s%s%s}",
                 address, admin != NULL ? "\"" : "", admin != NULL ? admin : "null",
                 admin != NULL ? "\"" : "");
        out_event(line);
        return;
    }
    out_note("listening on http://%s/", address);
    if (admin != NULL)
        out_note("the fleet's page is http://%s/", admin);
}

static int check(const struct serve_args *args)
{
    struct espota_log log = out_log();
    struct espota_error err = ESPOTA_ERROR_INIT;
    size_t rules, doubts;

    if (espota_serve_check(args->options.manifest, &log, &rules, &doubts, &err) != ESPOTA_OK) {
        out_error("%s", err.message);
        return espota_status_exit_code(err.status);
    }
    out_note("%s: %zu rule%s, %zu doubtful", args->options.manifest, rules, rules == 1 ? "" : "s",
             doubts);
    return espota_status_exit_code(doubts > 0 ? ESPOTA_E_IMAGE : ESPOTA_OK);
}

static void stop(void *context)
{
    espota_serve_stop(context);
}

static void reload(void *context)
{
    espota_serve_reload(context);
}

static int serve(struct serve_args *args)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_serve *server = NULL;
    enum espota_status status;

    args->options.inherited = true;
    args->options.log = out_log();
    args->options.context = args;
    args->options.event = on_request;
    args->options.ready = on_ready;
    status = espota_serve_create(&args->options, &server, &err);
    if (status == ESPOTA_OK) {
        espota_program_on_stop(stop, server);
        espota_program_on_reload(reload, server);
        status = espota_serve_run(server, &err);
        espota_program_on_stop(NULL, NULL);
        espota_program_on_reload(NULL, NULL);
    }
    espota_serve_destroy(server);
    if (status != ESPOTA_OK)
        out_error("%s", err.message);
    return espota_status_exit_code(status);
}

int cmd_serve(int argc, char **argv)
{
    struct serve_args args = {.json = false};
    int exit_code;

    if (!opt_read(&command, argc, argv, &args, &exit_code))
        return exit_code;
    if ((args.options.manifest != NULL) == (args.options.folder != NULL))
        return opt_usage_error(&command, "give one of --dir and --manifest");
    if (args.check && args.options.manifest == NULL)
        return opt_usage_error(&command, "--check is for a --manifest");
    return args.check ? check(&args) : serve(&args);
}
