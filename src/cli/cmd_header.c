/* SPDX-License-Identifier: MIT */
/* espota-c header: a public key as a C header for the sketch. */
#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "espota/sign.h"

#define AT(member) OPT_AT(struct espota_header_options, member)

static const struct opt options[] = {
    {OPT_STRING, 'p', "publickey", "PUB", "the public key", AT(publickey)},
    {OPT_STRING, 'o', "out", "FILE", "the header to write (- is standard output)", AT(file)},
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
    struct espota_header_options how = ESPOTA_HEADER_OPTIONS_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    bool changed, enabled;
    int code;

    if (!opt_read(&command, argc, argv, &how, &code))
        return code;
    if (how.publickey == NULL || how.file == NULL)
        return opt_usage_error(&command, "%s is missing",
                               how.publickey == NULL ? "--publickey" : "--out");
    if (how.format == ESPOTA_SIGN_ESP8266_LEGACY) /* which is not among the words */
        how.format = ESPOTA_SIGN_ESP32;
    if (espota_header(&how, &changed, &enabled, &err) != ESPOTA_OK)
        return show_failure(&err);
    out_detail("%s %s", how.file, changed ? "written" : "is the same already");
    return 0;
}
