/* SPDX-License-Identifier: MIT */
/*
 * ESPHome's own update protocol over TCP, versions 1 and 2: the bytes that both ends say. Numbers
 * are big-endian. With Noise every field is a frame of its own.
 */
#ifndef ESPOTA_WIRE_ESPHOME_H
#define ESPOTA_WIRE_ESPHOME_H

#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"
#include "wire/noise.h"

enum { ESPOTA_ESPHOME_MAGIC_SIZE = 5, ESPOTA_ESPHOME_VERSION_MAX = 2 };

extern const uint8_t espota_esphome_magic[ESPOTA_ESPHOME_MAGIC_SIZE];

/* What a host says of itself, and a device behind FEATURES. */
enum {
    ESPOTA_ESPHOME_HOST_GZIP = 0x01,
    ESPOTA_ESPHOME_HOST_SHA256 = 0x02,
    ESPOTA_ESPHOME_HOST_EXTENDED = 0x04,
    ESPOTA_ESPHOME_HOST_NOISE = 0x08,
    ESPOTA_ESPHOME_HOST_DEFLATE = 0x10,

    ESPOTA_ESPHOME_DEVICE_GZIP = 0x01,
    ESPOTA_ESPHOME_DEVICE_PARTITIONS = 0x02,
    ESPOTA_ESPHOME_DEVICE_NOISE = 0x04,
    ESPOTA_ESPHOME_DEVICE_DEFLATE = 0x08,
};

/* What a device says. */
enum {
    ESPOTA_ESPHOME_HELLO = 0x00, /* then its version */
    ESPOTA_ESPHOME_ASKS_MD5 = 0x01,
    ESPOTA_ESPHOME_ASKS_SHA256 = 0x02,
    ESPOTA_ESPHOME_PLAIN = 0x40, /* the legacy form of FEATURES, without and with gzip */
    ESPOTA_ESPHOME_AUTH_OK = 0x41,
    ESPOTA_ESPHOME_PREPARED = 0x42,
    ESPOTA_ESPHOME_MD5_TAKEN = 0x43,
    ESPOTA_ESPHOME_RECEIVED = 0x44,
    ESPOTA_ESPHOME_INSTALLED = 0x45,
    ESPOTA_ESPHOME_PLAIN_GZIP = 0x46,
    ESPOTA_ESPHOME_CHUNK = 0x47, /* version 2: so many bytes more are there, or all */
    ESPOTA_ESPHOME_FEATURES = 0x48,

    ESPOTA_ESPHOME_E_FIRST = 0x80, /* from here on a refusal */
    ESPOTA_ESPHOME_E_MAGIC = 0x80,
    ESPOTA_ESPHOME_E_PREPARE = 0x81,
    ESPOTA_ESPHOME_E_AUTH = 0x82,
    ESPOTA_ESPHOME_E_WRITE = 0x83,
    ESPOTA_ESPHOME_E_END = 0x84,
    ESPOTA_ESPHOME_E_BOOTSTRAP = 0x85,
    ESPOTA_ESPHOME_E_FLASH_CONFIG = 0x86,
    ESPOTA_ESPHOME_E_NEW_FLASH_CONFIG = 0x87,
    ESPOTA_ESPHOME_E_SPACE_8266 = 0x88,
    ESPOTA_ESPHOME_E_SPACE_32 = 0x89,
    ESPOTA_ESPHOME_E_NO_PARTITION = 0x8a,
    ESPOTA_ESPHOME_E_MD5 = 0x8b,
    ESPOTA_ESPHOME_E_SPACE_PICO = 0x8c,
    ESPOTA_ESPHOME_E_SIGNATURE = 0x8d,
    ESPOTA_ESPHOME_E_TYPE = 0x8e,
    ESPOTA_ESPHOME_E_DOWNGRADE = 0x93,
    ESPOTA_ESPHOME_E_CLEAR = 0x94, /* it wants Noise */
    ESPOTA_ESPHOME_E_OTHER = 0xff,
};

enum {
    ESPOTA_ESPHOME_CHUNK_SIZE = 8192,
    ESPOTA_ESPHOME_FRAME_MARK = 0x01,
    ESPOTA_ESPHOME_FRAME_HEADER = 3,  /* the mark and the length behind it */
    ESPOTA_ESPHOME_FRAME_DATA = 1024, /* plain bytes of an image in one, at most */
    ESPOTA_ESPHOME_FRAME_MAX =
        ESPOTA_ESPHOME_FRAME_HEADER + ESPOTA_ESPHOME_FRAME_DATA + ESPOTA_NOISE_TAG_SIZE,
    /* Noise's greetings have a byte before them: 0, or refusal in words. */
    ESPOTA_ESPHOME_GREETING = 1 + ESPOTA_NOISE_HELLO_SIZE,
    ESPOTA_ESPHOME_SAID_MAX = 32, /* of what Noise's greetings are bound to */
};

/* What both have said in clear: the length of it in `out`. */
size_t espota_esphome_said(uint8_t version, uint8_t host, uint8_t device,
                           uint8_t out[ESPOTA_ESPHOME_SAID_MAX]);

/*
 * The response to a challenge, as many digits as the nonce has, 32 or 64, and a terminator; nonce
 * and cnonce are terminated. E_USAGE: their lengths fit no scheme.
 */
enum espota_status espota_esphome_response(const struct espota_crypto *crypto, const void *password,
                                           size_t length, const char *nonce, const char *cnonce,
                                           char *out) ESPOTA_MUST_CHECK;

#endif
