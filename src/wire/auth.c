/* SPDX-License-Identifier: MIT */
/*
 * The digests are taken of texts: lower-case digits with colons between them, as the cores build
 * them from String. Bytes that are put together in another order are another protocol.
 */
#include "wire/wire.h"

#include <string.h>

enum { HEX_MAX = 2 * ESPOTA_DIGEST_MAX, SALT_MAX = 2 * ESPOTA_NONCE_MAX + 1 };

enum espota_status espota_password_hash(const struct espota_crypto *crypto,
                                        enum espota_password_form form, const void *password,
                                        size_t length, char out[ESPOTA_NONCE_MAX + 1])
{
    const struct espota_digest_part part = {password, length};

    return espota_digest_hex(
        crypto, form == ESPOTA_FORM_MD5 ? ESPOTA_DIGEST_MD5 : ESPOTA_DIGEST_SHA256, &part, 1, out);
}

/* digest(secret ":" nonce ":" cnonce), the last step of both schemes. */
static enum espota_status seal(const struct espota_crypto *crypto, enum espota_digest_kind kind,
                               const char *secret, size_t secret_length, const char *nonce,
                               const char *cnonce, size_t digits, char out[ESPOTA_NONCE_MAX + 1])
{
    const struct espota_digest_part parts[] = {
        {secret, secret_length}, {":", 1}, {nonce, digits}, {":", 1}, {cnonce, digits}};

    return espota_digest_hex(crypto, kind, parts, sizeof(parts) / sizeof(parts[0]), out);
}

/* Stretches the stored form with nonce ":" cnonce as the salt; the result as digits. */
static enum espota_status stretch(const struct espota_crypto *crypto, const char *hash,
                                  size_t hash_length, const char *nonce, const char *cnonce,
                                  char out[HEX_MAX + 1])
{
    char salt[SALT_MAX];
    uint8_t key[ESPOTA_SHA256_SIZE];
    enum espota_status status;

    memcpy(salt, nonce, ESPOTA_NONCE_SHA256);
    salt[ESPOTA_NONCE_SHA256] = ':';
    memcpy(salt + ESPOTA_NONCE_SHA256 + 1, cnonce, ESPOTA_NONCE_SHA256);
    status = crypto->pbkdf2_sha256(crypto->context, hash, hash_length, salt, sizeof(salt),
                                   ESPOTA_PBKDF2_ROUNDS, key);
    if (status == ESPOTA_OK)
        espota_hex_encode(key, sizeof(key), out);
    espota_wipe(key, sizeof(key));
    return status;
}

enum espota_status espota_auth_response(const struct espota_crypto *crypto, const char *hash,
                                        const char *nonce, const char *cnonce,
                                        char out[ESPOTA_NONCE_MAX + 1])
{
    size_t digits = espota_text_length(nonce, ESPOTA_NONCE_MAX + 1);
    size_t hash_length = espota_text_length(hash, ESPOTA_NONCE_MAX + 1);
    char key[HEX_MAX + 1];
    enum espota_status status;

    if (espota_text_length(cnonce, ESPOTA_NONCE_MAX + 1) != digits ||
        hash_length > ESPOTA_NONCE_MAX)
        return ESPOTA_E_USAGE;
    if (digits == ESPOTA_NONCE_MD5)
        return seal(crypto, ESPOTA_DIGEST_MD5, hash, hash_length, nonce, cnonce, digits, out);
    if (digits != ESPOTA_NONCE_SHA256)
        return ESPOTA_E_USAGE;
    if (crypto->pbkdf2_sha256 == NULL)
        return ESPOTA_E_FAILED;
    status = stretch(crypto, hash, hash_length, nonce, cnonce, key);
    if (status == ESPOTA_OK)
        status = seal(crypto, ESPOTA_DIGEST_SHA256, key, HEX_MAX, nonce, cnonce, digits, out);
    espota_wipe(key, sizeof(key));
    return status;
}
