/* SPDX-License-Identifier: MIT */
/*
 * Trailers: made and judged in one pass over the bytes, without the whole of them in memory: an
 * image may come from a pipe, and only its last bytes tell whether they are a signature.
 */
#ifndef ESPOTA_SIGN_SIGNATURE_H
#define ESPOTA_SIGN_SIGNATURE_H

#include "sign/sign.h"

enum { ESPOTA_TRAILER_MAX = ESPOTA_KEY_SIGNATURE_MAX + 4 };

/* A stream whose last bytes are held back and whose others are hashed. */
struct espota_tail {
    const struct espota_key *key;
    struct espota_hashes *hashes;
    uint64_t total;
    size_t held;
    uint8_t bytes[ESPOTA_TRAILER_MAX];
};

/* With the hashes that judging with this key, or signing in this format, needs. */
enum espota_status espota_tail_init(struct espota_tail *tail, const struct espota_key *key,
                                    enum espota_sign_format format,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_tail_add(struct espota_tail *tail, const void *data, size_t length);
/* Judges what came so far as a whole file; more may follow. */
enum espota_status espota_tail_judge(const struct espota_tail *tail, enum espota_sign_format format,
                                     struct espota_verified *verdict,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/* The bytes that belong behind what came so far; checked with the public half. */
enum espota_status espota_tail_sign(const struct espota_tail *tail, enum espota_sign_format format,
                                    enum espota_hash_kind kind, uint8_t trailer[ESPOTA_TRAILER_MAX],
                                    size_t *length, struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_tail_deinit(struct espota_tail *tail); /* zeros are fine */

#endif
