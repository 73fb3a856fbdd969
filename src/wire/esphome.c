/* SPDX-License-Identifier: MIT */
#include "wire/esphome.h"

#include "wire/wire.h"

const uint8_t espota_esphome_magic[ESPOTA_ESPHOME_MAGIC_SIZE] = {0x6c, 0x26, 0xf7, 0x5c, 0x45};

size_t espota_esphome_said(uint8_t version, uint8_t host, uint8_t device,
                           uint8_t out[ESPOTA_ESPHOME_SAID_MAX])
{
    struct espota_writer writer;

    espota_writer_init(&writer, out, ESPOTA_ESPHOME_SAID_MAX);
    espota_write_text(&writer, "NoiseOTAInit");
    espota_write_bytes(&writer, espota_esphome_magic, sizeof(espota_esphome_magic));
    espota_write_u8(&writer, ESPOTA_ESPHOME_HELLO);
    espota_write_u8(&writer, version);
    espota_write_u8(&writer, host);
    espota_write_u8(&writer, ESPOTA_ESPHOME_FEATURES);
    espota_write_u8(&writer, device);
    return writer.used;
}

enum espota_status espota_esphome_response(const struct espota_crypto *crypto, const void *password,
                                           size_t length, const char *nonce, const char *cnonce,
                                           char *out)
{
    size_t digits = espota_text_length(nonce, ESPOTA_NONCE_MAX + 1);
    const struct espota_digest_part parts[] = {
        {password, length}, {nonce, digits}, {cnonce, digits}};

    if (espota_text_length(cnonce, ESPOTA_NONCE_MAX + 1) != digits ||
        (digits != ESPOTA_NONCE_MD5 && digits != ESPOTA_NONCE_SHA256))
        return ESPOTA_E_USAGE;
    return espota_digest_hex(crypto,
                             digits == ESPOTA_NONCE_MD5 ? ESPOTA_DIGEST_MD5 : ESPOTA_DIGEST_SHA256,
                             parts, 3, out);
}
