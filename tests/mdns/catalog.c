/* SPDX-License-Identifier: MIT */
#include "mdns/discover.h"

#include "unit.h"

#include <stdio.h>

static struct espota_catalog *catalog;

static void fresh(void)
{
    ck_assert_int_eq(espota_catalog_create(ESPOTA_SERVICE_COUNT, &catalog, NULL), ESPOTA_OK);
}

/* What a device says; change a member and say it again. */
struct voice {
    const char *name;
    const char *host;
    const char *txt;
    uint16_t port;
    uint8_t address[4];
    uint8_t address6[16]; /* last byte 0: none */
    uint32_t ptr_ttl, ttl;
    bool no_srv, no_txt, no_address, flush_off;
    enum espota_service service;
};

#define TXT                                                                                        \
    "\x0e"                                                                                         \
    "auth_upload=no"                                                                               \
    "\x0d"                                                                                         \
    "board=d1_mini"                                                                                \
    "\x0d"                                                                                         \
    "ssh_upload=no"                                                                                \
    "\x0c"                                                                                         \
    "tcp_check=no"

static struct voice door(void)
{
    struct voice v = {.name = "door",
                      .host = "door.local",
                      .txt = TXT,
                      .port = 8266,
                      .address = {10, 0, 0, 7},
                      .ptr_ttl = 4500,
                      .ttl = 120};

    return v;
}

static void add(struct espota_dns_writer *writer, struct espota_dns_record record)
{
    record.section = ESPOTA_DNS_ANSWER;
    ck_assert(espota_dns_add(writer, &record));
}

static size_t packet_of(const struct voice *v, uint8_t *packet, size_t room)
{
    const struct espota_dns_name *service = espota_service_name(v->service);
    struct espota_dns_name instance, host;
    struct espota_dns_writer w;

    ck_assert(espota_dns_name_under(&instance, v->name, strlen(v->name), service));
    ck_assert(espota_dns_name_set(&host, v->host));
    espota_dns_begin(&w, packet, room, 0, ESPOTA_DNS_RESPONSE);
    /* addresses first: the order of records must not matter */
    if (!v->no_address && v->address[0] != 0)
        add(&w, (struct espota_dns_record){.name = host,
                                           .type = ESPOTA_DNS_A,
                                           .top = !v->flush_off,
                                           .ttl = v->ttl,
                                           .data = v->address,
                                           .length = 4});
    if (!v->no_address && v->address6[15] != 0)
        add(&w, (struct espota_dns_record){.name = host,
                                           .type = ESPOTA_DNS_AAAA,
                                           .top = !v->flush_off,
                                           .ttl = v->ttl,
                                           .data = v->address6,
                                           .length = 16});
    if (!v->no_srv)
        add(&w, (struct espota_dns_record){.name = instance,
                                           .type = ESPOTA_DNS_SRV,
                                           .top = true,
                                           .ttl = v->ttl,
                                           .port = v->port,
                                           .target = host});
    if (!v->no_txt)
        add(&w, (struct espota_dns_record){.name = instance,
                                           .type = ESPOTA_DNS_TXT,
                                           .top = true,
                                           .ttl = v->ptr_ttl,
                                           .data = (const uint8_t *)v->txt,
                                           .length = (uint16_t)strlen(v->txt)});
    add(&w, (struct espota_dns_record){
                .name = *service, .type = ESPOTA_DNS_PTR, .ttl = v->ptr_ttl, .target = instance});
    return espota_dns_finish(&w);
}

static void hear_on(uint64_t now, const struct voice *v, const struct espota_mdns_origin *link)
{
    uint8_t packet[1500];
    size_t size = packet_of(v, packet, sizeof(packet));
    struct espota_dns_reader reader;

    ck_assert_int_eq(espota_dns_open(&reader, packet, size), ESPOTA_OK);
    espota_catalog_packet(catalog, now, link, &reader);
    espota_catalog_tick(catalog, now); /* as a discovery does after each batch of packets */
}

static void hear(uint64_t now, const struct voice *v)
{
    const struct espota_mdns_origin link = {.link = 2,
                                            .from = {.family = 4, .bytes = {10, 0, 0, 7}}};

    hear_on(now, v, &link);
}

/* The next event at `now`, or none. */
static const struct espota_catalog_event *event_at(uint64_t now)
{
    static struct espota_catalog_event event;

    espota_catalog_tick(catalog, now);
    return espota_catalog_next(catalog, now, &event) ? &event : NULL;
}

static void expect(uint64_t now, enum espota_device_event kind, const char *name)
{
    const struct espota_catalog_event *event = event_at(now);

    ck_assert_msg(event != NULL, "nothing at %llu", (unsigned long long)now);
    ck_assert_int_eq(event->event, kind);
    ck_assert_str_eq(event->device.name, name);
}

static void expect_nothing(uint64_t now)
{
    ck_assert_ptr_null(event_at(now));
}

START_TEST(test_a_device_comes_and_goes)
{
    struct voice v = door();
    const struct espota_catalog_event *event;

    fresh();
    hear(1000, &v);
    event = event_at(1000);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(event->event, ESPOTA_DEVICE_ADD);
    ck_assert_str_eq(event->device.address, "10.0.0.7");
    ck_assert_str_eq(event->device.hostname, "door.local");
    ck_assert_str_eq(event->device.board, "d1_mini");
    ck_assert_uint_eq(event->device.port, 8266);
    ck_assert_int_eq(event->device.kind, ESPOTA_KIND_ESP8266);
    ck_assert_uint_eq(event->txt_length, strlen(TXT));
    ck_assert_mem_eq(event->txt, TXT, strlen(TXT));
    expect_nothing(1000);

    hear(2000, &v); /* the same again is no news */
    expect_nothing(2000);
    expect_nothing(2000 + 119999);
    expect(2000 + 120000, ESPOTA_DEVICE_REMOVE, "door"); /* the shortest life is over */
    expect_nothing(2000 + 120000);
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_a_change_is_told_once)
{
    struct voice v = door();

    fresh();
    hear(1000, &v);
    expect(1000, ESPOTA_DEVICE_ADD, "door");
    v.port = 8267;
    v.txt = "\x0f"
            "auth_upload=yes";
    hear(3000, &v);
    expect(3000, ESPOTA_DEVICE_CHANGE, "door");
    expect_nothing(3000);
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_goodbye_has_a_second)
{
    struct voice v = door(), bye = door();

    fresh();
    bye.ptr_ttl = bye.ttl = 0;
    hear(1000, &v);
    expect(1000, ESPOTA_DEVICE_ADD, "door");
    hear(5000, &bye);
    expect_nothing(5999);
    expect(6000, ESPOTA_DEVICE_REMOVE, "door");

    hear(7000, &v); /* a restart: goodbye, and back within the second */
    expect(7000, ESPOTA_DEVICE_ADD, "door");
    hear(8000, &bye);
    hear(8500, &v);
    expect_nothing(8500);
    expect_nothing(20000);
    ck_assert_uint_gt(espota_catalog_deadline(catalog, 20000), 20000);

    hear(21000, &bye); /* of a stranger: nothing is made for it */
    espota_catalog_tick(catalog, 23000);
    ck_assert_uint_eq(espota_catalog_size(catalog), 0);
    hear(24000, &bye);
    ck_assert_uint_eq(espota_catalog_size(catalog), 0);
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_one_device_on_several_links)
{
    struct voice v = door(), other = door();
    struct espota_mdns_origin first = {.link = 2}, second = {.link = 3};

    fresh();
    memcpy(other.address, (uint8_t[]){10, 1, 0, 7}, 4);
    hear_on(1000, &v, &first);
    expect(1000, ESPOTA_DEVICE_ADD, "door");
    for (uint64_t now = 2000; now < 100000; now += 7000) { /* taking turns is no change */
        hear_on(now, &other, &second);
        expect_nothing(now);
        hear_on(now + 1, &v, &first);
        expect_nothing(now + 1);
    }
    hear_on(110000, &other, &second); /* the first falls silent */
    expect(99000 + 120001, ESPOTA_DEVICE_CHANGE, "door");
    expect(110000 + 120000, ESPOTA_DEVICE_REMOVE, "door");
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_ipv4_is_waited_for_and_preferred)
{
    const struct espota_mdns_origin link = {.link = 4000000}; /* no interface has this number */
    struct voice v = door(), six = door();
    const struct espota_catalog_event *event;

    fresh();
    memset(six.address, 0, 4);
    memcpy(six.address6, (uint8_t[]){0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, 16);
    hear_on(1000, &six, &link);
    expect_nothing(1000 + ESPOTA_CATALOG_SETTLE_MS - 1);
    ck_assert_uint_le(espota_catalog_deadline(catalog, 1000), 1000 + ESPOTA_CATALOG_SETTLE_MS);
    event = event_at(1000 + ESPOTA_CATALOG_SETTLE_MS);
    ck_assert_ptr_nonnull(event);
    ck_assert_str_eq(event->device.address, "fe80::9%4000000");
    hear_on(2000, &v, &link);
    event = event_at(2000);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(event->event, ESPOTA_DEVICE_CHANGE);
    ck_assert_str_eq(event->device.address, "10.0.0.7");
    espota_catalog_destroy(catalog);
}
END_TEST

/* 64:ff9b::1 begins with 00 and ends with 01, and is not this machine's loopback. */
START_TEST(test_an_address_for_all_before_one_of_the_link)
{
    const struct espota_mdns_origin link = {.link = 4000000};
    struct voice v = door();
    const struct espota_catalog_event *event;

    fresh();
    memset(v.address, 0, 4);
    memcpy(v.address6, (uint8_t[]){0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9}, 16);
    hear_on(1000, &v, &link);
    expect(1000 + ESPOTA_CATALOG_SETTLE_MS, ESPOTA_DEVICE_ADD, "door");
    memcpy(v.address6, (uint8_t[]){0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, 16);
    hear_on(1500, &v, &link);
    event = event_at(1500);
    ck_assert_ptr_nonnull(event);
    ck_assert_str_eq(event->device.address, "64:ff9b::1");
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_an_address_that_moves)
{
    struct voice v = door();
    const struct espota_catalog_event *event;

    fresh();
    hear(1000, &v);
    expect(1000, ESPOTA_DEVICE_ADD, "door");
    v.address[3] = 99; /* with the flush bit: the old one has a second left */
    hear(10000, &v);
    expect_nothing(10999);
    event = event_at(11000);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(event->event, ESPOTA_DEVICE_CHANGE);
    ck_assert_str_eq(event->device.address, "10.0.0.99");
    espota_catalog_destroy(catalog);
}
END_TEST

/* All of JAndrassy's boards may have one name; their answers are told apart by who sent them. */
static void hear_jandrassy(uint64_t now, uint8_t last)
{
    struct voice v = {.name = "Arduino",
                      .host = "Arduino.local",
                      .txt = "\x0d"
                             "board=arduino",
                      .port = 65280,
                      .address = {10, 0, 0, last},
                      .ptr_ttl = 4500,
                      .ttl = 120};
    struct espota_mdns_origin link = {.link = 2, .from = {.family = 4, .bytes = {10, 0, 0, last}}};

    hear_on(now, &v, &link);
}

START_TEST(test_two_boards_of_one_name)
{
    const struct espota_catalog_event *event;

    fresh();
    hear_jandrassy(1000, 5);
    expect(1000, ESPOTA_DEVICE_ADD, "Arduino");
    hear_jandrassy(1001, 6);
    event = event_at(1001);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(event->event, ESPOTA_DEVICE_ADD);
    ck_assert_str_eq(event->device.address, "10.0.0.6");
    for (uint64_t now = 2000; now < 60000; now += 1000) {
        hear_jandrassy(now, (uint8_t)(now / 1000 % 2 ? 5 : 6));
        expect_nothing(now);
    }
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_wrong_addresses)
{
    static const uint8_t nobodys[][4] = {
        {0, 0, 0, 0}, {127, 0, 0, 1}, {224, 0, 0, 251}, {255, 255, 255, 255}};
    struct espota_mdns_origin loopback = {.link = 1, .loopback = true};
    struct voice v = door(), other = door();

    for (size_t i = 0; i < 4; i++) {
        fresh();
        memcpy(v.address, nobodys[i], 4);
        v.address[0] = nobodys[i][0];
        v.no_address = nobodys[i][0] == 0;
        hear(1000, &v);
        expect_nothing(5000);
        espota_catalog_destroy(catalog);
    }
    fresh(); /* loopback's own is good on loopback */
    memcpy(v.address, (uint8_t[]){127, 0, 0, 1}, 4);
    v.no_address = false;
    hear_on(1000, &v, &loopback);
    expect_nothing(1000); /* a better one may follow */
    expect(1000 + ESPOTA_CATALOG_SETTLE_MS, ESPOTA_DEVICE_ADD, "door");
    espota_catalog_destroy(catalog);

    fresh(); /* the address of another host is not the device's */
    v = door();
    v.no_address = true;
    other.name = "window";
    other.host = "window.local";
    hear(1000, &v);
    hear(1000, &other);
    expect(1000, ESPOTA_DEVICE_ADD, "window");
    expect_nothing(9000);
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_missing_parts_are_asked_for)
{
    struct espota_catalog_question q;
    struct voice v = door();

    fresh();
    v.no_srv = v.no_txt = v.no_address = true;
    hear(1000, &v);
    ck_assert(!espota_catalog_question(catalog, 1099, &q));
    ck_assert_uint_eq(espota_catalog_deadline(catalog, 1050), 1100);
    ck_assert(espota_catalog_question(catalog, 1100, &q));
    ck_assert(q.srv && q.txt && !q.address && !q.service);
    ck_assert_uint_eq(q.link, 2);
    ck_assert(!espota_catalog_question(catalog, 1100, &q));

    v.no_srv = v.no_txt = false;
    hear(1200, &v);
    ck_assert(!espota_catalog_question(catalog, 1499, &q)); /* not so soon again */
    ck_assert(espota_catalog_question(catalog, 1500, &q));
    ck_assert(!q.srv && !q.txt && q.address);
    for (uint64_t now = 1500; now < 20000; now += 100)
        while (espota_catalog_question(catalog, now, &q))
            ;
    ck_assert(!espota_catalog_question(catalog, 30000, &q)); /* and not for ever */
    v.no_address = false;
    hear(30000, &v);
    expect(30000, ESPOTA_DEVICE_ADD, "door");
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_a_life_is_renewed_in_time)
{
    struct espota_catalog_question q;
    struct voice v = door();

    fresh();
    hear(0, &v);
    expect(0, ESPOTA_DEVICE_ADD, "door");
    ck_assert(!espota_catalog_question(catalog, 95999, &q));
    ck_assert_uint_eq(espota_catalog_deadline(catalog, 1), 96000);
    ck_assert(espota_catalog_question(catalog, 96000, &q));
    ck_assert(q.service && q.srv && q.address);
    ck_assert(espota_catalog_question(catalog, 108000, &q));
    ck_assert(espota_catalog_question(catalog, 114000, &q));
    ck_assert(!espota_catalog_question(catalog, 119000, &q));
    hear(119500, &v);
    expect_nothing(121000);
    ck_assert(!espota_catalog_question(catalog, 121000, &q));
    ck_assert_uint_eq(espota_catalog_deadline(catalog, 121000), 119500 + 96000);
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_legacy_lives_are_not_believed)
{
    struct espota_mdns_origin legacy = {.link = 2, .own_port = true};
    struct voice v = door();

    fresh();
    v.ptr_ttl = v.ttl = 10;
    hear_on(1000, &v, &legacy);
    expect(1000, ESPOTA_DEVICE_ADD, "door");
    expect_nothing(1000 + 119999);
    expect(1000 + 120000, ESPOTA_DEVICE_REMOVE, "door");

    v = door(); /* and do not shorten a full one */
    v.ttl = 4500;
    hear(200000, &v);
    expect(200000, ESPOTA_DEVICE_ADD, "door");
    v.ptr_ttl = v.ttl = 10;
    hear_on(201000, &v, &legacy);
    expect_nothing(600000);
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_daemons_word)
{
    struct espota_catalog_service s = {.link = 5,
                                       .service = ESPOTA_SERVICE_ARDUINO,
                                       .instance = "my.door",
                                       .host = "door.local",
                                       .port = 8266,
                                       .txt = (const uint8_t *)TXT,
                                       .txt_length = strlen(TXT),
                                       .address = {.family = 4, .bytes = {10, 0, 0, 7}}};

    fresh();
    espota_catalog_resolved(catalog, 1000, &s);
    expect(1000, ESPOTA_DEVICE_ADD, "my.door");
    ck_assert_uint_eq(espota_catalog_deadline(catalog, 1000), UINT64_MAX);
    expect_nothing(UINT64_C(1) << 50);

    espota_catalog_lost(catalog, 5000, 6, ESPOTA_SERVICE_ARDUINO, "my.door"); /* another link */
    expect_nothing(5000);
    espota_catalog_lost(catalog, 5000, 5, ESPOTA_SERVICE_ARDUINO, "my.door");
    expect(5000, ESPOTA_DEVICE_REMOVE, "my.door");

    espota_catalog_resolved(catalog, 6000, &s);
    expect(6000, ESPOTA_DEVICE_ADD, "my.door");
    espota_catalog_lost_all(catalog, 16000); /* the daemon went; it has until then to come back */
    espota_catalog_resolved(catalog, 9000, &s);
    expect_nothing(20000);
    espota_catalog_lost_all(catalog, 30000);
    espota_catalog_lost_all(catalog, 31000); /* it does not come back: nothing is put off by that */
    ck_assert_uint_eq(espota_catalog_deadline(catalog, 20000), 30000);
    expect(30000, ESPOTA_DEVICE_REMOVE, "my.door");
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_esphome_is_another_service)
{
    struct voice v = door();

    fresh();
    hear(1000, &v);
    v.service = ESPOTA_SERVICE_ESPHOME;
    v.port = 6053;
    hear(1000, &v);
    ck_assert_ptr_nonnull(event_at(1000));
    const struct espota_catalog_event *event = event_at(1000);
    ck_assert_ptr_nonnull(event);
    ck_assert_int_eq(event->device.kind, ESPOTA_KIND_ESPHOME);
    ck_assert_uint_eq(event->device.port, 0); /* what it announces is another port */
    espota_catalog_destroy(catalog);
}
END_TEST

static void hear_from(uint64_t now, const char *name, const uint8_t address[4],
                      const uint8_t source[4])
{
    struct espota_mdns_origin link = {.link = 2, .from = {.family = 4}};
    struct voice v = door();
    char host[48];

    v.name = name;
    v.host = host;
    snprintf(host, sizeof(host), "%s.local", name);
    memcpy(v.address, address, 4);
    memcpy(link.from.bytes, source, 4);
    hear_on(now, &v, &link);
}

/* Whether the device is on the list after all that has been heard. */
static bool is_listed(uint64_t now, const char *name)
{
    const struct espota_catalog_event *event;
    bool there = false;

    while ((event = event_at(now)) != NULL)
        if (strcmp(event->device.name, name) == 0)
            there = event->event != ESPOTA_DEVICE_REMOVE;
    return there;
}

/* One sender has its share; what cannot be resolved is forgotten. */
START_TEST(test_a_flood_is_bounded)
{
    static const uint8_t flooder[4] = {10, 0, 0, 66}, window[4] = {10, 0, 0, 8};
    struct voice v = door(), real = door();
    struct espota_address crowder;
    char name[32];

    fresh();
    v.name = name;
    v.no_srv = v.no_txt = v.no_address = true;
    for (unsigned i = 0; i < ESPOTA_CATALOG_OF_ONE + 100; i++) {
        snprintf(name, sizeof(name), "flood-%u", i);
        hear(1000, &v);
    }
    ck_assert_uint_eq(espota_catalog_size(catalog), ESPOTA_CATALOG_OF_ONE);
    crowder = espota_catalog_crowder(catalog);
    ck_assert_uint_eq(crowder.bytes[3], 7);
    ck_assert(!espota_catalog_is_full(catalog));
    espota_catalog_tick(catalog, 1000 + 30000);
    ck_assert_uint_eq(espota_catalog_size(catalog), 0);
    expect_nothing(32000);

    hear(40000, &real); /* whole announcements hide neither what was there nor what comes */
    for (unsigned i = 0; i < ESPOTA_CATALOG_SIGHTINGS + 100; i++) {
        snprintf(name, sizeof(name), "flood-%u", i);
        hear_from(40001, name, (uint8_t[]){10, 0, (uint8_t)(1 + i / 256), (uint8_t)i}, flooder);
    }
    hear_from(40002, "window", window, window);
    ck_assert_uint_eq(espota_catalog_size(catalog), ESPOTA_CATALOG_OF_ONE + 2);
    ck_assert(is_listed(40002, "window"));
    espota_catalog_destroy(catalog);

    fresh(); /* the room of one who has gone is free again */
    for (unsigned round = 0; round < 4; round++) {
        for (unsigned i = 0; i < ESPOTA_CATALOG_OF_ONE; i++) {
            snprintf(name, sizeof(name), "flood-%u", i);
            hear(1000 + round * 40000, &v);
        }
        espota_catalog_tick(catalog, 1000 + round * 40000 + 30000);
    }
    ck_assert_uint_eq(espota_catalog_crowder(catalog).family, 0);
    espota_catalog_destroy(catalog);
}
END_TEST

/* Forged senders: each speaks for itself, and there is no room for all. */
START_TEST(test_a_flood_from_everywhere)
{
    static const uint8_t here[4] = {10, 0, 0, 7}, window[4] = {10, 0, 0, 8};
    char name[32];

    fresh();
    hear_from(1000, "door", here, here);
    for (unsigned i = 0; i < ESPOTA_CATALOG_SIGHTINGS + 1000; i++) {
        const uint8_t sender[4] = {10, 0, 1, (uint8_t)(i % 200)};

        snprintf(name, sizeof(name), "flood-%u", i);
        hear_from(1001, name, sender, sender);
    }
    ck_assert_uint_eq(espota_catalog_size(catalog), ESPOTA_CATALOG_SIGHTINGS);
    ck_assert(espota_catalog_is_full(catalog));
    ck_assert_uint_eq(espota_catalog_crowder(catalog).family, 0);
    hear_from(1002, "window", window, window);
    for (unsigned i = 0; i < 1000; i++) {
        const uint8_t sender[4] = {10, 0, 1, (uint8_t)(i % 200)};

        snprintf(name, sizeof(name), "more-%u", i);
        hear_from(1003, name, sender, sender);
    }
    ck_assert(is_listed(1003, "window"));
    hear_from(1004, "door", here, here); /* had it gone, it would be new now */
    expect_nothing(1004);
    espota_catalog_destroy(catalog);
}
END_TEST

/* What nobody has confirmed goes first, the oldest of it before the rest. */
START_TEST(test_the_oldest_unconfirmed_go_first)
{
    static const uint8_t here[4] = {10, 0, 0, 7}, other[4] = {10, 0, 0, 9};
    char name[32];

    fresh();
    hear_from(1000, "door", here, here);
    hear_from(1001, "oldest", other, here);
    hear_from(1002, "older", other, here);
    for (unsigned i = 3; i < ESPOTA_CATALOG_OF_ONE; i++) {
        snprintf(name, sizeof(name), "young-%u", i);
        hear_from(1003, name, other, here);
    }
    hear_from(1004, "oldest", other, here); /* heard of again */
    while (event_at(1004) != NULL)
        ;
    hear_from(1005, "one more", other, here);
    expect(1005, ESPOTA_DEVICE_REMOVE, "older");
    expect(1005, ESPOTA_DEVICE_ADD, "one more");
    expect_nothing(1005);
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_no_port_is_no_service)
{
    struct voice v = door();
    struct espota_catalog_service s = {.link = 5,
                                       .service = ESPOTA_SERVICE_ARDUINO,
                                       .instance = "window",
                                       .host = "window.local",
                                       .address = {.family = 4, .bytes = {10, 0, 0, 7}}};

    fresh();
    v.port = 0;
    hear(1000, &v);
    espota_catalog_resolved(catalog, 1000, &s);
    expect_nothing(5000);
    v.port = 8266;
    hear(6000, &v);
    expect(6000, ESPOTA_DEVICE_ADD, "door");
    v.port = 0; /* it says that it has ended */
    hear(7000, &v);
    expect(8000, ESPOTA_DEVICE_REMOVE, "door");
    espota_catalog_destroy(catalog);
}
END_TEST

START_TEST(test_a_long_txt_is_not_kept)
{
    struct voice v = door();
    static char txt[ESPOTA_CATALOG_TXT + 10];
    const struct espota_catalog_event *event;

    for (size_t i = 0; i + 1 < sizeof(txt); i++)
        txt[i] = 1;
    fresh();
    v.txt = txt;
    v.no_txt = true; /* it would not fit the small packet here: the data path alone */
    hear(1000, &v);
    struct espota_catalog_service s = {.link = 2,
                                       .instance = "door",
                                       .host = "door.local",
                                       .port = 1,
                                       .txt = (const uint8_t *)txt,
                                       .txt_length = sizeof(txt) - 1,
                                       .address = {.family = 4, .bytes = {10, 0, 0, 7}}};
    espota_catalog_resolved(catalog, 1000, &s);
    event = event_at(1000 + ESPOTA_CATALOG_SETTLE_MS);
    ck_assert_ptr_nonnull(event);
    ck_assert_ptr_null(event->txt);
    espota_catalog_destroy(catalog);
}
END_TEST

UNIT_MAIN("mdns/catalog", test_a_device_comes_and_goes, test_a_change_is_told_once,
          test_goodbye_has_a_second, test_one_device_on_several_links,
          test_ipv4_is_waited_for_and_preferred, test_an_address_for_all_before_one_of_the_link,
          test_an_address_that_moves, test_two_boards_of_one_name, test_wrong_addresses,
          test_missing_parts_are_asked_for, test_a_life_is_renewed_in_time,
          test_legacy_lives_are_not_believed, test_daemons_word, test_esphome_is_another_service,
          test_a_flood_is_bounded, test_a_flood_from_everywhere,
          test_the_oldest_unconfirmed_go_first, test_no_port_is_no_service,
          test_a_long_txt_is_not_kept)
