/* SPDX-License-Identifier: MIT */
#include "wire/wire.h"

enum espota_status espota_digest_hex(const struct espota_crypto *crypto,
                                     enum espota_digest_kind kind,
                                     const struct espota_digest_part *parts, size_t count,
                                     char *out)
{
    struct espota_digest digest;
    enum espota_status status = crypto->digest_start(crypto->context, kind, &digest);

    if (status != ESPOTA_OK)
        return status;
    for (size_t i = 0; i < count; i++)
        crypto->digest_add(crypto->context, &digest, parts[i].data, parts[i].length);
    return espota_digest_finish_hex(crypto, &digest, out);
}

enum espota_status espota_digest_finish_hex(const struct espota_crypto *crypto,
                                            struct espota_digest *digest, char *out)
{
    /* asked for now: a port may end the digest by wiping all of it */
    size_t size = digest->kind == ESPOTA_DIGEST_MD5 ? ESPOTA_MD5_SIZE : ESPOTA_SHA256_SIZE;
    uint8_t raw[ESPOTA_DIGEST_MAX];
    enum espota_status status = crypto->digest_finish(crypto->context, digest, raw);

    if (status == ESPOTA_OK)
        espota_hex_encode(raw, size, out);
    espota_wipe(raw, sizeof(raw)); /* it may stand for a password */
    return status;
}
