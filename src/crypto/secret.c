/* SPDX-License-Identifier: MIT */
/* Passwords and passphrases from files, the environment and callers; wiped wherever they were. */
#include "espota/secret.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/sys.h"
#include "wire/wire.h"

enum espota_status espota_secret_copy(struct espota_secret *secret, const char *bytes,
                                      size_t length, struct espota_error *err)
{
    char *copy;

    if (length > ESPOTA_SECRET_MAX)
        return espota_error_set(err, ESPOTA_E_USAGE, "is longer than %d bytes", ESPOTA_SECRET_MAX);
    copy = malloc(length + 1);
    if (copy == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a password");
    memcpy(copy, bytes, length);
    copy[length] = '\0';
    espota_secret_wipe(secret);
    secret->bytes = copy;
    secret->length = length;
    return ESPOTA_OK;
}

enum espota_status espota_secret_take(struct espota_secret *secret, char *text,
                                      struct espota_error *err)
{
    size_t length = strlen(text);
    enum espota_status status = espota_secret_copy(secret, text, length, err);

    espota_wipe(text, length);
    return status;
}

/* *missing tells a file that is not there from all other failures. */
static enum espota_status read_file(struct espota_secret *secret, const char *path,
                                    const char *what, const struct espota_log *log, bool *missing,
                                    struct espota_error *err)
{
    char line[ESPOTA_SECRET_MAX + 1];
    struct espota_secret_line about;
    enum espota_status status = espota_secret_file_read(path, line, sizeof(line), &about, err);

    if (status == ESPOTA_OK)
        status = espota_secret_copy(secret, line, about.length, err);
    if (status == ESPOTA_OK && about.shared) {
        char command[512];

        espota_log_say(log, ESPOTA_LOG_WARNING,
                       "others can read the %s %s; take that away with: %s", what, path,
                       espota_file_private_command(path, command, sizeof(command)));
    }
    if (status != ESPOTA_OK)
        (void)espota_error_prefix(err, "%s", what);
    espota_wipe(line, sizeof(line));
    *missing = about.missing;
    return status;
}

enum espota_status espota_secret_read(struct espota_secret *secret, const char *path,
                                      const char *what, const struct espota_log *log,
                                      struct espota_error *err)
{
    bool missing;

    return read_file(secret, path, what, log, &missing, err);
}

enum espota_status espota_secret_from_environment(struct espota_secret *secret,
                                                  const char *variable, struct espota_error *err)
{
    char *value = getenv(variable);
    enum espota_status status;

    if (value == NULL)
        return ESPOTA_OK;
    status = espota_secret_take(secret, value, err);
    espota_environment_remove(variable);
    if (status != ESPOTA_OK)
        return espota_error_prefix(err, "%s", variable);
    return ESPOTA_OK;
}

enum espota_status espota_secret_from_credentials(struct espota_secret *secret, const char *name,
                                                  struct espota_error *err)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    char path[4096];
    enum espota_status status;
    bool missing;
    int length;

    if (directory == NULL || *directory == '\0')
        return ESPOTA_OK;
    length = snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (length < 0 || (size_t)length >= sizeof(path))
        return espota_error_set(err, ESPOTA_E_LOCAL, "CREDENTIALS_DIRECTORY is too long");
    /* systemd sees to the permissions of this directory. */
    status = read_file(secret, path, "credential", NULL, &missing, err);
    return missing ? ESPOTA_OK : status;
}

void espota_secret_wipe(struct espota_secret *secret)
{
    if (secret->bytes != NULL)
        espota_wipe(secret->bytes, secret->length);
    free(secret->bytes);
    secret->bytes = NULL;
    secret->length = 0;
}
