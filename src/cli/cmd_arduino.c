/* SPDX-License-Identifier: MIT */
/* espota-c arduino: what Arduino's tools ask of an uploader's side. */
#include <string.h>

#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "espota/arduino_discovery.h"
#include "espota/arduino_install.h"
#include "sys/sys.h"

static const struct opt discovery_options[] = {
    {OPT_CHOICE, 0, "via", "auto|avahi|dnssd|query",
     "how to ask: the Avahi daemon, dns_sd, or questions of our own",
     OPT_AT(struct espota_arduino_discovery_options, via)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command discovery_command = {
    .program = "espota-c arduino discovery",
    .usage = "[options]",
    .summary = "Arduino's pluggable discovery, version 1, on standard input and output.",
    .options = discovery_options,
};

static void write_message(void *context, const char *message)
{
    (void)context;
    out_event(message);
}

static void stop(void *context)
{
    espota_arduino_discovery_stop(context);
}

static int cmd_discovery(int argc, char **argv)
{
    struct espota_arduino_discovery_options options = {
        .size = sizeof(options), .log = out_log(), .write = write_message};
    struct espota_arduino_discovery *discovery;
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status;
    int code;

    if (!opt_read(&discovery_command, argc, argv, &options, &code))
        return code;
    status = espota_arduino_discovery_create(&options, &discovery, &err);
    if (status == ESPOTA_OK) {
        espota_program_on_stop(stop, discovery);
        status = espota_arduino_discovery_run(discovery, &err);
        espota_program_on_stop(NULL, NULL);
        espota_arduino_discovery_destroy(discovery);
    }
    if (status != ESPOTA_OK)
        return show_failure(&err);
    return espota_program_stop_signal() != 0 ? 128 + espota_program_stop_signal() : 0;
}

/* Started under the name of Arduino's own. */
int cmd_mdns_discovery(int argc, char **argv)
{
    return cmd_discovery(argc, argv);
}

#define AT(member) OPT_AT(struct espota_arduino_install_options, member)

static const struct opt install_options[] = {
    {OPT_STRING, 0, "core", "CORE",
     "only this one: esp8266, esp32, rp2040, or the folder of a core (a path, not only its name)",
     AT(core), .min = 1},
    {OPT_STRING, 0, "data-dir", "DIR",
     "where Arduino's tools keep cores (default: what arduino-cli.yaml says, else ~/.arduino15, "
     "on Windows %LOCALAPPDATA%\\Arduino15, and the sketchbook)",
     AT(data_dir), .min = 1},
    {OPT_FLAG, 0, "shim", NULL,
     "also put small scripts in place of the cores' espota.py and signing.py, and on Windows a "
     "copy "
     "of espota-c in place of espota.exe; the originals are kept beside them",
     AT(shim)},
    {OPT_FLAG, 0, "discovery", NULL,
     "also stand in for the mdns-discovery that arduino-cli and the IDE run; the original is kept "
     "beside it",
     AT(discovery)},
    {OPT_FLAG, 0, "remove", NULL, "take everything away again", AT(remove)},
    {OPT_FLAG, 'n', "dry-run", NULL, "only tell what would be done", AT(dry_run)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command install_command = {
    .program = "espota-c arduino install",
    .usage = "[options]",
    .summary =
        "Makes Arduino IDE and arduino-cli use espota-c: writes a few lines, between two markers, "
        "into the platform.local.txt of the cores esp8266, esp32 and rp2040. What stands "
        "there stays; a second run changes nothing.",
    .options = install_options,
    .notes = "Start the IDE again afterwards. A new version of a core has a folder of its own:\n"
             "run this again after an update.",
};

static void tell_done(void *context, const char *path, const char *what)
{
    (void)context;
    out_note("%s %s", path, what);
}

static int cmd_install(int argc, char **argv)
{
    struct espota_arduino_install_options options = {
        .size = sizeof(options), .log = out_log(), .done = tell_done};
    struct espota_error err = ESPOTA_ERROR_INIT;
    char program[1024];
    size_t cores;
    int code;

    if (!opt_read(&install_command, argc, argv, &options, &code))
        return code;
    if (!espota_program_path(program, sizeof(program)))
        (void)espota_error_set(&err, ESPOTA_E_LOCAL,
                               "this system does not tell where espota-c is installed");
    options.program = program;
    if (err.status == ESPOTA_OK && espota_arduino_install(&options, &cores, &err) == ESPOTA_OK)
        return 0;
    return show_failure(&err);
}

static const struct opt_command arduino_command = {
    .program = "espota-c arduino",
};

/* Both commands with their options: nothing stands between a user and them. */
static int print_help(void)
{
    opt_help(&discovery_command);
    out_data("\n");
    opt_help(&install_command);
    return 0;
}

int cmd_arduino(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "discovery") == 0)
        return cmd_discovery(argc - 1, argv + 1);
    if (argc >= 2 && strcmp(argv[1], "install") == 0)
        return cmd_install(argc - 1, argv + 1);
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return print_help();
    if (argc < 2)
        return opt_usage_error(&arduino_command, "what to do is missing: discovery or install");
    return opt_usage_error(
        &arduino_command, "'%s' is nothing that arduino can do; try discovery or install", argv[1]);
}
