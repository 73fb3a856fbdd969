/* SPDX-License-Identifier: MIT */
/* espota-c header */
#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "espota/sign.h"

struct header_args {
    const char *publickey;
    const char *out;
    unsigned format;
};

#define AT(member) OPT_AT(struct header_args, member)

static const struct opt options[] = {
    {OPT_STRING, 'p', "publickey", "PUB", "the public key", AT(publickey)},
    {OPT_STRING, 'o', "out", "FILE", "the header to write (- is standard output)", AT(out)},
    {OPT_CHOICE, 0, "format", "auto|esp8266|esp32",
     "esp8266: signing_pubkey and ARDUINO_SIGNING; esp32: PUBLIC_KEY and PUBLIC_KEY_LEN. auto: by "
     "the key, ECDSA is for the ESP32",
     AT(format)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "espota-c header",
    .usage = "--publickey PUB --out FILE [options]",
    .summary = "Turns a public key into a C header for the sketch. A header that is the same "
               "already is not touched, so that nothing is built again.",
    .options = options,
};

int cmd_header(int argc, char **argv)
{
    struct header_args args = {0};
    struct espota_header_options how = ESPOTA_HEADER_OPTIONS_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    bool changed = false;
    bool enabled = false;
    enum espota_status status;
    int code = 0;

    if (!opt_read(&command, argc, argv, &args, &code))
        return code;
    if (args.publickey == NULL || args.out == NULL)
        return opt_usage_error(&command, "%s is missing",
                               args.publickey == NULL ? "--publickey" : "--out");
    how.publickey = args.publickey;
    how.file = args.out;
    how.format = args.format == 2 ? ESPOTA_SIGN_ESP32 : (enum espota_sign_format)args.format;
    status = espota_header(&how, &changed, &enabled, &err);
    if (status == ESPOTA_OK)
        out_detail("%s %s", args.out, changed ? "written" : "is the same already");
    else
        show_error(&err);
    return espota_status_exit_code(status);
}
