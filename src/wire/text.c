/* SPDX-License-Identifier: MIT */
/*
 * Written out instead of taken from libc: a device has none, and both ends must mean the same by a
 * digit, a letter and a character that may be shown.
 */
#include "wire/wire.h"

#include <string.h>

size_t espota_text_length(const char *text, size_t most)
{
    size_t length = 0;

    while (length < most && text[length] != '\0')
        length++;
    return length;
}

const char *espota_text_behind(const char *text, const char *prefix)
{
    for (; *prefix != '\0'; text++, prefix++)
        if (*text != *prefix)
            return NULL;
    return text;
}

bool espota_text_copy(const char *text, char *out, size_t room)
{
    size_t length = espota_text_length(text, room - 1); /* room > 0 by contract */

    memcpy(out, text, length);
    out[length] = '\0';
    return text[length] == '\0';
}

void espota_hex_encode(const void *data, size_t length, char *out)
{
    struct espota_writer writer;

    espota_writer_init(&writer, out, 2 * length);
    espota_write_hex(&writer, data, length);
    out[2 * length] = '\0';
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool espota_hex_is(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (hex_value(text[i]) < 0)
            return false;
    return length > 0;
}

bool espota_hex_decode(const char *text, void *out, size_t length)
{
    uint8_t *bytes = out;

    for (size_t i = 0; i < length; i++) {
        int high = hex_value(text[2 * i]);
        int low = high < 0 ? -1 : hex_value(text[2 * i + 1]);

        if (low < 0)
            return false;
        bytes[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

uint8_t espota_ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool espota_decimal_parse(const char *text, size_t length, uint32_t max, uint32_t *value)
{
    uint64_t sum = 0;

    if (length == 0)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        sum = sum * 10 + (uint64_t)(text[i] - '0');
        if (sum > max)
            return false;
    }
    *value = (uint32_t)sum;
    return true;
}

bool espota_equal_secret(const void *a, const void *b, size_t length)
{
    const volatile uint8_t *left = a;
    const volatile uint8_t *right = b;
    uint8_t difference = 0;

    for (size_t i = 0; i < length; i++)
        difference |= (uint8_t)(left[i] ^ right[i]);
    return difference == 0;
}

void espota_wipe(void *memory, size_t length)
{
    volatile uint8_t *bytes = memory;

    while (length > 0)
        bytes[--length] = 0;
}

/* How many of the next bytes are one UTF-8 character that is safe to show; 0 if none. */
static size_t utf8_shown(const uint8_t *at, size_t left)
{
    size_t length;
    uint32_t point;
    static const uint32_t least[] = {0, 0, 0xa0, 0x800, 0x10000};

    if (at[0] >= 0xf0 && at[0] < 0xf5)
        length = 4;
    else if (at[0] >= 0xe0)
        length = 3;
    else
        length = 2;
    if (at[0] < 0xc2 || at[0] > 0xf4 || length > left)
        return 0;
    point = at[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((at[i] & 0xc0) != 0x80)
            return 0;
        point = point << 6 | (at[i] & 0x3f);
    }
    if (point < least[length] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
        return 0;
    /* marks that turn the direction of text or break the line could hide the rest of a message */
    if ((point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
        (point >= 0x2066 && point <= 0x2069) || point == 0xfeff)
        return 0;
    return length;
}

/* Puts the shown form of the next character into `form`; returns how many bytes it stands for. */
static size_t show_one(const uint8_t *at, size_t left, struct espota_writer *form)
{
    size_t taken = 1;

    if (at[0] >= 0x80 && (taken = utf8_shown(at, left)) > 0) {
        espota_write_bytes(form, at, taken);
        return taken;
    }
    if (at[0] == '\n')
        espota_write_text(form, "\\n");
    else if (at[0] == '\r')
        espota_write_text(form, "\\r");
    else if (at[0] == '\t')
        espota_write_text(form, "\\t");
    else if (at[0] == '\\')
        espota_write_text(form, "\\\\");
    else if (at[0] >= 0x20 && at[0] < 0x7f)
        espota_write_u8(form, at[0]);
    else {
        espota_write_text(form, "\\x");
        espota_write_hex(form, at, 1);
    }
    return 1;
}

size_t espota_text_printable(const void *data, size_t length, char *out, size_t room)
{
    static const size_t dots = 3;
    const uint8_t *at = data;
    struct espota_writer writer;
    size_t safe = 0; /* how much may stay when "..." must follow */

    while (length > 0 && (at[length - 1] == '\n' || at[length - 1] == '\r'))
        length--;
    espota_writer_init(&writer, out, room - 1); /* room > 4 by contract; one for the terminator */
    while (length > 0) {
        uint8_t form_bytes[4];
        struct espota_writer form;
        size_t taken;

        espota_writer_init(&form, form_bytes, sizeof(form_bytes));
        taken = show_one(at, length, &form);
        espota_write_bytes(&writer, form_bytes, form.used);
        if (writer.overrun)
            break;
        if (writer.used + dots <= writer.room)
            safe = writer.used;
        at += taken;
        length -= taken; /* taken <= length: utf8_shown looks at no more than is left */
    }
    if (length > 0) {
        memcpy(out + safe, "...", dots);
        writer.used = safe + dots;
    }
    out[writer.used] = '\0';
    return writer.used;
}
