/* SPDX-License-Identifier: MIT */
/*
 * One parser for requests and answers, and for both ends. A line is the most that it keeps: a
 * device has no room for a whole head, and a stranger decides how long one is.
 */
#include "wire/wire.h"

#include <string.h>

enum { PLAIN_MAX = 255, STATUS_MIN = 100, STATUS_MAX = 599 };

const char *espota_http_behind(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++)
        if (espota_ascii_lower((uint8_t)*text) != espota_ascii_lower((uint8_t)*prefix))
            return NULL;
    return text;
}

bool espota_http_same(const char *a, const char *b)
{
    const char *rest = espota_http_behind(a, b);

    return rest != NULL && *rest == '\0';
}

/* --- lines --- */

void espota_http_reader_init(struct espota_http_reader *reader, bool first_line)
{
    memset(reader, 0, sizeof(*reader));
    reader->first = first_line;
    reader->line = reader->buffer;
}

void espota_http_reader_deinit(struct espota_http_reader *reader)
{
    espota_wipe(reader, sizeof(*reader));
    reader->over = true;
}

bool espota_http_within_line(const struct espota_http_reader *reader)
{
    return !reader->over && (reader->used > 0 || reader->too_long);
}

/* The characters of a token (RFC 9110 5.6.2), of which names are made. */
static bool is_token(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c != '\0' && memchr("!#$%&'*+-.^_`|~", c, 15) != NULL);
}

static enum espota_status split_header(struct espota_http_reader *reader)
{
    char *at = reader->buffer;
    char *end = reader->buffer + reader->used;

    while (is_token(*at))
        at++;
    if (at == reader->buffer || *at != ':')
        return ESPOTA_BAD;
    *at++ = '\0';
    while (*at == ' ' || *at == '\t')
        at++;
    while (end > at && (end[-1] == ' ' || end[-1] == '\t'))
        *--end = '\0';
    reader->name = reader->buffer;
    reader->value = at;
    reader->item = ESPOTA_HTTP_HEADER;
    return ESPOTA_OK;
}

static bool has_controls(const struct espota_http_reader *reader)
{
    for (size_t i = 0; i < reader->used; i++) {
        uint8_t c = (uint8_t)reader->buffer[i];

        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return true;
    }
    return false;
}

/* A line is whole. MORE: it says nothing. */
static enum espota_status end_line(struct espota_http_reader *reader)
{
    bool first = reader->first;

    if (reader->used > 0 && reader->buffer[reader->used - 1] == '\r')
        reader->used--;
    reader->buffer[reader->used] = '\0';
    reader->first = false;
    if (reader->too_long)
        return first ? ESPOTA_BAD : ESPOTA_MORE;
    if (has_controls(reader) || (first && reader->used == 0))
        return ESPOTA_BAD;
    if (first) {
        reader->item = ESPOTA_HTTP_FIRST;
        return ESPOTA_OK;
    }
    if (reader->used > 0)
        return split_header(reader);
    reader->item = ESPOTA_HTTP_END;
    reader->over = true;
    return ESPOTA_OK;
}

enum espota_status espota_http_next(struct espota_http_reader *reader, const uint8_t **at,
                                    size_t *left)
{
    enum espota_status status = ESPOTA_MORE;

    if (reader->over)
        return reader->item == ESPOTA_HTTP_END ? ESPOTA_MORE : ESPOTA_BAD;
    while (*left > 0 && status == ESPOTA_MORE) {
        char c = (char)**at;

        (*at)++;
        (*left)--; /* *left > 0, see above */
        if (++reader->total > ESPOTA_HTTP_HEAD_MAX) {
            status = ESPOTA_BAD;
        } else if (c == '\n') {
            status = end_line(reader);
            reader->used = 0;
            reader->too_long = false;
        } else if (reader->used < ESPOTA_HTTP_LINE_MAX) {
            reader->buffer[reader->used++] = c;
        } else {
            reader->too_long = true;
        }
    }
    if (status == ESPOTA_BAD) {
        reader->over = true;
        reader->item = ESPOTA_HTTP_FIRST; /* any but END */
    }
    return status;
}

/* --- pieces of lines --- */

/* Ends the word that starts at `at`; returns what follows the one space behind it, or NULL. */
static char *cut_word(char *at)
{
    char *start = at;

    while (*at != '\0' && *at != ' ')
        at++;
    if (at == start || *at == '\0')
        return NULL;
    *at = '\0';
    return at + 1;
}

enum espota_status espota_http_request_line(char *line, struct espota_http_request_line *out)
{
    char *target = cut_word(line);
    char *version = target != NULL ? cut_word(target) : NULL;
    const char *minor = version != NULL ? espota_http_behind(version, "HTTP/1.") : NULL;

    if (minor == NULL || (*minor != '0' && *minor != '1') || minor[1] != '\0')
        return ESPOTA_BAD;
    out->method = line;
    out->target = target;
    return ESPOTA_OK;
}

enum espota_status espota_http_status_line(const char *line, unsigned *status)
{
    const char *at = espota_http_behind(line, "HTTP/1.");
    uint32_t number;

    if (at == NULL || (at[0] != '0' && at[0] != '1') || at[1] != ' ')
        return ESPOTA_BAD;
    at += 2;
    if (espota_text_length(at, 3) < 3)
        return ESPOTA_BAD;
    if ((at[3] != ' ' && at[3] != '\0') || !espota_decimal_parse(at, 3, STATUS_MAX, &number) ||
        number < STATUS_MIN)
        return ESPOTA_BAD;
    *status = number;
    return ESPOTA_OK;
}

enum espota_status espota_http_length(const char *value, uint32_t *out)
{
    return espota_decimal_parse(value, espota_text_length(value, SIZE_MAX), UINT32_MAX, out)
               ? ESPOTA_OK
               : ESPOTA_BAD;
}

/* The number before `end`, and the text behind it; NULL: there is none. */
static const char *number_before(const char *at, char end, uint32_t *out)
{
    size_t length = 0;

    while (at[length] != end && at[length] != '\0')
        length++;
    if (at[length] != end || !espota_decimal_parse(at, length, UINT32_MAX, out))
        return NULL;
    return at + length + (end != '\0' ? 1 : 0);
}

enum espota_status espota_http_content_range(const char *value,
                                             struct espota_http_content_range *out)
{
    const char *at = espota_http_behind(value, "bytes ");

    if (at == NULL || (at = number_before(at, '-', &out->first)) == NULL ||
        (at = number_before(at, '/', &out->last)) == NULL ||
        number_before(at, '\0', &out->whole) == NULL || out->first > out->last ||
        out->last >= out->whole)
        return ESPOTA_BAD;
    return ESPOTA_OK;
}

/* Copies a token or a quoted text; returns what is behind it, NULL if it has no end or no room. */
static const char *copy_value(const char *at, char *out, size_t room)
{
    bool quoted = *at == '"';
    size_t used = 0;

    at += quoted ? 1 : 0;
    while (*at != '\0' && (quoted ? *at != '"' : *at != ';' && *at != ' ' && *at != '\t')) {
        if (quoted && *at == '\\' && at[1] != '\0')
            at++;
        if (used + 1 >= room)
            return NULL;
        out[used++] = *at++;
    }
    out[used] = '\0';
    if (quoted)
        return *at == '"' ? at + 1 : NULL;
    return at;
}

/* What follows the parameter that starts at `at`, whatever it is. */
static const char *skip_parameter(const char *at)
{
    bool quoted = false;

    for (; *at != '\0' && (quoted || *at != ';'); at++) {
        if (quoted && *at == '\\' && at[1] != '\0')
            at++;
        else if (*at == '"')
            quoted = !quoted;
    }
    return at;
}

bool espota_http_parameter(const char *value, const char *name, char *out, size_t room)
{
    const char *at = skip_parameter(value); /* what stands first is no parameter */

    while (*at == ';') {
        const char *rest;

        at++;
        while (*at == ' ' || *at == '\t')
            at++;
        rest = espota_http_behind(at, name);
        if (rest != NULL && *rest == '=')
            return copy_value(rest + 1, out, room) != NULL;
        at = skip_parameter(at);
    }
    return false;
}

/* --- Basic --- */

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static void encode_three(struct espota_writer *writer, const uint8_t *bytes, size_t count)
{
    uint32_t bits = (uint32_t)bytes[0] << 16;

    if (count > 1)
        bits |= (uint32_t)bytes[1] << 8;
    if (count > 2)
        bits |= bytes[2];
    for (unsigned i = 0; i < 4; i++)
        espota_write_u8(writer,
                        i <= count ? (uint8_t)digits[bits >> (18 - 6 * i) & 63] : (uint8_t)'=');
}

bool espota_http_basic(const char *user, const char *password, size_t password_length,
                       char out[ESPOTA_HTTP_BASIC_MAX])
{
    uint8_t plain[PLAIN_MAX];
    struct espota_writer writer;
    size_t length;

    espota_writer_init(&writer, plain, sizeof(plain));
    espota_write_text(&writer, user);
    espota_write_u8(&writer, ':');
    espota_write_bytes(&writer, password, password_length);
    length = writer.used;
    if (writer.overrun) {
        espota_wipe(plain, sizeof(plain));
        return false;
    }
    espota_writer_init(&writer, out, ESPOTA_HTTP_BASIC_MAX - 1);
    for (size_t at = 0; at < length; at += 3)
        encode_three(&writer, plain + at, length - at); /* at < length */
    out[writer.used] = '\0';
    espota_wipe(plain, sizeof(plain));
    return true;
}

/* Four digits at `at`, of which the last may be one or two "="; false if they are none. */
static bool decode_four(struct espota_writer *writer, const char *at)
{
    uint32_t bits = 0;
    unsigned count = at[3] != '=' ? 4 : at[2] != '=' ? 3 : 2;

    for (unsigned i = 0; i < count; i++) {
        const char *digit = memchr(digits, at[i], sizeof(digits) - 1);

        if (digit == NULL)
            return false;
        bits |= (uint32_t)(digit - digits) << (18 - 6 * i);
    }
    for (unsigned i = 0; i + 1 < count; i++)
        espota_write_u8(writer, (uint8_t)(bits >> (16 - 8 * i)));
    return (count == 4 || bits << (8 * count) == 0) && !writer->overrun;
}

enum espota_status espota_base64_read(const char *text, size_t left, uint8_t *out, size_t room,
                                      size_t *length)
{
    struct espota_writer writer;

    espota_writer_init(&writer, out, room);
    if (left % 4 != 0)
        return ESPOTA_BAD;
    for (; left > 0; text += 4, left -= 4)
        if (!decode_four(&writer, text) || (left > 4 && text[3] == '='))
            return ESPOTA_BAD;
    *length = writer.used;
    return ESPOTA_OK;
}

enum espota_status espota_http_basic_read(const char *value, uint8_t *out, size_t room,
                                          size_t *length)
{
    const char *at = espota_http_behind(value, "Basic ");

    if (at == NULL)
        return ESPOTA_BAD;
    while (*at == ' ')
        at++;
    return espota_base64_read(at, espota_text_length(at, SIZE_MAX), out, room, length);
}
