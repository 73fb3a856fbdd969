/* SPDX-License-Identifier: MIT */
/* espota-c sign: one image to a file of any name, or several, each beside itself. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "cli/secrets.h"
#include "espota/sign.h"
#include "sys/sys.h"

struct sign_args {
    struct espota_signer_options how;
    const char *bin;
    const char *out;
    const char *legacy;
    const char *passphrase_file;
    char **images; /* room for all of argv */
    size_t image_count;
};

static enum espota_status add_image(void *context, char *value, struct espota_error *err)
{
    struct sign_args *args = context;

    (void)err;
    args->images[args->image_count++] = value;
    return ESPOTA_OK;
}

#define AT(member) OPT_AT(struct sign_args, member)

static const struct opt options[] = {
    {OPT_STRING, 's', "privatekey", "KEY",
     "the private key: a file in PEM or DER, or a pkcs11: URI", AT(how.privatekey)},
    {OPT_STRING, 'b', "bin", "IN", "the image to sign (- is standard input)", AT(bin)},
    {OPT_STRING, 'o', "out", "OUT", "where the signed image goes (- is standard output); may be IN",
     AT(out)},
    {OPT_STRING, 'l', "legacy", "OUT2", "also write it signed as ESP8266 cores up to 2.5.2 want it",
     AT(legacy)},
    {OPT_FLAG, 0, "gzip", NULL,
     "compress first, for ESP8266 and RP2040 devices that unpack at boot and verify signatures",
     AT(how.gzip)},
    {OPT_CHOICE, 0, "format", "auto|esp8266|esp32",
     "auto: ESP32's for images of that family, else ESP8266's, which Picos read as well",
     AT(how.format)},
    {OPT_CHOICE, 0, "hash", "sha256|sha384|sha512", "ESP32 format: as the device was built for",
     AT(how.hash)},
    {OPT_STRING, 0, "passphrase-file", "FILE",
     "the first line of FILE opens the key (- is standard input); else ESPOTA_PASSPHRASE, else a "
     "question on the terminal",
     AT(passphrase_file)},
    {OPT_FLAG, 0, "force", NULL, "sign also what this key has signed already", AT(how.force)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt positionals[] = {
    {OPT_CALL, 0, NULL, "IMAGE", "each is signed into IMAGE.signed", .call = add_image},
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "espota-c sign",
    .usage = "--privatekey KEY --bin IN --out OUT [options]\n--privatekey KEY [options] IMAGE...",
    .summary = "Appends a signature to an image. The signature is checked with the key's public "
               "half before the output appears.",
    .options = options,
    .positionals = positionals,
};

static void stop(void *context)
{
    espota_signer_stop(context);
}

static enum espota_status sign_one(struct espota_signer *signer, const char *in, const char *out,
                                   const char *legacy)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_signed result = ESPOTA_SIGNED_INIT;
    enum espota_status status = espota_signer_sign(signer, in, out, legacy, &result, &err);

    if (status != ESPOTA_OK) {
        show_error(&err);
        return status;
    }
    out_detail("%s: %llu bytes, %s format, %s with %s; image of chip %s", in,
               (unsigned long long)result.payload, espota_sign_format_word(result.format),
               result.key, espota_hash_name(result.hash), result.chip);
    if (result.payload != result.original)
        out_note("Compressed %llu bytes to %llu", (unsigned long long)result.original,
                 (unsigned long long)result.payload);
    if (strcmp(out, "-") != 0)
        out_note("Signed binary: %s", out);
    if (legacy != NULL && strcmp(legacy, "-") != 0)
        out_note("Legacy signed binary: %s", legacy);
    return ESPOTA_OK;
}

static enum espota_status sign_beside(struct espota_signer *signer, const char *in)
{
    size_t room = strlen(in) + sizeof(".signed");
    char *out = malloc(room);
    enum espota_status status;

    if (out == NULL)
        return ESPOTA_E_MEMORY;
    (void)snprintf(out, room, "%s.signed", in);
    status = sign_one(signer, in, out, NULL);
    free(out);
    return status;
}

/* All images; what all failures share, E_FAILED where they differ. */
static enum espota_status sign_all(const struct sign_args *args, struct espota_signer *signer)
{
    enum espota_status all = ESPOTA_OK;

    if (args->image_count == 0)
        return sign_one(signer, args->bin, args->out, args->legacy);
    for (size_t i = 0; i < args->image_count && espota_program_stop_signal() == 0; i++) {
        enum espota_status status = sign_beside(signer, args->images[i]);

        if (status != ESPOTA_OK)
            all = all == ESPOTA_OK || all == status ? status : ESPOTA_E_FAILED;
    }
    return all;
}

static int run(struct sign_args *args)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_signer *signer = NULL;
    enum espota_status status;
    int code;

    if (args->how.format == ESPOTA_SIGN_ESP8266_LEGACY) /* which is not among the words */
        args->how.format = ESPOTA_SIGN_ESP32;
    args->how.log = out_log();
    status = passphrase_collect(&args->how.passphrase, args->passphrase_file, &err);
    if (status == ESPOTA_OK)
        status = espota_signer_create(&signer, &args->how, &err);
    espota_secret_wipe(&args->how.passphrase.given);
    if (status != ESPOTA_OK) {
        code = show_failure(&err);
    } else {
        espota_program_on_stop(stop, signer);
        status = sign_all(args, signer);
        espota_program_on_stop(NULL, NULL);
        code = espota_status_exit_code(status);
    }
    espota_signer_destroy(signer);
    if (espota_program_stop_signal() != 0 && status == ESPOTA_E_INTERRUPTED)
        return 128 + espota_program_stop_signal();
    return code;
}

/* What goes together; an exit code, or 0 if all is well. */
static int check(const struct sign_args *args)
{
    if (args->how.privatekey == NULL)
        return opt_usage_error(&command, "--privatekey is missing");
    if (args->image_count > 0 && (args->bin != NULL || args->out != NULL || args->legacy != NULL))
        return opt_usage_error(&command, "IMAGE... does not go with --bin, --out and --legacy");
    if (args->image_count == 0 && (args->bin == NULL || args->out == NULL))
        return opt_usage_error(&command, "--bin and --out, or the names of images, are missing");
    if (args->passphrase_file != NULL && strcmp(args->passphrase_file, "-") == 0 &&
        args->bin != NULL && strcmp(args->bin, "-") == 0)
        return opt_usage_error(&command, "standard input cannot be both image and passphrase");
    if (args->out != NULL && args->legacy != NULL && strcmp(args->out, args->legacy) == 0)
        return opt_usage_error(&command, "--out and --legacy name the same file");
    for (size_t i = 0; i < args->image_count; i++)
        if (strcmp(args->images[i], "-") == 0)
            return opt_usage_error(&command, "- needs --bin and --out");
    return 0;
}

int cmd_sign(int argc, char **argv)
{
    struct sign_args args = {.how = ESPOTA_SIGNER_OPTIONS_INIT,
                             .images = calloc((size_t)argc, sizeof(*args.images))};
    struct espota_error err = ESPOTA_ERROR_INIT;
    int code;

    if (args.images == NULL) {
        (void)espota_error_set(&err, ESPOTA_E_MEMORY, "no memory for the images");
        return show_failure(&err);
    }
    if (opt_read(&command, argc, argv, &args, &code)) {
        code = check(&args);
        if (code == 0)
            code = run(&args);
    }
    free(args.images);
    return code;
}
