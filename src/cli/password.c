/* SPDX-License-Identifier: MIT */
#include "cli/password.h"

#include "cli/out.h"

static const char variable[] = "ESPOTA_PASSWORD";
static const char credential[] = "espota-password";

enum espota_status password_collect(struct espota_secret *secret, const char *file, bool from_stdin,
                                    struct espota_error *err)
{
    struct espota_secret ambient = ESPOTA_SECRET_INIT;
    struct espota_log log = out_log();
    int given = (secret->bytes != NULL ? 1 : 0) + (file != NULL ? 1 : 0) + (from_stdin ? 1 : 0);
    enum espota_status status = espota_secret_from_environment(&ambient, variable, err);

    if (status != ESPOTA_OK)
        return status;
    if (given > 1)
        status = espota_error_set(err, ESPOTA_E_USAGE,
                                  "one password is enough: --auth, --password-file and "
                                  "--password-stdin exclude each other");
    else if (file != NULL || from_stdin)
        status = espota_secret_read(secret, from_stdin ? "-" : file, "password file", &log, err);
    else if (given == 0 && ambient.bytes == NULL)
        status = espota_secret_from_credentials(secret, credential, err);
    else if (given == 0) {
        *secret = ambient;
        ambient = (struct espota_secret)ESPOTA_SECRET_INIT;
    }
    espota_secret_wipe(&ambient);
    return status;
}
