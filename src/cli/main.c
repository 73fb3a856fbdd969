/* SPDX-License-Identifier: MIT */
/* espota-c: the table of its commands. */
#include <string.h>

#include "cli/commands.h"
#include "cli/compat.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "espota/status.h"
#include "espota/version.h"
#include "sys/sys.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

static int cmd_help(int argc, char **argv);

static const struct command commands[] = {
    {"upload", cmd_upload, "send an image to one device or to hundreds"},
    {"discover", cmd_discover, "list the devices that announce themselves"},
    {"serve", cmd_serve, "answer devices that ask for their updates over HTTP"},
    {"sign", cmd_sign, "append a signature to an image"},
    {"verify", cmd_verify, "check a signed image"},
    {"keygen", cmd_keygen, "make a signing key pair"},
    {"header", cmd_header, "turn a public key into a C header for the sketch"},
    {"arduino", cmd_arduino, "discovery of network ports for Arduino's tools"},
    {"password", cmd_password, "keep passwords of devices"},
    {"info", cmd_info, "explain an image file"},
    {"help", cmd_help, "explain a command: help upload"},
};
enum { COMMAND_COUNT = sizeof(commands) / sizeof(commands[0]) };

static int print_help(void)
{
    out_data("Usage: espota-c COMMAND [options]\n\n"
             "Over-the-air updates for ESP8266, ESP32 and RP2040 boards.\n\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        out_data("  %-10s %s\n", commands[i].name, commands[i].help);
    out_data("\n'espota-c COMMAND --help' tells the options of a command.\n"
             "'espota-c -h' tells those of espota.py, whose command lines work as well.\n"
             "'espota-c --version' tells the version.\n");
    return 0;
}

static int print_version(void)
{
    out_data("espota-c %s (%s)\n", espota_version(), espota_version_build());
    out_data("Libraries: %s\n", espota_version_libraries());
    if (espota_version_loaded()[0] != '\0')
        out_data("Loaded when needed: %s\n", espota_version_loaded());
    out_data("Features: %s\n", espota_version_features());
    if (espota_version_left_out()[0] != '\0')
        out_data("Left out: %s\n", espota_version_left_out());
    return 0;
}

static int bad_command(const char *name)
{
    struct similar near = {.typed = name, .length = strlen(name)};

    for (size_t i = 0; i < COMMAND_COUNT; i++)
        similar_offer(&near, commands[i].name);
    if (near.best != NULL)
        out_error("there is no command '%s'; did you mean %s?", name, near.best);
    else
        out_error("there is no command '%s'", name);
    out_hint("Try 'espota-c --help'.");
    return espota_status_exit_code(ESPOTA_E_USAGE);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    }
    return NULL;
}

/* "help upload" is "upload --help". */
static int cmd_help(int argc, char **argv)
{
    char option[] = "--help";
    char *help[] = {argc > 1 ? argv[1] : NULL, option, NULL};
    const struct command *command;

    if (argc < 2 || argv[1][0] == '-' || strcmp(argv[1], "help") == 0)
        return print_help();
    command = find_command(argv[1]);
    return command != NULL ? command->run(2, help) : bad_command(argv[1]);
}

static int run(int argc, char **argv)
{
    enum compat_tool tool = compat_tool_of(argc, argv);
    const struct command *command;

    if (tool == COMPAT_MDNS_DISCOVERY)
        return cmd_mdns_discovery(argc, argv);
    if (tool != COMPAT_NONE) {
        remedy_of_other_tools();
        return tool == COMPAT_ESPOTA_PY ? compat_espota(argc, argv) : cmd_signing_py(argc, argv);
    }
    if (argc < 2) {
        out_error("a command is missing");
        out_hint("Try 'espota-c --help'.");
        return espota_status_exit_code(ESPOTA_E_USAGE);
    }
    if (strcmp(argv[1], "--help") == 0)
        return print_help();
    if (strcmp(argv[1], "--version") == 0)
        return print_version();
    command = find_command(argv[1]);
    return command != NULL ? command->run(argc - 1, argv + 1) : bad_command(argv[1]);
}

int main(int argc, char **argv)
{
    espota_program_begin();
    out_init("espota-c");
    if (!espota_program_arguments(&argc, &argv)) {
        out_error("no memory for the arguments");
        return espota_status_exit_code(ESPOTA_E_MEMORY);
    }
    return out_finish(run(argc, argv));
}
