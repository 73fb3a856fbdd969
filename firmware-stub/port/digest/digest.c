/* SPDX-License-Identifier: MIT */
/* The table: MD5 from beside, SHA-256 from the loader, and what is built of the latter. */
#include "port/digest/digest.h"

#include <string.h>

#include "boot/boot.h"

enum { BLOCK = 64 };

static const struct espota_crypto *const sha = &espota_boot_crypto;

static struct espota_md5 *md5_of(struct espota_digest *digest)
{
    return (struct espota_md5 *)(void *)digest->state.words;
}

static enum espota_status digest_start(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest)
{
    digest->kind = kind;
    if (kind != ESPOTA_DIGEST_MD5)
        return sha->digest_start(context, kind, digest);
    espota_md5_start(md5_of(digest));
    return ESPOTA_OK;
}

static void digest_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    if (digest->kind == ESPOTA_DIGEST_MD5)
        espota_md5_add(md5_of(digest), data, length);
    else
        sha->digest_add(context, digest, data, length);
}

static void digest_drop(void *context, struct espota_digest *digest)
{
    (void)context;
    espota_wipe(&digest->state, sizeof(digest->state));
}

static enum espota_status digest_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    enum espota_status status = ESPOTA_OK;

    if (digest->kind == ESPOTA_DIGEST_MD5)
        espota_md5_finish(md5_of(digest), out);
    else
        status = sha->digest_finish(context, digest, out);
    digest_drop(context, digest);
    return status;
}

/* The key, padded, as the first block of a digest (RFC 2104). */
static enum espota_status start_keyed(struct espota_digest *digest, const uint8_t key[BLOCK],
                                      uint8_t pad)
{
    uint8_t block[BLOCK];
    enum espota_status status = digest_start(NULL, ESPOTA_DIGEST_SHA256, digest);

    for (size_t i = 0; i < BLOCK; i++)
        block[i] = key[i] ^ pad;
    if (status == ESPOTA_OK)
        digest_add(NULL, digest, block, BLOCK);
    espota_wipe(block, sizeof(block));
    return status;
}

/* What an HMAC is made of: the digests that have seen the key. */
struct hmac {
    struct espota_digest inner;
    struct espota_digest outer;
};

static enum espota_status hmac_init(struct hmac *hmac, const void *password, size_t length)
{
    uint8_t key[BLOCK] = {0};
    enum espota_status status = ESPOTA_OK;

    if (length <= BLOCK) {
        memcpy(key, password, length);
    } else {
        status = digest_start(NULL, ESPOTA_DIGEST_SHA256, &hmac->inner);
        if (status != ESPOTA_OK)
            return status;
        digest_add(NULL, &hmac->inner, password, length);
        status = digest_finish(NULL, &hmac->inner, key);
    }
    if (status == ESPOTA_OK)
        status = start_keyed(&hmac->inner, key, 0x36);
    if (status == ESPOTA_OK)
        status = start_keyed(&hmac->outer, key, 0x5c);
    espota_wipe(key, sizeof(key));
    return status;
}

/* Of the bytes that `inner` has seen behind the key. */
static enum espota_status hmac_out(const struct hmac *hmac, struct espota_digest *inner,
                                   uint8_t out[ESPOTA_SHA256_SIZE])
{
    struct espota_digest outer = hmac->outer;
    enum espota_status status = digest_finish(NULL, inner, out);

    digest_add(NULL, &outer, out, ESPOTA_SHA256_SIZE);
    if (status == ESPOTA_OK)
        status = digest_finish(NULL, &outer, out);
    digest_drop(NULL, &outer);
    return status;
}

/* RFC 8018, 5.2, with a result as long as the hash: one block, number 1. */
static enum espota_status pbkdf2_sha256(void *context, const void *password, size_t password_length,
                                        const void *salt, size_t salt_length, uint32_t rounds,
                                        uint8_t out[ESPOTA_SHA256_SIZE])
{
    static const uint8_t block_number[4] = {0, 0, 0, 1};
    struct hmac hmac;
    struct espota_digest inner;
    uint8_t u[ESPOTA_SHA256_SIZE];
    enum espota_status status;

    (void)context;
    if (rounds == 0)
        return ESPOTA_E_USAGE;
    status = hmac_init(&hmac, password, password_length);
    for (uint32_t i = 0; i < rounds && status == ESPOTA_OK; i++) {
        inner = hmac.inner;
        if (i == 0) {
            digest_add(NULL, &inner, salt, salt_length);
            digest_add(NULL, &inner, block_number, sizeof(block_number));
            memset(out, 0, ESPOTA_SHA256_SIZE);
        } else {
            digest_add(NULL, &inner, u, sizeof(u));
        }
        status = hmac_out(&hmac, &inner, u);
        for (size_t at = 0; at < sizeof(u); at++)
            out[at] ^= u[at];
    }
    espota_wipe(&hmac, sizeof(hmac));
    espota_wipe(u, sizeof(u));
    return status;
}

void espota_digest_table(struct espota_crypto *table,
                         enum espota_status (*random)(void *context, void *out, size_t length),
                         void *context)
{
    *table = (struct espota_crypto){
        .context = context,
        .digest_start = digest_start,
        .digest_add = digest_add,
        .digest_finish = digest_finish,
        .digest_drop = digest_drop,
        .pbkdf2_sha256 = pbkdf2_sha256,
        .random = random,
    };
}
