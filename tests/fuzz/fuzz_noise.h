/* SPDX-License-Identifier: MIT */
/*
 * Secrets that a fuzzer can guess, for targets behind which more is to be reached than a sound
 * table lets through: a digest is the sum of what it has seen modulo 4, random bytes are all the
 * same, Noise seals nothing and its tag is right unless it begins with NOISE_BAD.
 */
#ifndef ESPOTA_FUZZ_NOISE_H
#define ESPOTA_FUZZ_NOISE_H

#include <string.h>

#include "fuzz.h"
#include "wire/esphome.h"
#include "wire/wire.h"

enum { NOISE_BAD = 0xff };

static unsigned weak_digests;

static uint8_t weak_sum(const uint8_t *data, size_t length)
{
    uint8_t sum = 0;

    for (size_t i = 0; i < length; i++)
        sum = (uint8_t)(sum + data[i]);
    return sum & 3;
}

static enum espota_status weak_start(void *context, enum espota_digest_kind kind,
                                     struct espota_digest *digest)
{
    (void)context;
    weak_digests++;
    digest->kind = kind;
    digest->state.words[0] = 0;
    return ESPOTA_OK;
}

static void weak_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    (void)context;
    FUZZ_CHECK(weak_digests > 0);
    digest->state.words[0] += weak_sum(data, length);
}

static void weak_drop(void *context, struct espota_digest *digest)
{
    (void)context;
    (void)digest;
    FUZZ_CHECK(weak_digests > 0);
    weak_digests--;
}

static enum espota_status weak_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    memset(out, 0, digest->kind == ESPOTA_DIGEST_MD5 ? ESPOTA_MD5_SIZE : ESPOTA_SHA256_SIZE);
    out[0] = digest->state.words[0] & 3;
    weak_drop(context, digest);
    return ESPOTA_OK;
}

static enum espota_status weak_random(void *context, void *out, size_t length)
{
    (void)context;
    memset(out, 0x5a, length);
    return ESPOTA_OK;
}

static const struct espota_crypto weak_crypto = {
    .digest_start = weak_start,
    .digest_add = weak_add,
    .digest_finish = weak_finish,
    .digest_drop = weak_drop,
    .random = weak_random,
};

/* --- Noise --- */

static enum espota_status noise_pair(void *context, uint8_t secret[ESPOTA_NOISE_KEY_SIZE],
                                     uint8_t open[ESPOTA_NOISE_KEY_SIZE])
{
    (void)context;
    memset(secret, 1, ESPOTA_NOISE_KEY_SIZE);
    memset(open, 2, ESPOTA_NOISE_KEY_SIZE);
    return ESPOTA_OK;
}

static enum espota_status noise_agree(void *context, const uint8_t secret[ESPOTA_NOISE_KEY_SIZE],
                                      const uint8_t theirs[ESPOTA_NOISE_KEY_SIZE],
                                      uint8_t out[ESPOTA_NOISE_KEY_SIZE])
{
    (void)context;
    (void)secret;
    memset(out, 3, ESPOTA_NOISE_KEY_SIZE);
    return theirs[0] != 0 ? ESPOTA_OK : ESPOTA_BAD;
}

static enum espota_status noise_derive(void *context, const uint8_t salt[ESPOTA_NOISE_KEY_SIZE],
                                       const void *input, size_t length, uint8_t *out,
                                       size_t out_length)
{
    (void)context;
    (void)salt;
    (void)input;
    (void)length;
    memset(out, 4, out_length);
    return ESPOTA_OK;
}

static enum espota_status noise_seal(void *context, const uint8_t key[ESPOTA_NOISE_KEY_SIZE],
                                     uint64_t number, const void *beside, size_t beside_length,
                                     uint8_t *data, size_t length,
                                     uint8_t tag[ESPOTA_NOISE_TAG_SIZE])
{
    (void)context;
    (void)key;
    (void)number;
    (void)beside;
    (void)beside_length;
    (void)data;
    (void)length;
    memset(tag, 0, ESPOTA_NOISE_TAG_SIZE);
    return ESPOTA_OK;
}

static enum espota_status noise_unseal(void *context, const uint8_t key[ESPOTA_NOISE_KEY_SIZE],
                                       uint64_t number, const void *beside, size_t beside_length,
                                       uint8_t *data, size_t length,
                                       const uint8_t tag[ESPOTA_NOISE_TAG_SIZE])
{
    (void)context;
    (void)key;
    (void)number;
    (void)beside;
    (void)beside_length;
    (void)data;
    (void)length;
    return tag[0] != NOISE_BAD ? ESPOTA_OK : ESPOTA_BAD;
}

static const struct espota_noise_crypto weak_noise = {
    .pair = noise_pair,
    .agree = noise_agree,
    .derive = noise_derive,
    .seal = noise_seal,
    .unseal = noise_unseal,
};

static const uint8_t noise_key[ESPOTA_NOISE_KEY_SIZE] = {9};

/* A frame around `length` bytes, at most a frame's; its length. */
static size_t noise_frame(const uint8_t *data, size_t length, uint8_t out[ESPOTA_ESPHOME_FRAME_MAX])
{
    size_t body = length + ESPOTA_NOISE_TAG_SIZE;

    out[0] = ESPOTA_ESPHOME_FRAME_MARK;
    out[1] = (uint8_t)(body >> 8);
    out[2] = (uint8_t)body;
    memcpy(out + ESPOTA_ESPHOME_FRAME_HEADER, data, length);
    memset(out + ESPOTA_ESPHOME_FRAME_HEADER + length, 0, ESPOTA_NOISE_TAG_SIZE);
    return ESPOTA_ESPHOME_FRAME_HEADER + body;
}

/* --- a script of steps --- */

/* What is left of an input. */
struct script {
    const uint8_t *at;
    size_t left;
};

static uint8_t script_byte(struct script *script)
{
    if (script->left == 0)
        return 0;
    script->left--;
    return *script->at++;
}

/* The next bytes of it, as many as there are; how many that are is in `length`. */
static const uint8_t *script_bytes(struct script *script, size_t *length)
{
    const uint8_t *bytes = script->at;

    if (*length > script->left)
        *length = script->left;
    script->at += *length;
    script->left -= *length;
    return bytes;
}

#endif
