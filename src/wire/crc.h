/* SPDX-License-Identifier: MIT */
/*
 * The two CRC-32 of this field. Both are computed in pieces: start with
 * ESPOTA_CRC32_START and hand in what came out last.
 */
#ifndef ESPOTA_WIRE_CRC_H
#define ESPOTA_WIRE_CRC_H

#include <stddef.h>
#include <stdint.h>

#define ESPOTA_CRC32_START 0xffffffffu

/*
 * CRC-32/MPEG-2: most significant bit first, no final xor. It guards eboot's command record, the
 * ESP8266 image (the word at 0x1014) and the RP2040's boot2.
 */
uint32_t espota_crc32_mpeg2(uint32_t crc, const void *data, size_t length);

/*
 * The CRC-32 of zlib and gzip, least significant bit first. Here in its inner form: the usual
 * value is the complement of what the last piece gives.
 */
uint32_t espota_crc32_zlib(uint32_t crc, const void *data, size_t length);

/*
 * What the SDKs' tools append to a program (PROTOCOL 8.1): the usual CRC-32 of it, inverted if its
 * highest bit is set, and one more otherwise.
 */
uint32_t espota_crc32_appended(uint32_t crc);

#endif
