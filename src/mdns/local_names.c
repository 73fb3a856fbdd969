/* SPDX-License-Identifier: MIT */
/*
 * A query of our own for .local names: in a container, with musl or without nss-mdns the system's
 * resolver knows none, and one packet here asks for many at once.
 */
#include "mdns/mdns.h"

#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

enum {
    PACKET_ROOM = 1440,
    IPV4_MS = 150, /* so long an IPv6 address waits for an IPv4 one */
    TURN_MS = 1000,
};

static const uint64_t rounds[] = {0, 250, 1000};
enum { ROUNDS = sizeof(rounds) / sizeof(rounds[0]) };

struct wanted {
    struct espota_local_name *to;
    struct espota_dns_name name; /* length 0: it cannot be asked for */
    uint32_t hash;
    uint64_t heard; /* when the first address came; 0: none yet */
};

struct asking {
    struct espota_loop *loop;
    struct espota_mdns *mdns;
    struct wanted *list;
    size_t count;
};

bool espota_local_name_is(const char *name)
{
    static const char end[] = ".local";
    size_t length = strlen(name);
    size_t size = sizeof(end) - 1;

    if (length > 0 && name[length - 1] == '.')
        length--;
    if (length <= size)
        return false;
    for (size_t i = 0; i < size; i++)
        if (espota_ascii_lower((uint8_t)name[length - size + i]) != (uint8_t)end[i])
            return false;
    return true;
}

static bool is_over(const struct wanted *w, uint64_t now)
{
    return w->name.length == 0 || w->to->address.family == 4 ||
           (w->heard != 0 && now >= w->heard + IPV4_MS);
}

static bool all_over(const struct asking *a, uint64_t now)
{
    for (size_t i = 0; i < a->count; i++)
        if (!is_over(&a->list[i], now))
            return false;
    return true;
}

static bool is_better(const struct espota_address *address, const struct espota_address *known)
{
    bool local = address->family == 6 && address->scope != 0;

    if (known->family == 0)
        return true;
    if (known->family == 4)
        return false;
    return address->family == 4 || (known->scope != 0 && !local);
}

static void hear(struct asking *a, const struct espota_mdns_origin *origin,
                 const struct espota_dns_record *record)
{
    struct espota_address address;
    uint32_t hash = espota_dns_name_hash(&record->name);

    if (!espota_mdns_address(origin, record, &address))
        return;
    for (size_t i = 0; i < a->count; i++) {
        struct wanted *w = &a->list[i];

        if (w->hash != hash || !espota_dns_name_equal(&w->name, &record->name) ||
            !is_better(&address, &w->to->address))
            continue;
        w->to->address = address;
        if (w->heard == 0)
            w->heard = espota_loop_now(a->loop);
    }
}

static void packet(void *context, const struct espota_mdns_origin *origin,
                   struct espota_dns_reader *reader)
{
    struct espota_dns_record record;

    if ((reader->flags & ESPOTA_DNS_RESPONSE) == 0 || origin->from.port != ESPOTA_MDNS_PORT ||
        (reader->flags & (ESPOTA_DNS_OPCODE | ESPOTA_DNS_RCODE)) != 0)
        return;
    while (espota_dns_next(reader, &record))
        if (record.section != ESPOTA_DNS_QUESTION && record.class == ESPOTA_DNS_IN &&
            record.ttl > 0 && (record.type == ESPOTA_DNS_A || record.type == ESPOTA_DNS_AAAA))
            hear(context, origin, &record);
}

/* The questions of all names that have no answer, in as many packets as they need. */
static void ask(struct asking *a, bool own_port)
{
    static const enum espota_dns_type types[] = {ESPOTA_DNS_A, ESPOTA_DNS_AAAA};
    struct espota_dns_writer writer;
    uint8_t packet[PACKET_ROOM];
    size_t in_packet = 0;

    espota_dns_begin(&writer, packet, sizeof(packet), 0, 0);
    for (size_t i = 0; i < 2 * a->count; i++) {
        const struct wanted *w = &a->list[i / 2];

        if (w->name.length == 0 || w->to->address.family != 0)
            continue;
        /* answers by unicast are for one question a packet: such responders take no more */
        if ((own_port && in_packet > 0) ||
            !espota_dns_ask(&writer, &w->name, types[i % 2], own_port)) {
            (void)espota_mdns_send(a->mdns, 0, 0, own_port, packet, espota_dns_finish(&writer),
                                   NULL);
            espota_dns_begin(&writer, packet, sizeof(packet), 0, 0);
            in_packet = 0;
            if (!espota_dns_ask(&writer, &w->name, types[i % 2], own_port))
                continue; /* cannot be: any name fits an empty packet */
        }
        in_packet++;
    }
    if (in_packet > 0)
        (void)espota_mdns_send(a->mdns, 0, 0, own_port, packet, espota_dns_finish(&writer), NULL);
}

static int until(uint64_t now, uint64_t at)
{
    uint64_t left = at > now ? at - now : 0;

    return left > TURN_MS ? TURN_MS : (int)left;
}

static enum espota_status run(struct asking *a, uint32_t timeout_ms, const atomic_bool *stop,
                              struct espota_error *err)
{
    enum espota_status status = espota_loop_turn(a->loop, 0, err); /* what time is it? */
    uint64_t start = espota_loop_now(a->loop);
    uint64_t now = start;
    size_t round = 0;

    while (status == ESPOTA_OK && now < start + timeout_ms && !all_over(a, now) &&
           (stop == NULL || !*stop)) {
        uint64_t next = start + timeout_ms;

        if (round < ROUNDS && now >= start + rounds[round]) {
            ask(a, false);
            ask(a, true);
            round++;
        }
        if (round < ROUNDS && start + rounds[round] < next)
            next = start + rounds[round];
        for (size_t i = 0; i < a->count; i++) /* the moment of an IPv6 address may end sooner */
            if (!is_over(&a->list[i], now) && a->list[i].heard != 0 &&
                a->list[i].heard + IPV4_MS < next)
                next = a->list[i].heard + IPV4_MS;
        status = espota_loop_turn(a->loop, until(now, next), err);
        now = espota_loop_now(a->loop);
    }
    return status;
}

enum espota_status espota_local_names_resolve(struct espota_loop *loop,
                                              struct espota_local_name *names, size_t count,
                                              uint32_t timeout_ms, const atomic_bool *stop,
                                              struct espota_error *err)
{
    struct asking a = {.loop = loop, .count = count, .list = calloc(count, sizeof(*a.list))};
    const struct espota_mdns_hooks hooks = {&a, packet, NULL};
    enum espota_status status;

    if (a.list == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to look names up");
    for (size_t i = 0; i < count; i++) {
        names[i].address = (struct espota_address){.family = 0};
        a.list[i].to = &names[i];
        if (espota_dns_name_set(&a.list[i].name, names[i].name))
            a.list[i].hash = espota_dns_name_hash(&a.list[i].name);
    }
    status = espota_mdns_create(loop, &hooks, &a.mdns, err);
    if (status == ESPOTA_OK)
        status = run(&a, timeout_ms, stop, err);
    espota_mdns_destroy(a.mdns);
    free(a.list);
    return status;
}
