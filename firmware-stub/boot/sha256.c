/* SPDX-License-Identifier: MIT */
/* FIPS 180-4, written for size: one loop, whose message schedule is a ring of sixteen words. */
#include "boot/sha256.h"

#include <string.h>

enum { BLOCK = 64, ROUNDS = 64 };

/* Lies in the digest's memory. */
struct sha256 {
    uint32_t state[8];
    uint32_t length; /* bytes so far; programs are shorter than 512 MiB */
    uint8_t block[BLOCK];
};

_Static_assert(sizeof(struct sha256) <= sizeof(((struct espota_digest *)0)->state.words),
               "the digest has room for it");

static const uint32_t round_constant[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

static const uint32_t start_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static uint32_t turned(uint32_t x, unsigned by)
{
    return x >> by | x << (32 - by);
}

static void take_block(struct sha256 *sha)
{
    uint32_t word[16];
    uint32_t s[8]; /* a to h */
    struct espota_reader reader;

    espota_reader_init(&reader, sha->block, BLOCK);
    memcpy(s, sha->state, sizeof(s));
    for (unsigned i = 0; i < ROUNDS; i++) {
        uint32_t *w = &word[i & 15];
        uint32_t sum;

        if (i < 16) {
            *w = espota_read_u32be(&reader);
        } else {
            uint32_t early = word[(i + 1) & 15];
            uint32_t late = word[(i + 14) & 15];

            *w += (turned(early, 7) ^ turned(early, 18) ^ early >> 3) + word[(i + 9) & 15] +
                  (turned(late, 17) ^ turned(late, 19) ^ late >> 10);
        }
        sum = s[7] + (turned(s[4], 6) ^ turned(s[4], 11) ^ turned(s[4], 25)) +
              (s[6] ^ (s[4] & (s[5] ^ s[6]))) + round_constant[i] + *w;
        s[3] += sum;
        sum += (turned(s[0], 2) ^ turned(s[0], 13) ^ turned(s[0], 22)) +
               ((s[0] & s[1]) | (s[2] & (s[0] | s[1])));
        memmove(s + 1, s, sizeof(s) - sizeof(s[0]));
        s[0] = sum;
    }
    for (unsigned i = 0; i < 8; i++)
        sha->state[i] += s[i];
}

static void add_byte(struct sha256 *sha, uint8_t byte)
{
    sha->block[sha->length++ % BLOCK] = byte;
    if (sha->length % BLOCK == 0)
        take_block(sha);
}

static enum espota_status digest_start(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest)
{
    struct sha256 *sha = (struct sha256 *)(void *)digest->state.words;

    (void)context;
    if (kind != ESPOTA_DIGEST_SHA256)
        return ESPOTA_E_FAILED;
    memcpy(sha->state, start_state, sizeof(sha->state));
    sha->length = 0;
    return ESPOTA_OK;
}

static void digest_add(void *context, struct espota_digest *digest, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    (void)context;
    for (size_t i = 0; i < length; i++)
        add_byte((struct sha256 *)(void *)digest->state.words, bytes[i]);
}

static enum espota_status digest_finish(void *context, struct espota_digest *digest, uint8_t *out)
{
    struct sha256 *sha = (struct sha256 *)(void *)digest->state.words;
    struct espota_writer writer;
    uint32_t bits = sha->length << 3;

    (void)context;
    add_byte(sha, 0x80);
    while (sha->length % BLOCK != BLOCK - 8)
        add_byte(sha, 0);
    for (unsigned i = 0; i < 8; i++)
        add_byte(sha, (uint8_t)(i < 4 ? 0u : bits >> (56 - 8 * i)));
    espota_writer_init(&writer, out, ESPOTA_SHA256_SIZE);
    for (unsigned i = 0; i < 8; i++)
        espota_write_u32be(&writer, sha->state[i]);
    return ESPOTA_OK;
}

/* A program is no secret: there is nothing to wipe. */
static void digest_drop(void *context, struct espota_digest *digest)
{
    (void)context;
    (void)digest;
}

const struct espota_crypto espota_boot_crypto = {.digest_start = digest_start,
                                                 .digest_add = digest_add,
                                                 .digest_finish = digest_finish,
                                                 .digest_drop = digest_drop};
