/* SPDX-License-Identifier: MIT */
/*
 * Names are compressed against what stands in the message already, read where it stands: a table
 * of names beside it would be larger than most messages.
 */
#include "mdns/mdns.h"

#include <string.h>

enum { POINTER = 0xc000, POINTER_MAX = 0x3fff };

void espota_dns_begin(struct espota_dns_writer *writer, void *packet, size_t room, uint16_t id,
                      uint16_t flags)
{
    memset(writer->counts, 0, sizeof(writer->counts));
    writer->seen_count = 0;
    espota_writer_init(&writer->out, packet, room);
    espota_write_u16be(&writer->out, id);
    espota_write_u16be(&writer->out, flags);
    for (unsigned i = 0; i < ESPOTA_DNS_SECTIONS; i++)
        espota_write_u16be(&writer->out, 0);
}

/* Whether what stands at `offset`, unfolded, is `name`. It is ours, so it is well-formed. */
static bool is_written_at(const struct espota_dns_writer *writer, size_t offset,
                          const uint8_t *name)
{
    for (;;) {
        const uint8_t *label = writer->out.start + offset;
        size_t size = label[0] + 1u;

        if ((label[0] & 0xc0) == 0xc0) {
            offset = (size_t)(label[0] & 0x3f) << 8 | label[1];
            continue;
        }
        for (size_t i = 0; i < size; i++) /* another size ends it with the first byte */
            if (espota_ascii_lower(label[i]) != espota_ascii_lower(name[i]))
                return false;
        if (size == 1)
            return true;
        offset += size;
        name += size;
    }
}

static bool find_written(const struct espota_dns_writer *writer, const uint8_t *name,
                         uint16_t *offset)
{
    for (size_t i = 0; i < writer->seen_count; i++) {
        *offset = writer->seen[i];
        if (is_written_at(writer, *offset, name))
            return true;
    }
    return false;
}

/* Where its labels begin is remembered at its end: half a name must not be pointed to. */
static void write_name(struct espota_dns_writer *writer, const struct espota_dns_name *name)
{
    const uint8_t *label = name->bytes;
    uint16_t begins[ESPOTA_DNS_SEEN];
    size_t count = 0;
    uint16_t offset = 0;

    while (label[0] != 0 && !find_written(writer, label, &offset)) {
        if (writer->out.used <= POINTER_MAX && count < ESPOTA_DNS_SEEN)
            begins[count++] = (uint16_t)writer->out.used;
        espota_write_bytes(&writer->out, label, label[0] + 1u);
        label += label[0] + 1u;
    }
    if (label[0] != 0)
        espota_write_u16be(&writer->out, (uint16_t)(POINTER | offset));
    else
        espota_write_u8(&writer->out, 0);
    for (size_t i = 0; i < count && !writer->out.overrun; i++)
        if (writer->seen_count < ESPOTA_DNS_SEEN)
            writer->seen[writer->seen_count++] = begins[i];
}

/* The data's length is known only when a name in it has been written. */
static void write_data(struct espota_dns_writer *writer, const struct espota_dns_record *record)
{
    struct espota_writer *out = &writer->out;
    size_t length_at = out->used;
    size_t length;

    espota_write_u16be(out, 0);
    if (record->type == ESPOTA_DNS_SRV) {
        espota_write_u32be(out, 0); /* priority 0, weight 0 */
        espota_write_u16be(out, record->port);
    }
    if (record->type == ESPOTA_DNS_SRV || record->type == ESPOTA_DNS_PTR)
        write_name(writer, &record->target);
    else
        espota_write_bytes(out, record->data, record->length);
    if (out->overrun)
        return;
    length = out->used - length_at - 2; /* both were written after length_at */
    out->start[length_at] = (uint8_t)(length >> 8);
    out->start[length_at + 1] = (uint8_t)length;
}

bool espota_dns_add(struct espota_dns_writer *writer, const struct espota_dns_record *record)
{
    struct espota_writer *out = &writer->out;
    size_t used = out->used;
    size_t seen_count = writer->seen_count;

    write_name(writer, &record->name);
    espota_write_u16be(out, record->type);
    espota_write_u16be(out, (uint16_t)(ESPOTA_DNS_IN | (record->top ? 0x8000 : 0)));
    if (record->section != ESPOTA_DNS_QUESTION) {
        espota_write_u32be(out, record->ttl);
        write_data(writer, record);
    }
    if (!out->overrun && writer->counts[record->section] < UINT16_MAX) {
        writer->counts[record->section]++;
        return true;
    }
    out->overrun = false;
    out->used = used;
    writer->seen_count = seen_count;
    return false;
}

bool espota_dns_ask(struct espota_dns_writer *writer, const struct espota_dns_name *name,
                    enum espota_dns_type type, bool unicast)
{
    const struct espota_dns_record question = {
        .section = ESPOTA_DNS_QUESTION, .name = *name, .type = (uint16_t)type, .top = unicast};

    return espota_dns_add(writer, &question);
}

size_t espota_dns_finish(struct espota_dns_writer *writer)
{
    for (unsigned i = 0; i < ESPOTA_DNS_SECTIONS; i++) {
        writer->out.start[4 + 2 * i] = (uint8_t)(writer->counts[i] >> 8);
        writer->out.start[5 + 2 * i] = (uint8_t)writer->counts[i];
    }
    return writer->out.used;
}
