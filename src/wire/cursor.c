/* SPDX-License-Identifier: MIT */
/*
 * No step of a parser or a writer is checked where it is made: one beyond the end makes all later
 * ones harmless, so the check that matters stands once, and cannot be forgotten in the middle.
 */
#include "wire/wire.h"

#include <string.h>

void espota_reader_init(struct espota_reader *reader, const void *data, size_t length)
{
    reader->at = data;
    reader->left = length;
    reader->overrun = false;
}

const uint8_t *espota_read_bytes(struct espota_reader *reader, size_t length)
{
    const uint8_t *bytes = reader->at;

    if (reader->overrun || length > reader->left) {
        reader->overrun = true;
        return NULL;
    }
    reader->at += length;
    reader->left -= length; /* length <= left was checked above */
    return bytes;
}

uint8_t espota_read_u8(struct espota_reader *reader)
{
    const uint8_t *b = espota_read_bytes(reader, 1);

    return b != NULL ? b[0] : 0;
}

uint16_t espota_read_u16le(struct espota_reader *reader)
{
    const uint8_t *b = espota_read_bytes(reader, 2);

    return (uint16_t)(b != NULL ? b[0] | b[1] << 8 : 0);
}

uint16_t espota_read_u16be(struct espota_reader *reader)
{
    const uint8_t *b = espota_read_bytes(reader, 2);

    return (uint16_t)(b != NULL ? b[0] << 8 | b[1] : 0);
}

uint32_t espota_read_u32le(struct espota_reader *reader)
{
    uint32_t low = espota_read_u16le(reader);

    return low | (uint32_t)espota_read_u16le(reader) << 16;
}

uint32_t espota_read_u32be(struct espota_reader *reader)
{
    uint32_t high = espota_read_u16be(reader);

    return high << 16 | espota_read_u16be(reader);
}

void espota_writer_init(struct espota_writer *writer, void *data, size_t room)
{
    writer->start = data;
    writer->used = 0;
    writer->room = room;
    writer->overrun = false;
}

void espota_write_bytes(struct espota_writer *writer, const void *data, size_t length)
{
    /* used <= room always, so the difference does not wrap */
    if (writer->overrun || length > writer->room - writer->used) {
        writer->overrun = true;
        return;
    }
    if (length > 0)
        memcpy(writer->start + writer->used, data, length);
    writer->used += length;
}

void espota_write_u8(struct espota_writer *writer, uint8_t value)
{
    espota_write_bytes(writer, &value, 1);
}

void espota_write_u16be(struct espota_writer *writer, uint16_t value)
{
    const uint8_t b[2] = {(uint8_t)(value >> 8), (uint8_t)value};

    espota_write_bytes(writer, b, sizeof(b));
}

void espota_write_u32le(struct espota_writer *writer, uint32_t value)
{
    const uint8_t b[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                          (uint8_t)(value >> 24)};

    espota_write_bytes(writer, b, sizeof(b));
}

void espota_write_u32be(struct espota_writer *writer, uint32_t value)
{
    const uint8_t b[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                          (uint8_t)value};

    espota_write_bytes(writer, b, sizeof(b));
}

void espota_write_text(struct espota_writer *writer, const char *text)
{
    for (; *text != '\0'; text++)
        espota_write_u8(writer, (uint8_t)*text);
}

void espota_write_decimal(struct espota_writer *writer, uint32_t value)
{
    uint8_t digits[10]; /* 4294967295 has ten */
    size_t first = sizeof(digits);

    do {
        digits[--first] = (uint8_t)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    espota_write_bytes(writer, digits + first, sizeof(digits) - first);
}

void espota_write_hex(struct espota_writer *writer, const void *data, size_t length)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *bytes = data;

    for (size_t i = 0; i < length; i++) {
        espota_write_u8(writer, (uint8_t)digits[bytes[i] >> 4]);
        espota_write_u8(writer, (uint8_t)digits[bytes[i] & 15]);
    }
}
