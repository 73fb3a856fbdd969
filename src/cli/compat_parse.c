/* SPDX-License-Identifier: MIT */
/* espota.py's command line as a table. */
#include "cli/compat.h"

#include <limits.h>
#include <string.h>

#include "cli/opt.h"

static bool is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static int digit_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'Z')
        return c - 'A' + 10;
    return INT_MAX;
}

/* A prefix such as 0x at *text: moves behind it. */
static bool skip_prefix(const char **text, char letter)
{
    if ((*text)[0] != '0' || ((*text)[1] | 0x20) != letter)
        return false;
    *text += 2;
    return true;
}

/* Digits with single underscores between them, up to `end`. */
static bool read_digits(const char *text, const char *end, int base, long *value)
{
    long sum = 0;
    bool digit_before = false;

    for (; text < end; text++) {
        int digit = digit_value(*text);

        if (*text == '_' && digit_before) {
            digit_before = false;
            continue;
        }
        if (digit >= base || sum > (LONG_MAX - digit) / base)
            return false;
        sum = sum * base + digit;
        digit_before = true;
    }
    *value = sum;
    return digit_before;
}

/* Python's int(text, base). */
static bool read_int(const char *text, int base, long *value)
{
    static const char letters[] = {[2] = 'b', [8] = 'o', [16] = 'x'};
    const char *end = text + strlen(text);
    bool minus;

    while (is_blank(*text))
        text++;
    while (end > text && is_blank(end[-1]))
        end--;
    minus = *text == '-';
    if (*text == '-' || *text == '+')
        text++;
    if (base != 10 && skip_prefix(&text, letters[base]) && *text == '_')
        text++;
    if (text > end || !read_digits(text, end, base, value))
        return false;
    *value = minus ? -*value : *value;
    return true;
}

bool compat_python_int(const char *text, long *value)
{
    const char *start = text;

    if (skip_prefix(&start, 'x'))
        return read_int(text, 16, value);
    if (skip_prefix(&start, 'b'))
        return read_int(*start != '\0' ? start : "0", 2, value);
    return read_int(text, *text == '0' ? 8 : 10, value);
}

static enum espota_status read_port(const char *text, uint16_t *port, struct espota_error *err)
{
    long number = 0;

    if (!compat_python_int(text, &number))
        return espota_error_set(err, ESPOTA_E_USAGE, "invalid integer value: '%s'", text);
    if (number < 0 || number > UINT16_MAX)
        return espota_error_set(err, ESPOTA_E_USAGE, "%ld is not a port", number);
    *port = (uint16_t)number;
    return ESPOTA_OK;
}

/* The IDE passes the placeholder itself where it has not discovered the device. */
static enum espota_status set_port(void *context, char *value, struct espota_error *err)
{
    struct compat_espota *line = context;

    if (strcmp(value, "{upload.port.properties.port}") == 0) {
        line->port = 0;
        return ESPOTA_OK;
    }
    return read_port(value, &line->port, err);
}

static enum espota_status set_host_port(void *context, char *value, struct espota_error *err)
{
    struct compat_espota *line = context;

    return read_port(value, &line->host_port, err);
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
    line->host_ip = *value == '\0' || strcmp(value, "0.0.0.0") == 0 ? NULL : value;
    return ESPOTA_OK;
}

static enum espota_status set_timeout(void *context, char *value, struct espota_error *err)
{
    struct compat_espota *line = context;
    long seconds = 0;

    if (!compat_python_int(value, &seconds))
        return espota_error_set(err, ESPOTA_E_USAGE, "invalid integer value: '%s'", value);
    if (seconds < 1 || seconds > 86400)
        return espota_error_set(err, ESPOTA_E_USAGE, "%ld is not from 1 to 86400 seconds", seconds);
    line->timeout_ms = (uint32_t)seconds * 1000;
    return ESPOTA_OK;
}

#define AT(member) OPT_AT(struct compat_espota, member)

static const struct opt options[] = {
    {.kind = OPT_HEADING, .help = "Destination"},
    {OPT_STRING, 'i', "ip", "ADDRESS", "the device's address or name", AT(ip)},
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
     "the password; better in the environment variable ESPOTA_PASSWORD", AT(auth)},
    {OPT_FLAG, 'm', "md5-target", NULL,
     "the device has the MD5 of its password: answer a SHA-256 challenge with that form",
     AT(md5_target)},
    {.kind = OPT_HEADING, .help = "Image"},
    {OPT_STRING, 'f', "file", "FILE", "the image; FILE.signed is sent if it holds the same image",
     AT(file)},
    {OPT_FLAG, 's', NULL, NULL, "it is a file-system image", AT(spiffs)},
    {OPT_FLAG, 0, "spiffs", NULL, "the same, as the esp32 core says it", AT(spiffs_long)},
    {.kind = OPT_HEADING, .help = "Output"},
    {OPT_FLAG, 'd', "debug", NULL, "tell what happens on the way", AT(debug)},
    {OPT_FLAG, 'r', "progress", NULL, "show a bar instead of dots", AT(progress)},
    {OPT_CALL, 't', "timeout", "SECONDS", "how long to wait for the device (default 10)",
     .call = set_timeout},
    OPT_ROWS_END,
};

static const char notes[] =
    "An image that is not recognised is sent with a warning. One that is broken or\n"
    "dangerous is refused, unless ESPOTA_FORCE=1 is in the environment.\n"
    "Exit codes: 0 success, 1 failure, 2 bad usage. All commands: espota-c --help";

const struct opt_command compat_espota_command = {
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
    enum espota_status status;

    memset(line, 0, sizeof(*line));
    status = opt_parse(&compat_espota_command, argc, argv, line, help, err);
    line->spiffs = line->spiffs || line->spiffs_long;
    return status;
}

void compat_espota_deinit(struct compat_espota *line)
{
    espota_secret_wipe(&line->auth);
}
