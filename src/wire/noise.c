/* SPDX-License-Identifier: MIT */
/*
 * The names of the steps are those of the Noise specification (revision 34): everything that is
 * said goes into `hash`, everything that only the two can know into `chain`.
 */
#include "wire/noise.h"

#include <string.h>

#include "wire/wire.h"

enum { KEY = ESPOTA_NOISE_KEY_SIZE, TAG = ESPOTA_NOISE_TAG_SIZE };

static const char name[] = "Noise_NNpsk0_25519_ChaChaPoly_SHA256";

static enum espota_status digest(const struct espota_noise *noise, const void *first,
                                 size_t first_length, const void *then, size_t then_length,
                                 uint8_t out[KEY])
{
    const struct espota_crypto *digests = noise->digests;
    struct espota_digest under_way;
    enum espota_status status =
        digests->digest_start(digests->context, ESPOTA_DIGEST_SHA256, &under_way);

    if (status != ESPOTA_OK)
        return status;
    digests->digest_add(digests->context, &under_way, first, first_length);
    digests->digest_add(digests->context, &under_way, then, then_length);
    return digests->digest_finish(digests->context, &under_way, out);
}

static enum espota_status mix_hash(struct espota_noise *noise, const void *data, size_t length)
{
    return digest(noise, noise->hash, KEY, data, length, noise->hash);
}

/* `more` keys beside the chain's next one. */
static enum espota_status derive(struct espota_noise *noise, const void *input, size_t length,
                                 uint8_t (*out)[KEY], size_t more)
{
    const struct espota_noise_crypto *crypto = noise->crypto;
    uint8_t keys[3][KEY];
    enum espota_status status =
        crypto->derive(crypto->context, noise->chain, input, length, keys[0], (more + 1) * KEY);

    if (status == ESPOTA_OK) {
        memcpy(noise->chain, keys[0], KEY);
        memcpy(out, keys[1], more * KEY);
    }
    espota_wipe(keys, sizeof(keys));
    return status;
}

static enum espota_status mix_key(struct espota_noise *noise, const void *input, size_t length)
{
    return derive(noise, input, length, &noise->out, 1);
}

static enum espota_status mix_key_and_hash(struct espota_noise *noise, const uint8_t key[KEY])
{
    uint8_t keys[2][KEY];
    enum espota_status status = derive(noise, key, KEY, keys, 2);

    if (status == ESPOTA_OK) {
        memcpy(noise->out, keys[1], KEY);
        status = mix_hash(noise, keys[0], KEY);
    }
    espota_wipe(keys, sizeof(keys));
    return status;
}

enum espota_status espota_noise_init(struct espota_noise *noise,
                                     const struct espota_noise_crypto *crypto,
                                     const struct espota_crypto *digests, bool first,
                                     const uint8_t key[KEY], const void *said, size_t length)
{
    enum espota_status status;

    memset(noise, 0, sizeof(*noise));
    noise->crypto = crypto;
    noise->digests = digests;
    noise->first = first;
    status = digest(noise, name, sizeof(name) - 1, name, 0, noise->hash);
    memcpy(noise->chain, noise->hash, KEY);
    if (status == ESPOTA_OK)
        status = mix_hash(noise, said, length);
    if (status == ESPOTA_OK)
        status = mix_key_and_hash(noise, key);
    return status;
}

void espota_noise_deinit(struct espota_noise *noise)
{
    espota_wipe(noise, sizeof(*noise));
}

/* --- greetings --- */

static enum espota_status mix_open_key(struct espota_noise *noise, const uint8_t key[KEY])
{
    enum espota_status status = mix_hash(noise, key, KEY);

    return status == ESPOTA_OK ? mix_key(noise, key, KEY) : status;
}

static enum espota_status mix_agreed(struct espota_noise *noise, const uint8_t theirs[KEY])
{
    const struct espota_noise_crypto *crypto = noise->crypto;
    uint8_t agreed[KEY];
    enum espota_status status = crypto->agree(crypto->context, noise->secret, theirs, agreed);

    if (status == ESPOTA_OK)
        status = mix_key(noise, agreed, KEY);
    espota_wipe(agreed, sizeof(agreed));
    return status;
}

/* Both have greeted: from here on each direction has its key. */
static enum espota_status split(struct espota_noise *noise)
{
    const struct espota_noise_crypto *crypto = noise->crypto;
    uint8_t keys[2][KEY];
    enum espota_status status =
        crypto->derive(crypto->context, noise->chain, NULL, 0, keys[0], sizeof(keys));

    if (status == ESPOTA_OK) {
        memcpy(noise->out, keys[noise->first ? 0 : 1], KEY);
        memcpy(noise->in, keys[noise->first ? 1 : 0], KEY);
    }
    espota_wipe(keys, sizeof(keys));
    espota_wipe(noise->secret, KEY);
    espota_wipe(noise->chain, KEY);
    return status;
}

enum espota_status espota_noise_write_hello(struct espota_noise *noise,
                                            uint8_t out[ESPOTA_NOISE_HELLO_SIZE])
{
    const struct espota_noise_crypto *crypto = noise->crypto;
    uint8_t *theirs = noise->in; /* where read_hello left it */
    enum espota_status status = crypto->pair(crypto->context, noise->secret, out);

    if (status == ESPOTA_OK)
        status = mix_open_key(noise, out);
    if (status == ESPOTA_OK && !noise->first)
        status = mix_agreed(noise, theirs);
    if (status == ESPOTA_OK)
        status =
            crypto->seal(crypto->context, noise->out, 0, noise->hash, KEY, out + KEY, 0, out + KEY);
    if (status == ESPOTA_OK)
        status = mix_hash(noise, out + KEY, TAG);
    if (status == ESPOTA_OK && !noise->first)
        status = split(noise);
    return status;
}

enum espota_status espota_noise_read_hello(struct espota_noise *noise,
                                           const uint8_t hello[ESPOTA_NOISE_HELLO_SIZE])
{
    const struct espota_noise_crypto *crypto = noise->crypto;
    uint8_t nothing[1] = {0};
    enum espota_status status = mix_open_key(noise, hello);

    if (status == ESPOTA_OK && noise->first)
        status = mix_agreed(noise, hello);
    if (status == ESPOTA_OK)
        status = crypto->unseal(crypto->context, noise->out, 0, noise->hash, KEY, nothing, 0,
                                hello + KEY);
    if (status == ESPOTA_OK)
        status = mix_hash(noise, hello + KEY, TAG);
    if (status != ESPOTA_OK)
        return status;
    memcpy(noise->in, hello, KEY);
    return noise->first ? split(noise) : ESPOTA_OK;
}

/* --- afterwards --- */

enum espota_status espota_noise_seal(struct espota_noise *noise, uint8_t *data, size_t length)
{
    return noise->crypto->seal(noise->crypto->context, noise->out, noise->sent++, NULL, 0, data,
                               length, data + length);
}

enum espota_status espota_noise_unseal(struct espota_noise *noise, uint8_t *data, size_t length)
{
    if (length < TAG)
        return ESPOTA_BAD;
    return noise->crypto->unseal(noise->crypto->context, noise->in, noise->received++, NULL, 0,
                                 data, length - TAG, data + length - TAG);
}
