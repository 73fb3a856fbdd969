/* SPDX-License-Identifier: MIT */
/*
 * Noise_NNpsk0_25519_ChaChaPoly_SHA256, both ends: two messages of 48 bytes by which each side
 * knows that the other has the key, and then bytes that nobody else can read or change. What
 * ESPHome hides its updates in. The arithmetic is the caller's, as digests are.
 */
#ifndef ESPOTA_WIRE_NOISE_H
#define ESPOTA_WIRE_NOISE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"

struct espota_crypto;

enum {
    ESPOTA_NOISE_KEY_SIZE = 32, /* of every key here, and of a hash */
    ESPOTA_NOISE_TAG_SIZE = 16, /* what a sealed message has more */
    ESPOTA_NOISE_HELLO_SIZE = ESPOTA_NOISE_KEY_SIZE + ESPOTA_NOISE_TAG_SIZE,
};

struct espota_noise_crypto {
    void *context; /* handed to every function */

    /* A new key pair of X25519. */
    enum espota_status (*pair)(void *context, uint8_t secret[ESPOTA_NOISE_KEY_SIZE],
                               uint8_t open[ESPOTA_NOISE_KEY_SIZE]) ESPOTA_MUST_CHECK;
    /* What both sides make of their secret and the other's open key. BAD: the other's is none. */
    enum espota_status (*agree)(void *context, const uint8_t secret[ESPOTA_NOISE_KEY_SIZE],
                                const uint8_t theirs[ESPOTA_NOISE_KEY_SIZE],
                                uint8_t out[ESPOTA_NOISE_KEY_SIZE]) ESPOTA_MUST_CHECK;
    /* HKDF with SHA-256 and no info; at most three keys are asked for. */
    enum espota_status (*derive)(void *context, const uint8_t salt[ESPOTA_NOISE_KEY_SIZE],
                                 const void *input, size_t length, uint8_t *out,
                                 size_t out_length) ESPOTA_MUST_CHECK;
    /* ChaCha20-Poly1305 in place; the nonce is 4 zeros and the number, little-endian. */
    enum espota_status (*seal)(void *context, const uint8_t key[ESPOTA_NOISE_KEY_SIZE],
                               uint64_t number, const void *beside, size_t beside_length,
                               uint8_t *data, size_t length,
                               uint8_t tag[ESPOTA_NOISE_TAG_SIZE]) ESPOTA_MUST_CHECK;
    /* BAD: the tag does not fit; the data is worth nothing then. */
    enum espota_status (*unseal)(void *context, const uint8_t key[ESPOTA_NOISE_KEY_SIZE],
                                 uint64_t number, const void *beside, size_t beside_length,
                                 uint8_t *data, size_t length,
                                 const uint8_t tag[ESPOTA_NOISE_TAG_SIZE]) ESPOTA_MUST_CHECK;
};

/* The caller's memory; its content is this module's. */
struct espota_noise {
    const struct espota_noise_crypto *crypto;
    const struct espota_crypto *digests;
    bool first; /* this side speaks first */
    uint8_t secret[ESPOTA_NOISE_KEY_SIZE];
    uint8_t chain[ESPOTA_NOISE_KEY_SIZE];
    uint8_t hash[ESPOTA_NOISE_KEY_SIZE];
    /* While greeting `out` alone is used. */
    uint8_t out[ESPOTA_NOISE_KEY_SIZE];
    uint8_t in[ESPOTA_NOISE_KEY_SIZE];
    uint64_t sent, received;
};

/*
 * `key` is what both sides have; `said` is what they have said in clear, so that nobody can have
 * changed it. Failures are those of the two tables.
 */
enum espota_status espota_noise_init(struct espota_noise *noise,
                                     const struct espota_noise_crypto *crypto,
                                     const struct espota_crypto *digests, bool first,
                                     const uint8_t key[ESPOTA_NOISE_KEY_SIZE], const void *said,
                                     size_t length) ESPOTA_MUST_CHECK;
/* Wipes. */
void espota_noise_deinit(struct espota_noise *noise);

/* The two greetings: the first side writes, the other reads and writes, the first reads. */
enum espota_status espota_noise_write_hello(struct espota_noise *noise,
                                            uint8_t out[ESPOTA_NOISE_HELLO_SIZE]) ESPOTA_MUST_CHECK;
/* BAD: the other side has another key, or heard other things in clear. */
enum espota_status
espota_noise_read_hello(struct espota_noise *noise,
                        const uint8_t hello[ESPOTA_NOISE_HELLO_SIZE]) ESPOTA_MUST_CHECK;

/* In place; `data` has room for a tag behind its `length` bytes. */
enum espota_status espota_noise_seal(struct espota_noise *noise, uint8_t *data,
                                     size_t length) ESPOTA_MUST_CHECK;
/* `length` counts the tag, which is taken off. BAD: changed, doubled, or not in its turn. */
enum espota_status espota_noise_unseal(struct espota_noise *noise, uint8_t *data,
                                       size_t length) ESPOTA_MUST_CHECK;

#endif
