/* SPDX-License-Identifier: MIT */
/*
 * Stands in for espota.py: its command line as Python's optparse reads it, its output and its exit
 * codes, around the same upload as that of "upload".
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/compat.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "cli/run_upload.h"
#include "cli/secrets.h"
#include "sys/sys.h"

enum { FAILURE = 1, BAD_USAGE = 2, ESP32_PORT = 3232 };

static const char blanks[] = " \t\n\v\f\r";

static bool is_digit_of(char c)
{
    return isalnum((unsigned char)c) != 0; /* of some base */
}

/* Python's int(text, base): as strtol reads it, with underscores between digits, and 0o17. */
static bool read_int(const char *text, int base, long *value)
{
    char plain[128];
    size_t used = 0;
    char *end;

    for (; *text != '\0'; text++) {
        if (*text == '_' && used > 0 && is_digit_of(plain[used - 1]) && is_digit_of(text[1]))
            continue;
        if (used == sizeof(plain) - 1)
            return false;
        plain[used++] = *text;
    }
    plain[used] = '\0';
    if (base == 8 && (plain[1] | 0x20) == 'o' && is_digit_of(plain[2]))
        plain[1] = '0';
    errno = 0;
    *value = strtol(plain, &end, base);
    return end > plain && errno == 0 && end[strspn(end, blanks)] == '\0';
}

bool compat_python_int(const char *text, long *value)
{
    char prefix = (char)(text[0] == '0' ? text[1] | 0x20 : '\0');

    if (prefix == 'x')
        return read_int(text, 16, value);
    if (prefix == 'b')
        return read_int(text[2] != '\0' ? text + 2 : "0", 2, value);
    return read_int(text, *text == '0' ? 8 : 10, value);
}

static enum espota_status read_number(const char *text, long *number, struct espota_error *err)
{
    if (compat_python_int(text, number))
        return ESPOTA_OK;
    return espota_error_set(err, ESPOTA_E_USAGE, "invalid integer value: '%s'", text);
}

static enum espota_status read_port(const char *text, uint16_t *port, struct espota_error *err)
{
    long number;

    if (read_number(text, &number, err) != ESPOTA_OK)
        return ESPOTA_E_USAGE;
    if (number < 0 || number > UINT16_MAX)
        return espota_error_set(err, ESPOTA_E_USAGE, "%ld is not a port", number);
    *port = (uint16_t)number;
    return ESPOTA_OK;
}

/* The IDE passes the placeholder itself where it has not discovered the device. */
static enum espota_status set_port(void *context, char *value, struct espota_error *err)
{
    struct compat_espota *line = context;

    return read_port(strcmp(value, "{upload.port.properties.port}") == 0 ? "0" : value,
                     &line->options.port, err);
}

static enum espota_status set_host_port(void *context, char *value, struct espota_error *err)
{
    struct compat_espota *line = context;

    return read_port(value, &line->options.host_port, err);
}

static bool ends_in(const char *text, const char *end)
{
    size_t length = strlen(text);

    return length >= strlen(end) && strcmp(text + length - strlen(end), end) == 0;
}

/* "python3 -I espota.py -i …": with the interpreter replaced by this program, -I was meant for it.
 */
static enum espota_status set_host_ip(void *context, char *value, struct espota_error *err)
{
    struct compat_espota *line = context;

    (void)err;
    if (ends_in(value, "espota.py") || ends_in(value, "signing.py"))
        return ESPOTA_OK;
    line->options.host_ip = *value == '\0' || strcmp(value, "0.0.0.0") == 0 ? NULL : value;
    return ESPOTA_OK;
}

static enum espota_status set_timeout(void *context, char *value, struct espota_error *err)
{
    struct compat_espota *line = context;
    long seconds;

    if (read_number(value, &seconds, err) != ESPOTA_OK)
        return ESPOTA_E_USAGE;
    if (seconds < 1 || seconds > 86400)
        return espota_error_set(err, ESPOTA_E_USAGE, "%ld is not from 1 to 86400 seconds", seconds);
    line->options.timeout_ms = (uint32_t)seconds * 1000;
    return ESPOTA_OK;
}

#define AT(member) OPT_AT(struct compat_espota, options.member)
#define HERE(member) OPT_AT(struct compat_espota, member)

static const struct opt options[] = {
    {.kind = OPT_HEADING, .help = "Destination"},
    {OPT_STRING, 'i', "ip", "ADDRESS", "the device's address or name", HERE(ip)},
    {OPT_CALL, 'I', "host_ip", "ADDRESS", "this machine's address (default: the route's)",
     .call = set_host_ip},
    {OPT_CALL, 'p', "port", "PORT",
     "the device's port (default: what it announced, else by the image's chip, else 8266, or 3232 "
     "with --spiffs)",
     .call = set_port},
    {OPT_CALL, 'P', "host_port", "PORT", "this machine's port (default: any free one)",
     .call = set_host_port},
    {.kind = OPT_HEADING, .help = "Authentication"},
    {OPT_SECRET, 'a', "auth", "PASSWORD",
     "the password; better in the environment variable ESPOTA_PASSWORD", AT(password)},
    {OPT_FLAG, 'm', "md5-target", NULL,
     "the device has the MD5 of its password: answer a SHA-256 challenge with that form",
     HERE(md5_target)},
    {.kind = OPT_HEADING, .help = "Image"},
    {OPT_STRING, 'f', "file", "FILE", "the image; FILE.signed is sent if it holds the same image",
     AT(file)},
    {OPT_FLAG, 's', NULL, NULL, "it is a file-system image", AT(filesystem)},
    {OPT_FLAG, 0, "spiffs", NULL, "the same, as the esp32 core says it", HERE(spiffs_long)},
    {.kind = OPT_HEADING, .help = "Output"},
    {OPT_FLAG, 'd', "debug", NULL, "tell what happens on the way", HERE(debug)},
    {OPT_FLAG, 'r', "progress", NULL, "show a bar instead of dots", HERE(progress)},
    {OPT_CALL, 't', "timeout", "SECONDS", "how long to wait for the device (default 10)",
     .call = set_timeout},
    OPT_ROWS_END,
};

static const char notes[] =
    "An image that is not recognised is sent with a warning. One that is broken or\n"
    "dangerous is refused, unless ESPOTA_FORCE=1 is in the environment.\n"
    "Where a device wants a password and none is given, the one that \"espota-c\n"
    "password\" keeps for it is taken.\n"
    "Exit codes: 0 success, 1 failure, 2 bad usage. All commands: espota-c --help";

static const struct opt_command command = {
    .program = "espota-c",
    .usage = "-i ADDRESS -f FILE [options]",
    .summary = "Sends an image to a device, with the command line of espota.py.",
    .options = options,
    .ignore_strays = true,
    .notes = notes,
};

enum espota_status compat_espota_parse(struct compat_espota *line, int argc, char **argv,
                                       bool *help, struct espota_error *err)
{
    struct espota_upload_options *to = &line->options;
    enum espota_status status;

    *line = (struct compat_espota){.options = ESPOTA_UPLOAD_OPTIONS_INIT};
    to->legacy_tool = true;
    status = opt_parse(&command, argc, argv, line, help, err);
    to->auth = line->md5_target ? ESPOTA_UPLOAD_AUTH_MD5_FIRST : ESPOTA_UPLOAD_AUTH_AUTO;
    if (line->spiffs_long) {
        to->filesystem = true;
        to->fallback_port = ESP32_PORT;
    }
    return status;
}

static const char *yes_no(bool flag)
{
    return flag ? "True" : "False";
}

/* The options, as it prints them; but it prints the password. */
static void tell_options(const struct compat_espota *line)
{
    const struct espota_upload_options *how = &line->options;

    out_detail("Options: {'esp_ip': '%s', 'host_ip': '%s', 'esp_port': %u, 'host_port': %u, "
               "'auth': '%s', 'image': '%s', 'spiffs': %s, 'debug': %s, 'progress': %s}",
               line->ip, how->host_ip != NULL ? how->host_ip : "0.0.0.0", how->port, how->host_port,
               how->password.length > 0 ? "***" : "", how->file, yes_no(how->filesystem),
               yes_no(line->debug), yes_no(line->progress));
}

/*
 * The IDEs always pass --auth=, empty where there is no password. So an empty one counts as not
 * given. Where the device wants one and none is kept for it, it is the empty password after all.
 */
static enum espota_status find_password(struct espota_secret *password, struct espota_error *err)
{
    if (password->length == 0)
        espota_secret_wipe(password);
    return password_collect(password, NULL, false, err);
}

bool compat_forced(void)
{
    const char *force = getenv("ESPOTA_FORCE");

    return force != NULL && strcmp(force, "1") == 0;
}

static int upload(const struct compat_espota *line)
{
    struct upload_source source = {.target = {.size = sizeof(source.target), .host = line->ip}};
    struct run_upload run = {
        .options = line->options,
        .sources = &source,
        .source_count = 1,
        .style = line->progress ? SHOW_CELLS : SHOW_DOTS,
    };
    enum espota_status status;
    int exit_code;

    run.options.force = compat_forced();
    exit_code = run_upload(&run, &status);
    if (status == ESPOTA_OK)
        return 0;
    if (status == ESPOTA_E_USAGE)
        return BAD_USAGE;
    return exit_code > 128 ? exit_code : FAILURE;
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
        opt_help(&command);
        exit_code = 0;
    } else if (line.ip == NULL || *line.ip == '\0' || line.options.file == NULL ||
               *line.options.file == '\0') {
        out_error("not enough arguments: -i ADDRESS and -f FILE are needed");
    } else if (find_password(&line.options.password, &err) != ESPOTA_OK) {
        show_error(&err);
    } else {
        out_verbose = line.debug;
        tell_options(&line);
        exit_code = upload(&line);
    }
    espota_secret_wipe(&line.options.password);
    return exit_code;
}

/* --mode tells signing.py's line; -m is a flag of espota.py's, unless one of the modes follows. */
static bool is_signing_line(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        const char *next = i + 1 < argc ? argv[i + 1] : "";

        if (strcmp(argv[i - 1], "-a") == 0 || strcmp(argv[i - 1], "--auth") == 0)
            continue; /* an odd password of espota.py's */
        if (strcmp(argv[i], "--mode") == 0 || strncmp(argv[i], "--mode=", 7) == 0 ||
            strcmp(argv[i], "-msign") == 0 || strcmp(argv[i], "-mheader") == 0)
            return true;
        if (strcmp(argv[i], "-m") == 0 &&
            (strcmp(next, "sign") == 0 || strcmp(next, "header") == 0))
            return true;
    }
    return false;
}

enum compat_tool compat_tool_of(int argc, char **argv)
{
    const char *program = argc > 0 ? argv[0] : "";

    if (espota_path_calls(program, "mdns-discovery"))
        return COMPAT_MDNS_DISCOVERY;
    if (espota_path_calls(program, "signing.py"))
        return COMPAT_SIGNING_PY;
    if (espota_path_calls(program, "espota.py") || espota_path_calls(program, "espota"))
        return COMPAT_ESPOTA_PY;
    if (argc < 2 || argv[1][0] != '-' || strcmp(argv[1], "--help") == 0 ||
        strcmp(argv[1], "--version") == 0)
        return COMPAT_NONE;
    return is_signing_line(argc, argv) ? COMPAT_SIGNING_PY : COMPAT_ESPOTA_PY;
}
