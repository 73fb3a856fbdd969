/* SPDX-License-Identifier: MIT */
/*
 * The parsers are as forgiving as the devices are (their parseInt and readStringUntil), and not
 * more: what a real one would take must be taken here, and what it drops dropped.
 */
#include "wire/wire.h"

#include <string.h>

/* The device collects a number in 16 characters; one that fills them all counts as 0. */
enum { NUMBER_ROOM = 16, NUMBER_MAX = INT32_MAX };

static int peek(const struct espota_reader *reader)
{
    return reader->left > 0 ? reader->at[0] : -1;
}

static bool is_digit(int c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(int c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The device's parseInt: its atoi stops at the largest int, and a text without digits is 0. */
static uint32_t read_number(struct espota_reader *reader)
{
    uint64_t sum = 0;

    while (peek(reader) == ' ')
        espota_read_u8(reader);
    for (int i = 0; i < NUMBER_ROOM; i++) {
        if (!is_digit(peek(reader)))
            return sum < NUMBER_MAX ? (uint32_t)sum : NUMBER_MAX;
        sum = sum * 10 + (uint64_t)(espota_read_u8(reader) - '0');
    }
    return 0;
}

/* The device's readStringUntil: ends before `stop`, a NUL or the end, and takes the stop away. */
static struct espota_reader read_until(struct espota_reader *reader, uint8_t stop)
{
    struct espota_reader text = {.at = reader->at};

    while (reader->left > 0) {
        uint8_t c = espota_read_u8(reader);

        if (c == stop || c == '\0')
            break;
        text.left++;
    }
    return text;
}

static void trim(struct espota_reader *text)
{
    while (is_space(peek(text)))
        espota_read_u8(text);
    while (text->left > 0 && is_space(text->at[text->left - 1]))
        text->left--;
}

/* Copies a text of exactly `length` characters and terminates it. */
static bool take_text(const struct espota_reader *text, char *out, size_t length)
{
    if (text->left != length)
        return false;
    memcpy(out, text->at, length);
    out[length] = '\0';
    return true;
}

static size_t written(const struct espota_writer *writer)
{
    return writer->overrun ? 0 : writer->used;
}

size_t espota_invitation_write(const struct espota_invitation *invitation, uint8_t *out,
                               size_t room)
{
    struct espota_writer writer;

    espota_writer_init(&writer, out, room);
    espota_write_decimal(&writer, (uint32_t)invitation->command);
    espota_write_u8(&writer, ' ');
    espota_write_decimal(&writer, invitation->port);
    espota_write_u8(&writer, ' ');
    espota_write_decimal(&writer, invitation->size);
    espota_write_u8(&writer, ' ');
    espota_write_text(&writer, invitation->md5);
    espota_write_u8(&writer, '\n');
    return written(&writer);
}

enum espota_status espota_invitation_parse(const uint8_t *data, size_t length,
                                           struct espota_invitation *out)
{
    struct espota_reader reader;
    struct espota_reader md5;
    uint32_t command;

    espota_reader_init(&reader, data, length);
    command = read_number(&reader);
    if (command != ESPOTA_COMMAND_FLASH && command != ESPOTA_COMMAND_FILESYSTEM)
        return ESPOTA_BAD;
    out->command = (enum espota_command)command;
    out->port = (uint16_t)read_number(&reader); /* the device keeps the low 16 bits, too */
    out->size = read_number(&reader);
    espota_read_u8(&reader); /* whatever it is */
    md5 = read_until(&reader, '\n');
    trim(&md5);
    return take_text(&md5, out->md5, ESPOTA_MD5_HEX) ? ESPOTA_OK : ESPOTA_BAD;
}

/* Takes `word` off the front; false if something else stands there. */
static bool skip_word(struct espota_reader *reader, const char *word, size_t length)
{
    if (reader->left < length || memcmp(reader->at, word, length) != 0)
        return false;
    return espota_read_bytes(reader, length) != NULL;
}

#define SKIP(reader, word) skip_word(reader, word, sizeof(word) - 1)

/* The nonce is the next word; what follows it is of no concern. */
static enum espota_status parse_challenge(struct espota_reader *reader, struct espota_reply *out)
{
    struct espota_reader nonce = {.at = NULL};

    while (is_space(peek(reader)))
        espota_read_u8(reader);
    nonce.at = reader->at;
    while (peek(reader) > 0 && !is_space(peek(reader))) {
        espota_read_u8(reader);
        nonce.left++;
    }
    if (nonce.left != ESPOTA_NONCE_MD5 && nonce.left != ESPOTA_NONCE_SHA256)
        return ESPOTA_BAD;
    if (!espota_hex_is((const char *)nonce.at, nonce.left))
        return ESPOTA_BAD;
    out->kind = ESPOTA_REPLY_CHALLENGE;
    out->text = nonce.at;
    out->length = nonce.left;
    return ESPOTA_OK;
}

/* "OK" is a word of its own: OKAY would be an error text of somebody's making. */
static bool skip_ok(struct espota_reader *reader)
{
    struct espota_reader after = *reader;

    if (!SKIP(&after, "OK"))
        return false;
    if (peek(&after) > 0 && !is_space(peek(&after)))
        return false;
    *reader = after;
    return true;
}

enum espota_status espota_reply_parse(const uint8_t *data, size_t length, struct espota_reply *out)
{
    struct espota_reader reader;

    espota_reader_init(&reader, data, length);
    if (length == 0)
        return ESPOTA_BAD;
    if (SKIP(&reader, "AUTH "))
        return parse_challenge(&reader, out);
    if (skip_ok(&reader)) {
        out->kind = ESPOTA_REPLY_OK;
    } else if (SKIP(&reader, "Authentication Failed")) {
        out->kind = ESPOTA_REPLY_AUTH_FAILED;
    } else {
        out->kind = ESPOTA_REPLY_ERROR;
        if (SKIP(&reader, "ERR:") && peek(&reader) == ' ')
            espota_read_u8(&reader);
    }
    out->text = reader.at;
    out->length = reader.left;
    return ESPOTA_OK;
}

size_t espota_answer_write(const struct espota_answer *answer, uint8_t *out, size_t room)
{
    struct espota_writer writer;

    espota_writer_init(&writer, out, room);
    espota_write_decimal(&writer, ESPOTA_COMMAND_AUTH);
    espota_write_u8(&writer, ' ');
    espota_write_text(&writer, answer->cnonce);
    espota_write_u8(&writer, ' ');
    espota_write_text(&writer, answer->response);
    espota_write_u8(&writer, '\n');
    return written(&writer);
}

enum espota_status espota_answer_parse(const uint8_t *data, size_t length, size_t digits,
                                       struct espota_answer *out)
{
    struct espota_reader reader;
    struct espota_reader cnonce;
    struct espota_reader response;

    if (digits > ESPOTA_NONCE_MAX)
        return ESPOTA_BAD;
    espota_reader_init(&reader, data, length);
    if (read_number(&reader) != ESPOTA_COMMAND_AUTH)
        return ESPOTA_BAD;
    espota_read_u8(&reader); /* whatever it is */
    cnonce = read_until(&reader, ' ');
    response = read_until(&reader, '\n'); /* not trimmed: the device counts a CR, too */
    if (!take_text(&cnonce, out->cnonce, digits) || !take_text(&response, out->response, digits))
        return ESPOTA_BAD;
    return ESPOTA_OK;
}
