/* SPDX-License-Identifier: MIT */
#include "espota/secret.h"

#include <stdlib.h>
#include <string.h>

#include "core/text.h"

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

void espota_secret_wipe(struct espota_secret *secret)
{
    if (secret->bytes != NULL)
        espota_wipe(secret->bytes, secret->length);
    free(secret->bytes);
    secret->bytes = NULL;
    secret->length = 0;
}
