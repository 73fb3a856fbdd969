/* SPDX-License-Identifier: MIT */
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

/* The rest of a name, as if it were a name of its own. */
static struct espota_dns_name tail_of(const struct espota_dns_name *name, size_t at)
{
    struct espota_dns_name tail;

    tail.length = (uint8_t)(name->length - at); /* at < length by the caller's loop */
    memcpy(tail.bytes, name->bytes + at, tail.length);
    return tail;
}

/* The name that was written at `offset`, unfolded; ours, so it is well-formed. */
static struct espota_dns_name written_at(const struct espota_dns_writer *writer, size_t offset)
{
    struct espota_dns_name name = {.length = 0};

    for (;;) {
        const uint8_t *at = writer->out.start + offset;

        if ((at[0] & 0xc0) == 0xc0) {
            offset = (size_t)(at[0] & 0x3f) << 8 | at[1];
            continue;
        }
        memcpy(name.bytes + name.length, at, at[0] + 1u);
        name.length = (uint8_t)(name.length + at[0] + 1);
        if (at[0] == 0)
            return name;
        offset += at[0] + 1u;
    }
}

static bool find_written(const struct espota_dns_writer *writer, const struct espota_dns_name *name,
                         uint16_t *offset)
{
    for (size_t i = 0; i < writer->seen_count; i++) {
        struct espota_dns_name seen = written_at(writer, writer->seen[i]);

        if (espota_dns_name_equal(&seen, name)) {
            *offset = writer->seen[i];
            return true;
        }
    }
    return false;
}

/* Where its labels begin is remembered at its end: half a name must not be pointed to. */
static void write_name(struct espota_dns_writer *writer, const struct espota_dns_name *name)
{
    uint16_t begins[ESPOTA_DNS_SEEN];
    size_t count = 0;
    size_t at = 0;
    uint16_t offset = 0;
    bool found = false;

    while (name->bytes[at] != 0 && !found) {
        struct espota_dns_name tail = tail_of(name, at);

        found = find_written(writer, &tail, &offset);
        if (found)
            break;
        if (writer->out.used <= POINTER_MAX && count < ESPOTA_DNS_SEEN)
            begins[count++] = (uint16_t)writer->out.used;
        espota_write_bytes(&writer->out, name->bytes + at, name->bytes[at] + 1u);
        at += name->bytes[at] + 1u;
    }
    if (found)
        espota_write_u16be(&writer->out, (uint16_t)(POINTER | offset));
    else
        espota_write_u8(&writer->out, 0);
    for (size_t i = 0; i < count && !writer->out.overrun; i++)
        if (writer->seen_count < ESPOTA_DNS_SEEN)
            writer->seen[writer->seen_count++] = begins[i];
}

/* How the message was, to take back what does not fit. */
struct mark {
    size_t used;
    size_t seen_count;
};

static struct mark mark_of(const struct espota_dns_writer *writer)
{
    struct mark mark = {writer->out.used, writer->seen_count};

    return mark;
}

/* Keeps what was added since `mark` if it fitted, else takes it back. */
static bool settle(struct espota_dns_writer *writer, enum espota_dns_section section,
                   struct mark mark)
{
    if (writer->out.overrun || writer->counts[section] == UINT16_MAX) {
        writer->out.overrun = false;
        writer->out.used = mark.used;
        writer->seen_count = mark.seen_count;
        return false;
    }
    writer->counts[section]++;
    return true;
}

bool espota_dns_ask(struct espota_dns_writer *writer, const struct espota_dns_name *name,
                    enum espota_dns_type type, bool unicast)
{
    struct mark mark = mark_of(writer);

    write_name(writer, name);
    espota_write_u16be(&writer->out, (uint16_t)type);
    espota_write_u16be(&writer->out, (uint16_t)(ESPOTA_DNS_IN | (unicast ? 0x8000 : 0)));
    return settle(writer, ESPOTA_DNS_QUESTION, mark);
}

static void write_head(struct espota_dns_writer *writer, const struct espota_dns_name *name,
                       enum espota_dns_type type, bool flush, uint32_t ttl)
{
    write_name(writer, name);
    espota_write_u16be(&writer->out, (uint16_t)type);
    espota_write_u16be(&writer->out, (uint16_t)(ESPOTA_DNS_IN | (flush ? 0x8000 : 0)));
    espota_write_u32be(&writer->out, ttl);
}

bool espota_dns_add_data(struct espota_dns_writer *writer, enum espota_dns_section section,
                         const struct espota_dns_name *name, enum espota_dns_type type, bool flush,
                         uint32_t ttl, const void *data, uint16_t length)
{
    struct mark mark = mark_of(writer);

    write_head(writer, name, type, flush, ttl);
    espota_write_u16be(&writer->out, length);
    espota_write_bytes(&writer->out, data, length);
    return settle(writer, section, mark);
}

/* The data's length is known only when the name in it has been written. */
static bool add_target(struct espota_dns_writer *writer, enum espota_dns_section section,
                       struct mark mark, size_t length_at, const struct espota_dns_name *target)
{
    write_name(writer, target);
    if (!writer->out.overrun) {
        size_t length = writer->out.used - length_at - 2; /* both were written after length_at */

        writer->out.start[length_at] = (uint8_t)(length >> 8);
        writer->out.start[length_at + 1] = (uint8_t)length;
    }
    return settle(writer, section, mark);
}

bool espota_dns_add_ptr(struct espota_dns_writer *writer, enum espota_dns_section section,
                        const struct espota_dns_name *name, uint32_t ttl,
                        const struct espota_dns_name *target)
{
    struct mark mark = mark_of(writer);
    size_t length_at;

    write_head(writer, name, ESPOTA_DNS_PTR, false, ttl);
    length_at = writer->out.used;
    espota_write_u16be(&writer->out, 0);
    return add_target(writer, section, mark, length_at, target);
}

bool espota_dns_add_srv(struct espota_dns_writer *writer, enum espota_dns_section section,
                        const struct espota_dns_name *name, bool flush, uint32_t ttl, uint16_t port,
                        const struct espota_dns_name *target)
{
    struct mark mark = mark_of(writer);
    size_t length_at;

    write_head(writer, name, ESPOTA_DNS_SRV, flush, ttl);
    length_at = writer->out.used;
    espota_write_u16be(&writer->out, 0);
    espota_write_u32be(&writer->out, 0); /* priority 0, weight 0 */
    espota_write_u16be(&writer->out, port);
    return add_target(writer, section, mark, length_at, target);
}

size_t espota_dns_finish(struct espota_dns_writer *writer)
{
    for (unsigned i = 0; i < ESPOTA_DNS_SECTIONS; i++) {
        writer->out.start[4 + 2 * i] = (uint8_t)(writer->counts[i] >> 8);
        writer->out.start[5 + 2 * i] = (uint8_t)writer->counts[i];
    }
    return writer->out.used;
}
