/* SPDX-License-Identifier: MIT */
/* `verify`: one file, one public key; the verdict for people and as JSON. */
#include <stdio.h>

#include "espota/sign.h"
#include "sign/sign.h"
#include "text/text.h"

enum espota_status espota_verify(const struct espota_verify_options *options,
                                 struct espota_verified *result, struct espota_error *err)
{
    struct espota_verify_options own = ESPOTA_VERIFY_OPTIONS_INIT;
    struct espota_verified found = ESPOTA_VERIFIED_INIT;
    struct espota_image_input from = {0};
    struct espota_key *key = NULL;
    enum espota_status status = espota_sized_take(&found, result, err);

    if (status != ESPOTA_OK)
        return status;
    found = (struct espota_verified)ESPOTA_VERIFIED_INIT;
    status = espota_sized_take(&own, options, err);
    if (status == ESPOTA_OK)
        status = espota_key_public_load(&key, own.publickey, &own.passphrase, err);
    if (status == ESPOTA_OK)
        (void)snprintf(found.key, sizeof(found.key), "%s", espota_key_name(key));
    if (status == ESPOTA_OK && own.format != ESPOTA_SIGN_AUTO)
        status = espota_signature_key_fits(key, own.format, ESPOTA_CHIP_UNKNOWN, err);
    from.name = own.file;
    if (status == ESPOTA_OK)
        status = espota_signature_judge_image(&from, key, own.format, &found, err);
    if (status == ESPOTA_OK && !found.good)
        status = espota_error_set(err, ESPOTA_E_IMAGE, "%s: the signature is not good: %s",
                                  own.file, found.reason);
    espota_key_destroy(key);
    espota_sized_give(result, &found);
    return status;
}

char *espota_verified_json(const struct espota_verify_options *options,
                           const struct espota_verified *result)
{
    struct espota_json *object = espota_json_object();
    struct espota_json *problems = espota_json_array();
    char sentence[300];
    bool fine;
    char *line = NULL;

    (void)snprintf(sentence, sizeof(sentence), "The signature is not good: %s.", result->reason);
    fine = (result->good || espota_json_append_text(problems, sentence)) &&
           espota_json_set_text(object, "file", options->file) &&
           espota_json_set_text(object, "kind", "signature") &&
           espota_json_set_bool(object, "ok", result->good);
    /* an array that was put in is the object's */
    fine = espota_json_set_own(object, "problems", problems) && fine &&
           espota_json_set_text(object, "key", result->key) &&
           espota_json_set_integer(object, "bytes", (int64_t)result->bytes);
    if (fine && result->good)
        fine = espota_json_set_text(object, "format", espota_sign_format_word(result->format)) &&
               espota_json_set_text(object, "hash", espota_hash_name(result->hash)) &&
               espota_json_set_integer(object, "payload", (int64_t)result->payload);
    if (fine)
        line = espota_json_line(object);
    espota_json_free(object);
    return line;
}
