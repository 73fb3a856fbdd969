/* SPDX-License-Identifier: MIT */
/*
 * Packets are anybody's. Every jump of a name must lead back, so that none goes in a circle, and
 * what does not fit the packet's own counts ends the reading.
 */
#include "mdns/mdns.h"

#include "wire/wire.h"

#include <string.h>

enum { POINTER = 0xc0 };

/*
 * Reads a name that begins at the reader. A pointer must lead to before the
 * place where the part that holds it began: then every jump goes back, and a
 * loop cannot be built. False on anything else.
 */
static bool read_name(struct espota_dns_reader *reader, struct espota_reader *at,
                      struct espota_dns_name *name)
{
    struct espota_reader jumped; /* walks behind a pointer; `at` stays after the first one */
    struct espota_reader *walk = at;
    size_t part = (size_t)(at->at - reader->packet);

    name->length = 0;
    for (;;) {
        uint8_t size = espota_read_u8(walk);
        const uint8_t *label;

        if (walk->overrun)
            return false;
        if ((size & POINTER) == POINTER) {
            size_t to = (size_t)(size & ~POINTER) << 8 | espota_read_u8(walk);

            if (walk->overrun || to >= part || to < ESPOTA_DNS_HEADER)
                return false;
            part = to;
            espota_reader_init(&jumped, reader->packet + to, reader->size - to); /* to < size */
            walk = &jumped;
            continue;
        }
        if ((size & POINTER) != 0 || size + 1u > (size_t)ESPOTA_DNS_NAME - name->length)
            return false; /* name->length <= 255 always */
        label = espota_read_bytes(walk, size);
        if (label == NULL)
            return false;
        name->bytes[name->length] = size;
        memcpy(name->bytes + name->length + 1, label, size);
        name->length = (uint8_t)(name->length + size + 1);
        if (size == 0)
            return true;
    }
}

static bool txt_is_whole(const uint8_t *data, size_t length)
{
    struct espota_reader txt;

    espota_reader_init(&txt, data, length);
    while (txt.left > 0 && !txt.overrun)
        (void)espota_read_bytes(&txt, espota_read_u8(&txt));
    return !txt.overrun;
}

/* Names in the data may be compressed, so they are read with the whole packet in view. */
static bool read_data(struct espota_dns_reader *reader, struct espota_dns_record *record)
{
    struct espota_reader data;

    espota_reader_init(&data, record->data, record->length);
    switch (record->type) {
    case ESPOTA_DNS_A:
        return record->length == 4;
    case ESPOTA_DNS_AAAA:
        return record->length == 16;
    case ESPOTA_DNS_TXT:
        return txt_is_whole(record->data, record->length);
    case ESPOTA_DNS_SRV:
        (void)espota_read_bytes(&data, 4); /* priority and weight: one host a service here */
        record->port = espota_read_u16be(&data);
        return !data.overrun && read_name(reader, &data, &record->target) && data.left == 0;
    case ESPOTA_DNS_PTR:
        return read_name(reader, &data, &record->target) && data.left == 0;
    default:
        return true;
    }
}

static bool read_record(struct espota_dns_reader *reader, struct espota_dns_record *record)
{
    uint16_t class;

    record->target.length = 0;
    record->port = 0;
    record->data = NULL;
    record->length = 0;
    record->ttl = 0;
    if (!read_name(reader, &reader->at, &record->name))
        return false;
    record->type = espota_read_u16be(&reader->at);
    class = espota_read_u16be(&reader->at);
    record->class = class & 0x7fff;
    record->top = (class & 0x8000) != 0;
    if (record->section == ESPOTA_DNS_QUESTION)
        return !reader->at.overrun;
    record->ttl = espota_read_u32be(&reader->at);
    record->length = espota_read_u16be(&reader->at);
    record->data = espota_read_bytes(&reader->at, record->length);
    if (record->data == NULL)
        return false;
    return record->class != ESPOTA_DNS_IN || read_data(reader, record);
}

/* False at the end; *well says whether that is the true one. */
static bool step(struct espota_dns_reader *reader, struct espota_dns_record *record, bool *well)
{
    unsigned section = ESPOTA_DNS_QUESTION;

    *well = true;
    while (section < ESPOTA_DNS_SECTIONS && reader->left[section] == 0)
        section++;
    if (section == ESPOTA_DNS_SECTIONS)
        return false;
    reader->left[section]--;
    record->section = (enum espota_dns_section)section;
    *well = read_record(reader, record);
    return *well;
}

void espota_dns_rewind(struct espota_dns_reader *reader)
{
    espota_reader_init(&reader->at, reader->packet, reader->size);
    reader->id = espota_read_u16be(&reader->at);
    reader->flags = espota_read_u16be(&reader->at);
    for (unsigned i = 0; i < ESPOTA_DNS_SECTIONS; i++)
        reader->left[i] = espota_read_u16be(&reader->at);
}

enum espota_status espota_dns_open(struct espota_dns_reader *reader, const void *packet,
                                   size_t size)
{
    struct espota_dns_record record;
    bool well;

    reader->packet = packet;
    reader->size = size;
    espota_dns_rewind(reader);
    if (reader->at.overrun)
        return ESPOTA_BAD;
    while (step(reader, &record, &well))
        ;
    if (!well)
        return ESPOTA_BAD;
    espota_dns_rewind(reader);
    return ESPOTA_OK;
}

bool espota_dns_next(struct espota_dns_reader *reader, struct espota_dns_record *record)
{
    bool well;

    return step(reader, record, &well);
}

bool espota_dns_txt_next(struct espota_reader *txt, const uint8_t **text, size_t *length)
{
    do {
        if (txt->left == 0 || txt->overrun)
            return false;
        *length = espota_read_u8(txt);
        *text = espota_read_bytes(txt, *length);
    } while (*text != NULL && *length == 0);
    return *text != NULL;
}

bool espota_dns_txt_value(const uint8_t *text, size_t length, const char *key,
                          const uint8_t **value, size_t *value_length)
{
    size_t at = 0;

    for (; key[at] != '\0'; at++)
        if (at == length || espota_ascii_lower(text[at]) != espota_ascii_lower((uint8_t)key[at]))
            return false;
    if (at == length || text[at] != '=')
        return false;
    *value = text + at + 1;
    *value_length = length - at - 1; /* at < length was checked above */
    return true;
}
