/* SPDX-License-Identifier: MIT */
/* espota-c verify: whether a key signed an image. */
#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "cli/secrets.h"
#include "espota/sign.h"

struct verify_args {
    struct espota_verify_options how;
    const char *passphrase_file;
    bool json;
};

#define AT(member) OPT_AT(struct verify_args, member)

static const struct opt options[] = {
    {OPT_STRING, 'p', "publickey", "PUB", "the public key: a file in PEM or DER, or a pkcs11: URI",
     AT(how.publickey)},
    {OPT_STRING, 'b', "bin", "FILE", "the signed image (- is standard input)", AT(how.file)},
    {OPT_CHOICE, 0, "format", "auto|esp8266|esp8266-legacy|esp32",
     "what counts as a signature. auto: any of them", AT(how.format)},
    {OPT_STRING, 0, "passphrase-file", "FILE", "the first line of FILE is a token's PIN",
     AT(passphrase_file)},
    {OPT_FLAG, 0, "json", NULL,
     "print one object: file, kind, ok, problems, key, bytes and, of a good signature, format, "
     "hash, payload",
     AT(json)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt positionals[] = {
    {OPT_STRING, 0, NULL, "FILE", "the same as --bin", AT(how.file)},
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "espota-c verify",
    .usage = "--publickey PUB --bin FILE [options]",
    .summary = "Checks the signature at the end of an image. Exit code 0: this key made it; 7: it "
               "did not, or there is none.",
    .options = options,
    .positionals = positionals,
};

static void print_good(const struct verify_args *args, const struct espota_verified *result)
{
    out_verdict(OUT_GOOD, "Good", "signature: %s, %s format, %s with %s", args->how.file,
                espota_sign_format_word(result->format), result->key,
                espota_hash_name(result->hash));
    if (result->format == ESPOTA_SIGN_ESP8266_LEGACY)
        out_warning("this is the legacy format: only ESP8266 cores up to 2.5.2 accept it");
}

int cmd_verify(int argc, char **argv)
{
    struct verify_args args = {.how = ESPOTA_VERIFY_OPTIONS_INIT};
    struct espota_verified result = ESPOTA_VERIFIED_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status;
    int code;

    if (!opt_read(&command, argc, argv, &args, &code))
        return code;
    if (args.how.publickey == NULL || args.how.file == NULL)
        return opt_usage_error(&command, "%s is missing",
                               args.how.publickey == NULL ? "--publickey" : "--bin");
    status = passphrase_collect(&args.how.passphrase, args.passphrase_file, &err);
    if (status == ESPOTA_OK)
        status = espota_verify(&args.how, &result, &err);
    espota_secret_wipe(&args.how.passphrase.given);
    if (args.json && (status == ESPOTA_OK || status == ESPOTA_E_IMAGE)) {
        if (!out_json(espota_verified_json(&args.how, &result)))
            out_event("{}");
        return espota_status_exit_code(status);
    }
    if (status != ESPOTA_OK)
        return show_failure(&err);
    print_good(&args, &result);
    return 0;
}
