/* SPDX-License-Identifier: MIT */
/*
 * signing.py's command line, as the cores' builds call it for every sketch: without a key it does
 * nothing and says nothing. Unlike signing.py, what fails is loud and not 0.
 */
#include <string.h>

#include "cli/commands.h"
#include "cli/compat.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "cli/secrets.h"
#include "espota/sign.h"

enum { FAILED = 1 };

struct signing_args {
    const char *mode;
    const char *bin;
    const char *out;
    const char *legacy;
    struct espota_header_options header;
    struct espota_signer_options signer;
};

/* "python3 -I signing.py …" with the interpreter replaced: -I was meant for it. */
static enum espota_status ignore(void *context, char *value, struct espota_error *err)
{
    (void)context;
    (void)value;
    (void)err;
    return ESPOTA_OK;
}

#define AT(member) OPT_AT(struct signing_args, member)

static const struct opt options[] = {
    {OPT_STRING, 'm', "mode", "MODE", "header or sign", AT(mode)},
    {OPT_STRING, 'b', "bin", "FILE", "the image to sign", AT(bin)},
    {OPT_STRING, 'o', "out", "FILE", "the output", AT(out)},
    {OPT_STRING, 'l', "legacy", "FILE", "a second output with a legacy signature", AT(legacy)},
    {OPT_STRING, 'p', "publickey", "FILE", "the public key (mode header)", AT(header.publickey)},
    {OPT_STRING, 's', "privatekey", "FILE", "the private key (mode sign)", AT(signer.privatekey)},
    {OPT_CALL, 'I', NULL, "SCRIPT", NULL, .call = ignore},
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "signing.py",
    .usage = "--mode header --publickey FILE --out FILE\n"
             "--mode sign --privatekey FILE --bin FILE --out FILE [--legacy FILE]",
    .summary = "The core's signing.py, played by espota-c. Without the key file it does nothing.",
    .options = options,
};

static int fail(const struct espota_error *err)
{
    show_error(err);
    return FAILED;
}

static int run_header(struct signing_args *args)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    bool changed, enabled;

    if (args->out == NULL)
        return opt_usage_error(&command, "--out is missing");
    args->header.file = args->out;
    if (espota_header(&args->header, &changed, &enabled, &err) != ESPOTA_OK)
        return fail(&err);
    if (enabled)
        out_note("Enabling binary signing");
    return 0;
}

static int run_sign(struct signing_args *args)
{
    struct espota_signer_options *how = &args->signer;
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_signer *signer = NULL;
    struct espota_signed result = ESPOTA_SIGNED_INIT;
    enum espota_status status;

    if (how->privatekey == NULL || args->bin == NULL || args->out == NULL)
        return opt_usage_error(&command, "--privatekey, --bin and --out are needed to sign");
    if (!espota_key_exists(how->privatekey))
        return 0;
    how->force = compat_forced();
    status = passphrase_collect(&how->passphrase, NULL, &err);
    if (status == ESPOTA_OK)
        status = espota_signer_create(&signer, how, &err);
    if (status == ESPOTA_OK)
        status = espota_signer_sign(signer, args->bin, args->out, args->legacy, &result, &err);
    espota_secret_wipe(&how->passphrase.given);
    espota_signer_destroy(signer);
    if (status != ESPOTA_OK)
        return fail(&err);
    out_note("Signed binary: %s", args->out);
    if (args->legacy != NULL)
        out_note("Legacy signed binary: %s", args->legacy);
    return 0;
}

int cmd_signing_py(int argc, char **argv)
{
    struct signing_args args = {
        .header = {.size = sizeof(args.header),
                   .format = ESPOTA_SIGN_ESP8266,
                   .missing_is_fine = true},
        .signer = {.size = sizeof(args.signer), .plain = true, .log = out_log()},
    };
    int code;

    if (!opt_read(&command, argc, argv, &args, &code))
        return code;
    if (args.legacy != NULL && args.legacy[0] == '\0')
        args.legacy = NULL;
    if (args.mode != NULL && strcmp(args.mode, "header") == 0)
        return run_header(&args);
    if (args.mode != NULL && strcmp(args.mode, "sign") == 0)
        return run_sign(&args);
    return opt_usage_error(&command, "Mode not specified as header or sign");
}
