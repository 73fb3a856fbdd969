/* SPDX-License-Identifier: MIT */
/* RFC 1321, written for size. */
#include "port/digest/digest.h"

enum { BLOCK = 64, STEPS = 64 };

_Static_assert(sizeof(struct espota_md5) <= sizeof(((struct espota_digest *)0)->state.words),
               "the digest has room for it");

static const uint32_t step_constant[STEPS] = {
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

static const uint8_t turns[4][4] = {
    {7, 12, 17, 22}, {5, 9, 14, 20}, {4, 11, 16, 23}, {6, 10, 15, 21}};

static void take_block(struct espota_md5 *md5)
{
    uint32_t a = md5->state[0];
    uint32_t b = md5->state[1];
    uint32_t c = md5->state[2];
    uint32_t d = md5->state[3];
    uint32_t word[BLOCK / 4];
    struct espota_reader reader;

    espota_reader_init(&reader, md5->block, BLOCK);
    for (unsigned i = 0; i < BLOCK / 4; i++)
        word[i] = espota_read_u32le(&reader);
    for (unsigned i = 0; i < STEPS; i++) {
        static const uint8_t factor[4] = {1, 5, 3, 7};
        static const uint8_t offset[4] = {0, 1, 5, 0};
        unsigned round = i / 16;
        unsigned turn = turns[round][i % 4];
        uint32_t mixed;
        uint32_t sum;

        switch (round) {
        case 0:
            mixed = (b & c) | (~b & d);
            break;
        case 1:
            mixed = (d & b) | (~d & c);
            break;
        case 2:
            mixed = b ^ c ^ d;
            break;
        default:
            mixed = c ^ (b | ~d);
            break;
        }
        sum = a + mixed + step_constant[i] + word[(factor[round] * i + offset[round]) % 16];
        a = d;
        d = c;
        c = b;
        b += sum << turn | sum >> (32 - turn);
    }
    md5->state[0] += a;
    md5->state[1] += b;
    md5->state[2] += c;
    md5->state[3] += d;
}

static void add_byte(struct espota_md5 *md5, uint8_t byte)
{
    md5->block[md5->length++ % BLOCK] = byte;
    if (md5->length % BLOCK == 0)
        take_block(md5);
}

void espota_md5_start(struct espota_md5 *md5)
{
    md5->state[0] = 0x67452301;
    md5->state[1] = 0xefcdab89;
    md5->state[2] = 0x98badcfe;
    md5->state[3] = 0x10325476;
    md5->length = 0;
}

void espota_md5_add(struct espota_md5 *md5, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < length; i++)
        add_byte(md5, bytes[i]);
}

void espota_md5_finish(struct espota_md5 *md5, uint8_t out[ESPOTA_MD5_SIZE])
{
    struct espota_writer writer;
    uint32_t bits = md5->length << 3;

    add_byte(md5, 0x80);
    while (md5->length % BLOCK != BLOCK - 8)
        add_byte(md5, 0);
    for (unsigned i = 0; i < 8; i++)
        add_byte(md5, (uint8_t)(i < 4 ? bits >> 8 * i : 0u));
    espota_writer_init(&writer, out, ESPOTA_MD5_SIZE);
    for (unsigned i = 0; i < 4; i++)
        espota_write_u32le(&writer, md5->state[i]);
}
