/* SPDX-License-Identifier: MIT */
/*
 * One packet a device and interface, since each device has addresses of its own. Avahi gets only as
 * many devices as it takes from one client; a larger fleet speaks for itself.
 */
#include "port/posix/announce.h"

#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "mdns/mdns.h"

enum {
    DAEMON_MAX = 32,          /* devices that are left to Avahi; it has bounds for a client */
    ANNOUNCE_AGAIN_MS = 1000, /* RFC 6762 8.3: twice, a second apart */
    LOOK_AGAIN_MS = 5000,     /* for interfaces that come up */
};

struct stub_announce {
    struct espota_loop *loop;
    struct espota_mdns *mdns; /* NULL: the daemon does it */
    struct stub_daemon *daemon;
    struct espota_timer timer;
    unsigned announced;
    size_t count;
    struct stub_service services[];
};

static void announce_on(struct stub_announce *a, const struct espota_interface *interface,
                        bool goodbye)
{
    struct espota_address addresses[ESPOTA_INTERFACE_ADDRESSES];
    uint8_t packet[STUB_ANSWER_MAX];

    for (size_t i = 0; i < a->count; i++) {
        size_t count = stub_service_addresses(&a->services[i], interface, addresses);
        size_t length;

        if (count == 0)
            continue;
        length = stub_responder_announce(&a->services[i], addresses, count, goodbye, packet);
        (void)espota_mdns_send(a->mdns, interface->index, 0, false, packet, length, NULL);
    }
}

static void announce_all(struct stub_announce *a, bool goodbye)
{
    size_t count;
    const struct espota_interface *list = espota_mdns_interfaces(a->mdns, &count);

    for (size_t i = 0; i < count; i++)
        announce_on(a, &list[i], goodbye);
}

static void expired(void *context)
{
    struct stub_announce *a = context;

    if (espota_mdns_refresh(a->mdns))
        a->announced = 0;
    if (a->announced < 2) {
        announce_all(a, false);
        a->announced++;
    }
    /* without memory it announces no more; it goes on answering */
    if (espota_loop_arm(a->loop, &a->timer,
                        espota_loop_now(a->loop) +
                            (a->announced < 2 ? ANNOUNCE_AGAIN_MS : LOOK_AGAIN_MS)) != ESPOTA_OK)
        espota_loop_disarm(a->loop, &a->timer);
}

static void packet(void *context, const struct espota_mdns_origin *origin,
                   struct espota_dns_reader *query)
{
    struct stub_announce *a = context;
    struct espota_address addresses[ESPOTA_INTERFACE_ADDRESSES];
    struct stub_question_origin from = {.legacy = origin->from.port != ESPOTA_MDNS_PORT,
                                        .addresses = addresses};
    uint8_t answer[STUB_ANSWER_MAX];

    if (origin->own_port)
        return; /* questions come to port 5353 */
    for (size_t i = 0; i < a->count; i++) {
        bool unicast;
        size_t length;

        from.address_count = stub_service_addresses(&a->services[i], origin->interface, addresses);
        if (from.address_count == 0)
            continue;
        length = stub_responder_answer(&a->services[i], &from, query, answer, &unicast);
        if (length > 0 && unicast)
            espota_mdns_reply(a->mdns, origin, answer, length);
        else if (length > 0)
            (void)espota_mdns_send(a->mdns, origin->interface->index, origin->from.family, false,
                                   answer, length, NULL);
    }
}

static enum espota_status answer_ourselves(struct stub_announce *a, struct espota_error *err)
{
    const struct espota_mdns_hooks hooks = {a, packet, NULL};
    enum espota_status status = espota_mdns_create(a->loop, &hooks, &a->mdns, err);

    if (status != ESPOTA_OK)
        return status;
    if (!espota_mdns_shares_port(a->mdns))
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "--mdns: another program holds UDP port 5353 for itself");
    a->timer.expired = expired;
    a->timer.context = a;
    status = espota_loop_arm(a->loop, &a->timer, espota_loop_now(a->loop));
    if (status != ESPOTA_OK)
        return espota_error_set(err, status, "no memory to announce the devices");
    return ESPOTA_OK;
}

enum espota_status stub_announce_create(struct espota_loop *loop, const struct stub_node *nodes,
                                        size_t count, struct stub_announce **out,
                                        struct espota_error *err)
{
    struct stub_announce *a = calloc(1, sizeof(*a) + count * sizeof(a->services[0]));
    enum espota_status status = ESPOTA_OK;

    *out = NULL;
    if (a == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to announce the devices");
    a->loop = loop;
    a->count = count;
    for (size_t i = 0; i < count && status == ESPOTA_OK; i++) {
        const struct stub_who *who = &nodes[i].who;

        if (!(who->options->esphome
                  ? stub_service_init_esphome(&a->services[i], who->hostname, &who->address,
                                              who->options->deflate ? "ESP32" : "ESP8266",
                                              nodes[i].settings->key != NULL)
                  : stub_service_init(&a->services[i], who->hostname, &who->address,
                                      nodes[i].settings->password_hash != NULL)))
            status = espota_error_set(err, ESPOTA_E_USAGE,
                                      "'%s' cannot be announced: a name has 1 to 63 bytes",
                                      who->hostname);
    }
    if (status == ESPOTA_OK && count <= DAEMON_MAX)
        a->daemon = stub_daemon_create(loop, a->services, count);
    if (status == ESPOTA_OK && a->daemon == NULL)
        status = answer_ourselves(a, err);
    if (status != ESPOTA_OK) {
        stub_announce_destroy(a);
        return status;
    }
    out_detail("announced by %s", a->daemon != NULL ? "the Avahi daemon" : "this process itself");
    *out = a;
    return ESPOTA_OK;
}

void stub_announce_destroy(struct stub_announce *announce)
{
    if (announce == NULL)
        return;
    if (announce->mdns != NULL && announce->timer.slot != 0)
        announce_all(announce, true);
    espota_loop_disarm(announce->loop, &announce->timer);
    espota_mdns_destroy(announce->mdns);
    stub_daemon_destroy(announce->daemon);
    free(announce);
}
