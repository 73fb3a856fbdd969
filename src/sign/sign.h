/* SPDX-License-Identifier: MIT */
/*
 * The door of `sign`: every format of signature that a device verifies.
 */
#ifndef ESPOTA_SIGN_SIGN_H
#define ESPOTA_SIGN_SIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "crypto/crypto.h"
#include "espota/error.h"
#include "espota/sign.h"
#include "image/image.h"

/*
 * Trailers: made and judged in one pass over the bytes, without the whole of them in memory. The
 * caller hashes everything but the last bytes, which it holds back as `tail`.
 */

enum { ESPOTA_TRAILER_MAX = ESPOTA_KEY_SIGNATURE_MAX + 4 };

/* The hashes that judging with this key, or making in this format, needs. */
enum espota_status espota_signature_hashes(struct espota_hashes **out, const struct espota_key *key,
                                           enum espota_sign_format format,
                                           struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Whether a device could verify what this key signs. E_LOCAL with the reason. `chip` UNKNOWN: in
 * the format's own devices.
 */
enum espota_status espota_signature_key_fits(const struct espota_key *key,
                                             enum espota_sign_format format, enum espota_chip chip,
                                             struct espota_error *err) ESPOTA_MUST_CHECK;

/* The bytes behind a payload; checked with the public half. `hash` is of the whole payload. */
enum espota_status espota_signature_make(const struct espota_key *key,
                                         enum espota_sign_format format, enum espota_hash_kind kind,
                                         const uint8_t *hash, uint8_t trailer[ESPOTA_TRAILER_MAX],
                                         size_t *length,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

struct espota_signature_verdict {
    bool good;
    enum espota_sign_format format; /* of a good one */
    enum espota_hash_kind hash;
    size_t trailer;   /* bytes behind the payload of a good one */
    char reason[256]; /* of one that is not good */
};

/*
 * Judges the end of a file of `total` bytes, whose last `tail_length` are `tail` and whose
 * others are in `hashes`. tail_length is ESPOTA_TRAILER_MAX, or total if that is less.
 */
enum espota_status espota_signature_judge(struct espota_hashes *hashes, const uint8_t *tail,
                                          size_t tail_length, uint64_t total,
                                          const struct espota_key *key,
                                          enum espota_sign_format format,
                                          struct espota_signature_verdict *verdict,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;

/* The same for bytes in memory. */
enum espota_status espota_signature_judge_memory(const void *data, size_t length,
                                                 const struct espota_key *key,
                                                 enum espota_sign_format format,
                                                 struct espota_signature_verdict *verdict,
                                                 struct espota_error *err) ESPOTA_MUST_CHECK;

/* Holds back the last bytes of a stream and hashes the rest. */
struct espota_tail {
    struct espota_hashes *hashes;
    uint64_t total;
    size_t held;
    uint8_t bytes[ESPOTA_TRAILER_MAX];
};
void espota_tail_init(struct espota_tail *tail, struct espota_hashes *hashes);
void espota_tail_add(struct espota_tail *tail, const void *data, size_t length);

#endif
