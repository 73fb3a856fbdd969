/* SPDX-License-Identifier: MIT */
/* Keys by name, which is a file or a token's URI; the files behind parse and load either. */
#include "crypto/keys_openssl.h"

#include <stdio.h>
#include <stdlib.h>

#include "sys/sys.h"
#include "wire/wire.h"

enum { KEY_FILE_MAX = 65536 };

bool espota_key_exists(const char *name)
{
    return espota_key_is_uri(name) || espota_file_exists(name);
}

static void warn_shared(const struct espota_log *log, const char *name)
{
    espota_log_say(log, ESPOTA_LOG_WARNING,
                   "others can read the private key %s; take that away with: chmod 600 %s", name,
                   name);
}

static enum espota_status read_key(struct espota_key **out, const char *name, bool private_half,
                                   const struct espota_passphrase *passphrase,
                                   const struct espota_log *log, struct espota_error *err)
{
    uint8_t *bytes = NULL;
    size_t length = 0;
    bool shared = false;
    enum espota_status status;

    *out = NULL;
    if (espota_key_is_uri(name))
        return espota_key_uri_load(out, name, private_half, passphrase, err);
    status = espota_file_read(name, KEY_FILE_MAX, &bytes, &length, &shared, err);
    if (status != ESPOTA_OK)
        return status;
    if (private_half)
        status = espota_key_private_parse(out, bytes, length, name, passphrase, err);
    else
        status = espota_key_public_parse(out, bytes, length, name, err);
    if (status == ESPOTA_OK && private_half && shared)
        warn_shared(log, name);
    espota_wipe(bytes, length);
    free(bytes);
    return status;
}

/* A key that anybody can sign for is refused wherever it comes from. */
static enum espota_status load(struct espota_key **out, const char *name, bool private_half,
                               const struct espota_passphrase *passphrase,
                               const struct espota_log *log, struct espota_error *err)
{
    enum espota_status status = read_key(out, name, private_half, passphrase, log, err);

    if (status != ESPOTA_OK || espota_key_exponent_is_sound(*out))
        return status;
    espota_key_destroy(*out);
    *out = NULL;
    return espota_error_set(err, ESPOTA_E_LOCAL,
                            "the key %s has a public exponent that is even or less than 3, which "
                            "protects nothing; make another one",
                            name);
}

enum espota_status espota_key_private_load(struct espota_key **out, const char *name,
                                           const struct espota_passphrase *passphrase,
                                           const struct espota_log *log, struct espota_error *err)
{
    return load(out, name, true, passphrase, log, err);
}

enum espota_status espota_key_public_load(struct espota_key **out, const char *name,
                                          const struct espota_passphrase *passphrase,
                                          struct espota_error *err)
{
    return load(out, name, false, passphrase, NULL, err);
}
