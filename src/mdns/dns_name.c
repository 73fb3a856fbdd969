/* SPDX-License-Identifier: MIT */
/*
 * Names stay as they are on the wire: an instance may be called "a.b" or have any bytes, which
 * dotted text cannot say without escapes.
 */
#include "mdns/mdns.h"

#include "wire/wire.h"

#include <string.h>

enum { LABEL_MAX = 63 };

/* Appends a label before the final zero is written; room for that zero is kept. */
static bool append_label(struct espota_dns_name *name, const void *label, size_t length)
{
    /* name->length <= 254 here, so the difference does not wrap */
    if (length == 0 || length > LABEL_MAX || length + 1 > ESPOTA_DNS_NAME - 1u - name->length)
        return false;
    name->bytes[name->length] = (uint8_t)length;
    memcpy(name->bytes + name->length + 1, label, length);
    name->length = (uint8_t)(name->length + length + 1);
    return true;
}

static void append_end(struct espota_dns_name *name)
{
    name->bytes[name->length++] = 0; /* append_label left the room */
}

bool espota_dns_name_set(struct espota_dns_name *name, const char *dotted)
{
    name->length = 0;
    while (*dotted != '\0') {
        size_t length = 0;

        while (dotted[length] != '\0' && dotted[length] != '.')
            length++;
        if (!append_label(name, dotted, length)) {
            name->length = 0;
            return false;
        }
        dotted += length + (dotted[length] == '.');
    }
    append_end(name);
    return name->length > 1;
}

bool espota_dns_name_under(struct espota_dns_name *name, const void *label, size_t length,
                           const struct espota_dns_name *parent)
{
    struct espota_dns_name made = {.length = 0};

    if (parent->length == 0 || !append_label(&made, label, length) ||
        parent->length > ESPOTA_DNS_NAME - made.length) { /* made.length <= 64 */
        name->length = 0;
        return false;
    }
    memcpy(made.bytes + made.length, parent->bytes, parent->length);
    made.length = (uint8_t)(made.length + parent->length);
    *name = made;
    return true;
}

static bool equal_bytes(const uint8_t *a, const uint8_t *b, size_t length)
{
    /* length bytes are at most 63, so that folding case cannot confuse them with letters */
    for (size_t i = 0; i < length; i++)
        if (espota_ascii_lower(a[i]) != espota_ascii_lower(b[i]))
            return false;
    return true;
}

bool espota_dns_name_equal(const struct espota_dns_name *a, const struct espota_dns_name *b)
{
    return a->length == b->length && equal_bytes(a->bytes, b->bytes, a->length);
}

bool espota_dns_name_is_under(const struct espota_dns_name *name,
                              const struct espota_dns_name *parent)
{
    size_t first = name->length < 2 ? 0 : name->bytes[0] + 1u;

    return first > 1 && name->length == first + parent->length &&
           equal_bytes(name->bytes + first, parent->bytes, parent->length);
}

uint32_t espota_dns_name_hash(const struct espota_dns_name *name)
{
    uint32_t hash = 2166136261u; /* FNV-1a */

    for (size_t i = 0; i < name->length; i++)
        hash = (hash ^ espota_ascii_lower(name->bytes[i])) * 16777619u;
    return hash;
}

static void format_byte(struct espota_writer *writer, uint8_t c)
{
    if (c == '.' || c == '\\') {
        espota_write_u8(writer, '\\');
        espota_write_u8(writer, c);
    } else if (c >= 0x20 && c != 0x7f) {
        espota_write_u8(writer, c);
    } else {
        espota_write_u8(writer, '\\');
        espota_write_u8(writer, (uint8_t)('0' + c / 100));
        espota_write_u8(writer, (uint8_t)('0' + c / 10 % 10));
        espota_write_u8(writer, (uint8_t)('0' + c % 10));
    }
}

const char *espota_dns_name_format(const struct espota_dns_name *name,
                                   char out[ESPOTA_DNS_NAME_TEXT])
{
    struct espota_writer writer;
    size_t at = 0;

    espota_writer_init(&writer, out, ESPOTA_DNS_NAME_TEXT - 1);
    while (at < name->length && name->bytes[at] != 0) {
        size_t end = at + 1 + name->bytes[at];

        if (at > 0)
            espota_write_u8(&writer, '.');
        for (at++; at < end && at < name->length; at++)
            format_byte(&writer, name->bytes[at]);
    }
    out[writer.used] = '\0';
    return out;
}
