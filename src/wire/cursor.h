/* SPDX-License-Identifier: MIT */
/*
 * The one way to walk through bytes: a bounded reader and a bounded writer.
 * Both remember the first step beyond the end; after it every read gives 0
 * and every write is dropped, so a caller checks once, at the end.
 */
#ifndef ESPOTA_WIRE_CURSOR_H
#define ESPOTA_WIRE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct espota_reader {
    const uint8_t *at;
    size_t left;
    bool overrun; /* something was read beyond the end */
};

void espota_reader_init(struct espota_reader *reader, const void *data, size_t length);
uint8_t espota_read_u8(struct espota_reader *reader);
uint16_t espota_read_u16le(struct espota_reader *reader);
uint32_t espota_read_u32le(struct espota_reader *reader);
uint16_t espota_read_u16be(struct espota_reader *reader);
uint32_t espota_read_u32be(struct espota_reader *reader);

/* The next `length` bytes, borrowed from the buffer, or NULL (and overrun) if there are fewer. */
const uint8_t *espota_read_bytes(struct espota_reader *reader, size_t length);

struct espota_writer {
    uint8_t *start;
    size_t used;
    size_t room;
    bool overrun; /* something did not fit */
};

void espota_writer_init(struct espota_writer *writer, void *data, size_t room);
void espota_write_u8(struct espota_writer *writer, uint8_t value);
void espota_write_u32le(struct espota_writer *writer, uint32_t value);
void espota_write_u16be(struct espota_writer *writer, uint16_t value);
void espota_write_u32be(struct espota_writer *writer, uint32_t value);
void espota_write_bytes(struct espota_writer *writer, const void *data, size_t length);
/* The characters of a terminated string, without the terminator. */
void espota_write_text(struct espota_writer *writer, const char *text);
void espota_write_decimal(struct espota_writer *writer, uint32_t value);
/* Lower-case hex digits, two a byte. */
void espota_write_hex(struct espota_writer *writer, const void *data, size_t length);

#endif
