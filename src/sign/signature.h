/* SPDX-License-Identifier: MIT */
/*
 * Trailers: made and judged in one pass over the bytes, without the whole of them in memory: an
 * image may come from a pipe, and only its last bytes tell whether they are a signature.
 */
#ifndef ESPOTA_SIGN_SIGNATURE_H
#define ESPOTA_SIGN_SIGNATURE_H

#include "sign/sign.h"

enum { ESPOTA_TRAILER_MAX = ESPOTA_KEY_SIGNATURE_MAX + 4 };

/* The bytes behind a payload; checked with the public half. `hash` is of the whole payload. */
enum espota_status espota_signature_make(const struct espota_key *key,
                                         enum espota_sign_format format, enum espota_hash_kind kind,
                                         const uint8_t *hash, uint8_t trailer[ESPOTA_TRAILER_MAX],
                                         size_t *length,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

/* A stream whose last bytes are held back and whose others are hashed. */
struct espota_tail {
    struct espota_hashes *hashes;
    uint64_t total;
    size_t held;
    uint8_t bytes[ESPOTA_TRAILER_MAX];
};

/* With the hashes that judging with this key, or making in this format, needs. */
enum espota_status espota_tail_init(struct espota_tail *tail, const struct espota_key *key,
                                    enum espota_sign_format format,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_tail_add(struct espota_tail *tail, const void *data, size_t length);
/* Judges what came so far as a whole file; more may follow. */
enum espota_status espota_tail_judge(const struct espota_tail *tail, const struct espota_key *key,
                                     enum espota_sign_format format,
                                     struct espota_signature_verdict *verdict,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_tail_deinit(struct espota_tail *tail); /* zeros are fine */

#endif
