/* SPDX-License-Identifier: MIT */
#include "wire/wire.h"

/* Four bits a step: 64 bytes of table each, which a boot loader can afford. */

uint32_t espota_crc32_mpeg2(uint32_t crc, const void *data, size_t length)
{
    static const uint32_t table[16] = {
        0x00000000, 0x04c11db7, 0x09823b6e, 0x0d4326d9, 0x130476dc, 0x17c56b6b,
        0x1a864db2, 0x1e475005, 0x2608edb8, 0x22c9f00f, 0x2f8ad6d6, 0x2b4bcb61,
        0x350c9b64, 0x31cd86d3, 0x3c8ea00a, 0x384fbdbd,
    };
    const uint8_t *byte = data;

    for (size_t i = 0; i < length; i++) {
        crc = crc << 4 ^ table[(crc >> 28 ^ byte[i] >> 4) & 15];
        crc = crc << 4 ^ table[(crc >> 28 ^ byte[i]) & 15];
    }
    return crc;
}

uint32_t espota_crc32_zlib(uint32_t crc, const void *data, size_t length)
{
    static const uint32_t table[16] = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
    };
    const uint8_t *byte = data;

    for (size_t i = 0; i < length; i++) {
        crc = crc >> 4 ^ table[(crc ^ byte[i]) & 15];
        crc = crc >> 4 ^ table[(crc ^ (uint32_t)byte[i] >> 4) & 15];
    }
    return crc;
}

uint32_t espota_crc32_appended(uint32_t crc)
{
    return (crc & 0x80000000u) != 0 ? ~crc : crc + 1;
}
