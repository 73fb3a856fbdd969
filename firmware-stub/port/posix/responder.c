/* SPDX-License-Identifier: MIT */
/*
 * What a real ESP8266 (LEAmDNS) says, record for record, because that is what hosts are tested
 * against; only what RFC 6762 asks of everybody is added.
 */
#include "port/posix/responder.h"

#include <stdio.h>
#include <string.h>

enum {
    HOST_TTL = 120, /* as LEAmDNS has them */
    SERVICE_TTL = 4500,
    API_PORT = 6053,
    LEGACY_TTL = 10, /* RFC 6762 6.7: plain resolvers do not hear of changes */
};

/* Which records. */
enum {
    SAY_TYPE = 1, /* that there is such a service, for _services._dns-sd._udp */
    SAY_PTR = 2,
    SAY_SRV = 4,
    SAY_TXT = 8,
    SAY_HOST = 16,
    SAY_ALL = SAY_PTR | SAY_SRV | SAY_TXT | SAY_HOST,
};

static void add_string(struct stub_service *service, const char *key, const char *value)
{
    size_t room = sizeof(service->txt) - service->txt_length; /* txt_length <= the size */
    char *at = (char *)service->txt + service->txt_length;
    int length = room > 1 ? snprintf(at + 1, room - 1, "%s=%s", key, value) : 0;

    if (length <= 0 || (size_t)length >= room - 1)
        return;
    *at = (char)length;
    service->txt_length = (uint16_t)(service->txt_length + 1 + length);
}

static bool begin(struct stub_service *service, const char *name,
                  const struct espota_address *address, const char *kind)
{
    struct espota_dns_name local;
    size_t length = strlen(name);
    char type[32];

    *service = (struct stub_service){.address = *address, .port = address->port, .kind = kind};
    snprintf(service->name, sizeof(service->name), "%s", name);
    snprintf(type, sizeof(type), "%s.local", kind);
    return espota_dns_name_set(&local, "local") && espota_dns_name_set(&service->type, type) &&
           espota_dns_name_under(&service->instance, name, length, &service->type) &&
           espota_dns_name_under(&service->host, name, length, &local);
}

bool stub_service_init(struct stub_service *service, const char *name,
                       const struct espota_address *address, bool auth)
{
    if (!begin(service, name, address, "_arduino._tcp"))
        return false;
    /* LEAmDNS puts each new string in front of the others */
    add_string(service, "auth_upload", auth ? "yes" : "no");
    add_string(service, "board", "nodemcuv2");
    add_string(service, "ssh_upload", "no");
    add_string(service, "tcp_check", "no");
    return true;
}

bool stub_service_init_esphome(struct stub_service *service, const char *name,
                               const struct espota_address *address, const char *platform, bool key)
{
    if (!begin(service, name, address, "_esphomelib._tcp"))
        return false;
    service->port = API_PORT;
    add_string(service, "version", "2026.10.0");
    add_string(service, "platform", platform);
    add_string(service, "board", "nodemcuv2");
    add_string(service, "network", "wifi");
    if (key)
        add_string(service, "api_encryption", "Noise_NNpsk0_25519_ChaChaPoly_SHA256");
    return true;
}

size_t stub_service_addresses(const struct stub_service *service,
                              const struct espota_interface *interface,
                              struct espota_address out[ESPOTA_INTERFACE_ADDRESSES])
{
    static const uint8_t zeros[16];
    const struct espota_address *at = &service->address;
    bool any = memcmp(at->bytes, zeros, sizeof(zeros)) == 0;
    size_t count = 0;

    for (size_t i = 0; interface->multicast && i < interface->count; i++) {
        const struct espota_address *own = &interface->addresses[i].address;

        if (own->family == at->family && (any || espota_address_equal(own, at)))
            out[count++] = *own;
    }
    /* every address of 127.0.0.0/8 is the loopback's, though it tells of one only */
    if (count == 0 && !any && interface->loopback && espota_interface_reaches(interface, at))
        out[count++] = *at;
    return count;
}

struct saying {
    const struct stub_service *service;
    const struct espota_address *addresses;
    size_t address_count;
    struct espota_dns_writer writer;
    bool legacy, goodbye;
    bool whole; /* false: a record did not fit, and the rest is what is said */
};

static uint32_t ttl_of(const struct saying *s, uint32_t ttl)
{
    if (s->goodbye)
        return 0;
    return s->legacy && ttl > LEGACY_TTL ? LEGACY_TTL : ttl;
}

static void add(struct saying *s, enum espota_dns_section section, uint32_t ttl,
                struct espota_dns_record record)
{
    record.section = section;
    record.ttl = ttl_of(s, ttl);
    record.top = record.type != ESPOTA_DNS_PTR && !s->legacy; /* others may have the pointer, too */
    s->whole &= espota_dns_add(&s->writer, &record);
}

static void say(struct saying *s, enum espota_dns_section section, unsigned what)
{
    const struct stub_service *service = s->service;
    struct espota_dns_name types;

    if ((what & SAY_TYPE) != 0 && espota_dns_name_set(&types, "_services._dns-sd._udp.local"))
        add(s, section, SERVICE_TTL,
            (struct espota_dns_record){
                .name = types, .type = ESPOTA_DNS_PTR, .target = service->type});
    if ((what & SAY_PTR) != 0)
        add(s, section, SERVICE_TTL,
            (struct espota_dns_record){
                .name = service->type, .type = ESPOTA_DNS_PTR, .target = service->instance});
    if ((what & SAY_SRV) != 0)
        add(s, section, HOST_TTL,
            (struct espota_dns_record){.name = service->instance,
                                       .type = ESPOTA_DNS_SRV,
                                       .target = service->host,
                                       .port = service->port});
    if ((what & SAY_TXT) != 0)
        add(s, section, SERVICE_TTL,
            (struct espota_dns_record){.name = service->instance,
                                       .type = ESPOTA_DNS_TXT,
                                       .data = service->txt,
                                       .length = service->txt_length});
    for (size_t i = 0; (what & SAY_HOST) != 0 && i < s->address_count; i++)
        add(s, section, HOST_TTL,
            (struct espota_dns_record){.name = service->host,
                                       .type = s->addresses[i].family == 4 ? ESPOTA_DNS_A
                                                                           : ESPOTA_DNS_AAAA,
                                       .data = s->addresses[i].bytes,
                                       .length = s->addresses[i].family == 4 ? 4 : 16});
}

/* What one question asks for. */
static unsigned asked_for(const struct stub_service *service, const struct espota_dns_record *q)
{
    bool any = q->type == ESPOTA_DNS_ANY;
    struct espota_dns_name types;

    if (q->class != ESPOTA_DNS_IN && q->class != ESPOTA_DNS_CLASS_ANY)
        return 0;
    if (espota_dns_name_equal(&q->name, &service->type))
        return any || q->type == ESPOTA_DNS_PTR ? SAY_PTR : 0;
    if (espota_dns_name_equal(&q->name, &service->instance))
        return (any || q->type == ESPOTA_DNS_SRV ? SAY_SRV : 0u) |
               (any || q->type == ESPOTA_DNS_TXT ? SAY_TXT : 0u);
    if (espota_dns_name_equal(&q->name, &service->host))
        return any || q->type == ESPOTA_DNS_A || q->type == ESPOTA_DNS_AAAA ? SAY_HOST : 0;
    if (espota_dns_name_set(&types, "_services._dns-sd._udp.local") &&
        espota_dns_name_equal(&q->name, &types) && (any || q->type == ESPOTA_DNS_PTR))
        return SAY_TYPE;
    return 0;
}

/* What a known answer makes needless: it must be right, and live for half of its time yet. */
static unsigned known(const struct stub_service *service, const struct espota_dns_record *r)
{
    if (r->section != ESPOTA_DNS_ANSWER || r->class != ESPOTA_DNS_IN)
        return 0;
    if (r->type == ESPOTA_DNS_PTR && r->ttl >= SERVICE_TTL / 2 &&
        espota_dns_name_equal(&r->name, &service->type) &&
        espota_dns_name_equal(&r->target, &service->instance))
        return SAY_PTR;
    if (r->type == ESPOTA_DNS_SRV && r->ttl >= HOST_TTL / 2 && r->port == service->port &&
        espota_dns_name_equal(&r->name, &service->instance) &&
        espota_dns_name_equal(&r->target, &service->host))
        return SAY_SRV;
    return 0;
}

/* The records beside the ones that were asked for, so that nobody has to ask again. */
static unsigned beside(unsigned what)
{
    unsigned more = 0;

    if ((what & SAY_PTR) != 0)
        more |= SAY_SRV | SAY_TXT | SAY_HOST;
    if ((what & SAY_SRV) != 0)
        more |= SAY_HOST;
    return more & ~what;
}

size_t stub_responder_answer(const struct stub_service *service,
                             const struct stub_question_origin *origin,
                             struct espota_dns_reader *query, uint8_t out[STUB_ANSWER_MAX],
                             bool *unicast)
{
    struct saying s = {.service = service,
                       .addresses = origin->addresses,
                       .address_count = origin->address_count,
                       .legacy = origin->legacy};
    struct espota_dns_record record;
    unsigned what = 0, needless = 0;

    *unicast = true;
    if ((query->flags & (ESPOTA_DNS_RESPONSE | ESPOTA_DNS_OPCODE)) != 0)
        return 0;
    espota_dns_begin(&s.writer, out, STUB_ANSWER_MAX, origin->legacy ? query->id : 0,
                     ESPOTA_DNS_RESPONSE | ESPOTA_DNS_AUTHORITATIVE);
    espota_dns_rewind(query);
    while (espota_dns_next(query, &record)) {
        if (record.section != ESPOTA_DNS_QUESTION) {
            needless |= known(service, &record);
            continue;
        }
        what |= asked_for(service, &record);
        *unicast &= record.top;
        /* a plain resolver wants to see its question again */
        if (origin->legacy && asked_for(service, &record) != 0)
            s.whole &=
                espota_dns_ask(&s.writer, &record.name, (enum espota_dns_type)record.type, false);
    }
    *unicast |= origin->legacy;
    what &= ~needless;
    if (what == 0)
        return 0;
    say(&s, ESPOTA_DNS_ANSWER, what);
    say(&s, ESPOTA_DNS_ADDITIONAL, beside(what));
    return espota_dns_finish(&s.writer);
}

size_t stub_responder_announce(const struct stub_service *service,
                               const struct espota_address *addresses, size_t address_count,
                               bool goodbye, uint8_t out[STUB_ANSWER_MAX])
{
    struct saying s = {.service = service,
                       .addresses = addresses,
                       .address_count = address_count,
                       .goodbye = goodbye};

    espota_dns_begin(&s.writer, out, STUB_ANSWER_MAX, 0,
                     ESPOTA_DNS_RESPONSE | ESPOTA_DNS_AUTHORITATIVE);
    say(&s, ESPOTA_DNS_ANSWER, SAY_ALL);
    return espota_dns_finish(&s.writer);
}
