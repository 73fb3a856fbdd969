/* SPDX-License-Identifier: MIT */
/* espota-c keygen: a pair of signing keys. */
#include <string.h>

#include "cli/commands.h"
#include "cli/opt.h"
#include "cli/out.h"
#include "cli/remedy.h"
#include "cli/secrets.h"
#include "espota/sign.h"

struct keygen_args {
    const char *out;
    const char *pub;
    const char *passphrase_file;
    enum espota_key_type type;
};

#define AT(member) OPT_AT(struct keygen_args, member)

static const struct opt options[] = {
    {OPT_STRING, 'o', "out", "FILE", "where the private key goes, readable by its owner alone",
     AT(out)},
    {OPT_STRING, 'p', "pub", "FILE", "where the public key goes", AT(pub)},
    {OPT_CHOICE, 't', "type", "rsa-2048|rsa-3072|rsa-4096|ecdsa-p256|ecdsa-p384",
     "rsa-2048 suits every device; ECDSA only the ESP32 family", AT(type)},
    {OPT_STRING, 0, "passphrase-file", "FILE",
     "encrypt the private key with the first line of FILE (- is standard input); else with "
     "ESPOTA_PASSPHRASE if it is set",
     AT(passphrase_file)},
    OPT_ROWS_OUTPUT,
    OPT_ROWS_END,
};

static const struct opt_command command = {
    .program = "espota-c keygen",
    .usage = "--out private.key --pub public.key [options]",
    .summary = "Makes a pair of signing keys. Nothing is overwritten.",
    .options = options,
};

int cmd_keygen(int argc, char **argv)
{
    struct keygen_args args = {0};
    struct espota_secret passphrase = ESPOTA_SECRET_INIT;
    struct espota_error err = ESPOTA_ERROR_INIT;
    enum espota_status status;
    int code;

    if (!opt_read(&command, argc, argv, &args, &code))
        return code;
    if (args.out == NULL || args.pub == NULL)
        return opt_usage_error(&command, "%s is missing", args.out == NULL ? "--out" : "--pub");
    if (strcmp(args.out, args.pub) == 0)
        return opt_usage_error(&command, "--out and --pub name the same file");
    status = passphrase_for_new(&passphrase, args.passphrase_file, &err);
    if (status == ESPOTA_OK)
        status = espota_keygen(args.type, args.out, args.pub, &passphrase, &err);
    if (status == ESPOTA_OK) {
        out_note("Private key: %s%s. Keep it off the devices and out of the sketch's repository.",
                 args.out, passphrase.bytes != NULL ? " (encrypted)" : "");
        out_note("Public key: %s", args.pub);
    }
    espota_secret_wipe(&passphrase);
    return status == ESPOTA_OK ? 0 : show_failure(&err);
}
