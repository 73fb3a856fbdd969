/* SPDX-License-Identifier: MIT */
/* The sector: "ESPB", flags, sizes, port (little-endian), then what each of them is about. */
#include "settings.h"

#include <string.h>

#include "board.h"
#include "flash.h"
#include "wire/wire.h"

enum { STORED = 512 };

static void take(struct espota_reader *reader, void *out, size_t length)
{
    const uint8_t *bytes = espota_read_bytes(reader, length);

    if (bytes != NULL)
        memcpy(out, bytes, length);
}

bool settings_load(struct settings *settings)
{
    uint8_t stored[STORED];
    struct espota_reader reader;

    memset(settings, 0, sizeof(*settings));
    if (!chip_read(SETTINGS_AT, stored, sizeof(stored)) || memcmp(stored, "ESPB", 4) != 0)
        return false;
    espota_reader_init(&reader, stored + 4, sizeof(stored) - 4);
    settings->flags = espota_read_u32le(&reader);
    settings->nonce_digits = (uint8_t)espota_read_u16le(&reader);
    settings->pull_port = espota_read_u16le(&reader);
    settings->modulus_size = espota_read_u16le(&reader);
    take(&reader, settings->exponent, sizeof(settings->exponent));
    take(&reader, settings->password_hash, sizeof(settings->password_hash) - 1);
    take(&reader, settings->pull_host, sizeof(settings->pull_host) - 1);
    take(&reader, settings->modulus, sizeof(settings->modulus));
    return !reader.overrun && settings->modulus_size <= sizeof(settings->modulus);
}
