/* SPDX-License-Identifier: MIT */
/*
 * Where secrets come from. Each is looked for in every place even where it was found already: a
 * variable that stays would be inherited by the programs that are run.
 */
#include "cli/secrets.h"

#include <stdio.h>
#include <string.h>

#include "cli/out.h"
#include "sys/sys.h"

static const char password_variable[] = "ESPOTA_PASSWORD";
static const char password_credential[] = "espota-password";

enum espota_status password_collect(struct espota_secret *secret, const char *file, bool from_stdin,
                                    struct espota_error *err)
{
    struct espota_secret ambient = ESPOTA_SECRET_INIT;
    struct espota_log log = out_log();
    int given = (secret->bytes != NULL ? 1 : 0) + (file != NULL ? 1 : 0) + (from_stdin ? 1 : 0);
    enum espota_status status = espota_secret_from_environment(&ambient, password_variable, err);

    if (status != ESPOTA_OK)
        return status;
    if (given > 1)
        status = espota_error_set(err, ESPOTA_E_USAGE,
                                  "one password is enough: --auth, --password-file and "
                                  "--password-stdin exclude each other");
    else if (file != NULL || from_stdin)
        status = espota_secret_read(secret, from_stdin ? "-" : file, "password file", &log, err);
    else if (given == 0 && ambient.bytes == NULL)
        status = espota_secret_from_credentials(secret, password_credential, err);
    else if (given == 0) {
        *secret = ambient;
        ambient = (struct espota_secret)ESPOTA_SECRET_INIT;
    }
    espota_secret_wipe(&ambient);
    return status;
}

enum espota_status key_collect(struct espota_secret *secret, const char *file,
                               struct espota_error *err)
{
    struct espota_secret ambient = ESPOTA_SECRET_INIT;
    struct espota_log log = out_log();
    enum espota_status status = espota_secret_from_environment(&ambient, "ESPOTA_KEY", err);

    if (status == ESPOTA_OK && file != NULL) {
        status = espota_secret_read(secret, file, "key file", &log, err);
    } else if (status == ESPOTA_OK) {
        *secret = ambient;
        ambient = (struct espota_secret)ESPOTA_SECRET_INIT;
    }
    espota_secret_wipe(&ambient);
    return status;
}

static const char passphrase_variable[] = "ESPOTA_PASSPHRASE";

static enum espota_status ask_person(void *context, const char *what, struct espota_secret *out,
                                     struct espota_error *err)
{
    char question[512];
    char answer[ESPOTA_SECRET_MAX + 1] = "";
    enum espota_status status;

    (void)context;
    (void)snprintf(question, sizeof(question), "Passphrase for %s: ", what);
    status = espota_program_ask(question, true, answer, sizeof(answer), err);
    if (status == ESPOTA_OK)
        status = espota_secret_take(out, answer, err);
    return status;
}

enum espota_status passphrase_for_new(struct espota_secret *secret, const char *file,
                                      struct espota_error *err)
{
    struct espota_secret ambient = ESPOTA_SECRET_INIT;
    struct espota_log log = out_log();
    enum espota_status status = espota_secret_from_environment(&ambient, passphrase_variable, err);

    *secret = (struct espota_secret)ESPOTA_SECRET_INIT;
    if (status == ESPOTA_OK && file != NULL)
        status = espota_secret_read(secret, file, "passphrase file", &log, err);
    else if (status == ESPOTA_OK) {
        *secret = ambient;
        return ESPOTA_OK;
    }
    espota_secret_wipe(&ambient);
    return status;
}

enum espota_status passphrase_collect(struct espota_passphrase *passphrase, const char *file,
                                      struct espota_error *err)
{
    memset(passphrase, 0, sizeof(*passphrase));
    passphrase->ask = ask_person;
    return passphrase_for_new(&passphrase->given, file, err);
}
