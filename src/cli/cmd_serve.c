/* SPDX-License-Identifier: MIT */
/* espota-c serve: the HTTP server that devices pull their updates from. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "espota/serve.h"
#include "sys/sys.h"

struct serve_args {
    struct espota_serve_options options;
    struct espota_serve_device device;
    const char *mode;
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
    {OPT_STRING, 0, "auth-file", "FILE",
     "lines of user:password; others get 401. Read again when it changes",
     OPT_AT(struct serve_args, options.auth_file)},
    {OPT_STRING, 0, "accel", "PREFIX",
     "behind nginx: let it send the bytes (X-Accel-Redirect: PREFIX/FILE)",
     OPT_AT(struct serve_args, options.accel)},
    {OPT_STRING, 0, "state", "FILE", "remember the devices that were seen over a restart",
     OPT_AT(struct serve_args, options.state_file)},
    {OPT_STRING, 0, "admin", "ADDR:PORT",
     "a page of the fleet (/) and Prometheus metrics (/metrics), for people only",
     OPT_AT(struct serve_args, options.admin)},
    {OPT_STRING, 0, "admin-host", "NAME",
     "a name by which people ask for that page, beside addresses and this machine's own name",
     OPT_AT(struct serve_args, options.admin_host)},
    {.kind = OPT_HEADING, .help = "Looking through"},
    {OPT_FLAG, 0, "check", NULL,
     "look the manifest through and exit: 0 good, 2 not to be used, 7 doubtful. With one of the "
     "next also say what that device would get, and by which rule.",
     OPT_AT(struct serve_args, check)},
    {OPT_STRING, 0, "mac", "MAC", "a device with this MAC", OPT_AT(struct serve_args, device.mac)},
    {OPT_STRING, 0, "version", "VERSION", "that says that it has this version",
     OPT_AT(struct serve_args, device.version)},
    {OPT_STRING, 0, "chip", "CHIP", "esp8266, esp32 or pico; each of them if none is given",
     OPT_AT(struct serve_args, device.chip)},
    {OPT_STRING, 0, "mode", "MODE", "sketch (the default) or filesystem",
     OPT_AT(struct serve_args, mode)},
    {OPT_STRING, 0, "path", "PATH", "that asks for this path (default /)",
     OPT_AT(struct serve_args, device.path)},
    {OPT_STRING, 0, "md5", "MD5", "that runs the sketch with this digest",
     OPT_AT(struct serve_args, device.md5)},
    {.kind = OPT_HEADING, .help = "Output"},
    {OPT_FLAG, 0, "json", NULL,
     "one JSON object a line on standard output: ready, request, reload, cut, ending",
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
    .notes = "A request event has time, address, mac, chip, mode, path, version, md5, status,\n"
             "file, bytes, rule and why. TLS is the work of a server in front, such as nginx.",
};

/* " (rule 1)", or nothing. */
static const char *rule_of(const struct espota_serve_event *event, char out[32])
{
    out[0] = '\0';
    if (event->rule > 0)
        snprintf(out, 32, " (rule %zu)", event->rule);
    return out;
}

/* "2026-11-28T12:00:01+07:00 192.0.2.7 esp8266 18feaa000001 sketch 2.0.9 /door.bin: 200 …" */
static void on_request(void *context, const struct espota_serve_event *event)
{
    const struct serve_args *args = context;
    char rule[32];

    if (args->json)
        (void)out_json(espota_serve_event_json(event));
    else
        out_note("%s %s %s%s%s %s%s%s %s: %u %s%s", event->time, event->address, event->chip,
                 event->mac[0] != '\0' ? " " : "", event->mac, event->mode,
                 event->version[0] != '\0' ? " " : "", event->version, event->path, event->status,
                 event->why, rule_of(event, rule));
}

/* People read the same in the log. */
static void on_notice(void *context, const struct espota_serve_notice *notice)
{
    const struct serve_args *args = context;

    if (args->json)
        (void)out_json(espota_serve_notice_json(notice));
}

static void on_ready(void *context, const char *address, const char *admin)
{
    const struct serve_args *args = context;
    char time_text[ESPOTA_SERVE_TIME_ROOM];
    const char *quote = admin != NULL ? "\"" : "";
    char line[320];

    espota_serve_time((int64_t)time(NULL), time_text);
    if (args->json) {
        snprintf(line, sizeof(line),
                 "{\"event\":\"ready\",\"time\":\"%s\",\"address\":\"%s\",\"admin\":%s%s%s}",
                 time_text, address, quote, admin != NULL ? admin : "null", quote);
        out_event(line);
        return;
    }
    out_note("%s listening on http://%s/", time_text, address);
    if (admin != NULL)
        out_note("%s the fleet's page is http://%s/", time_text, admin);
}

/* Every line of the log says when. */
static void log_with_time(void *context, enum espota_log_level level, const char *line)
{
    struct espota_log log = out_log();
    char time_text[ESPOTA_SERVE_TIME_ROOM];

    (void)context;
    espota_serve_time((int64_t)time(NULL), time_text);
    espota_log_say(&log, level, "%s %s", time_text, line);
}

/* "200 door-2.1.0.bin, 401232 bytes (rule 1)" */
static void on_answer(void *context, const struct espota_serve_event *event)
{
    const struct serve_args *args = context;
    char rule[32];

    if (args->json)
        (void)out_json(espota_serve_event_json(event));
    else
        out_data("%s: %u %s%s\n", event->chip, event->status, event->why, rule_of(event, rule));
}

static bool names_device(const struct serve_args *args)
{
    const struct espota_serve_device *device = &args->device;

    return device->mac != NULL || device->version != NULL || device->chip != NULL ||
           device->path != NULL || device->md5 != NULL || args->mode != NULL;
}

/* What each kind of device would be told, or the one that is meant. */
static enum espota_status ask(struct serve_args *args, struct espota_error *err)
{
    static const char *const chips[] = {"esp8266", "esp32", "pico"};
    enum espota_status status = ESPOTA_OK;

    if (args->device.chip != NULL)
        return espota_serve_ask(&args->options, &args->device, args, on_answer, err);
    for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]) && status == ESPOTA_OK; i++) {
        args->device.chip = chips[i];
        status = espota_serve_ask(&args->options, &args->device, args, on_answer, err);
    }
    return status;
}

static int check(struct serve_args *args)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    size_t rules, doubts;
    enum espota_status status;

    args->options.log = out_log();
    status = espota_serve_check(&args->options, &rules, &doubts, &err);
    if (status == ESPOTA_OK && names_device(args))
        status = ask(args, &err);
    if (status != ESPOTA_OK)
        return show_failure(&err);
    if (args->options.manifest != NULL)
        out_note("%s: %zu rule%s, %zu doubtful", args->options.manifest, rules,
                 rules == 1 ? "" : "s", doubts);
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
    args->options.log = (struct espota_log){log_with_time, NULL};
    args->options.context = args;
    args->options.event = on_request;
    args->options.notice = on_notice;
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
    return status == ESPOTA_OK ? 0 : show_failure(&err);
}

int cmd_serve(int argc, char **argv)
{
    struct serve_args args = {.options = ESPOTA_SERVE_OPTIONS_INIT,
                              .device = ESPOTA_SERVE_DEVICE_INIT};
    int exit_code;

    if (!opt_read(&command, argc, argv, &args, &exit_code))
        return exit_code;
    if ((args.options.manifest != NULL) == (args.options.folder != NULL))
        return opt_usage_error(&command, "give one of --dir and --manifest");
    if (args.check && args.options.manifest == NULL && !names_device(&args))
        return opt_usage_error(&command, "--check is for a --manifest, or for a device");
    if (!args.check && names_device(&args))
        return opt_usage_error(&command, "--mac, --version and the like are for --check");
    if (args.mode != NULL && strcmp(args.mode, "sketch") != 0 &&
        strcmp(args.mode, "filesystem") != 0)
        return opt_usage_error(&command, "--mode is sketch or filesystem");
    args.device.filesystem = args.mode != NULL && strcmp(args.mode, "filesystem") == 0;
    return args.check ? check(&args) : serve(&args);
}
