/* SPDX-License-Identifier: MIT */
/*
 * Port 5353 may be another's (a daemon's) and is shared where it can be; beside it stands a socket
 * with a port of its own, to which answers come even then. What comes in by either is believed no
 * further than what this machine knows of its links bears out.
 */
#include "mdns/mdns.h"

#include <stdlib.h>
#include <string.h>

enum {
    /* a thousand devices may answer at once; the kernel counts about 1,300 bytes for each */
    RECEIVE_ROOM = 4 << 20,
    BATCH = 128, /* packets read before others of the loop get their turn */
};

static const struct espota_address group4 = {
    .family = 4, .bytes = {224, 0, 0, 251}, .port = ESPOTA_MDNS_PORT};
static const struct espota_address group6 = {
    .family = 6,
    .bytes = {0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb},
    .port = ESPOTA_MDNS_PORT};

struct mdns_socket {
    struct espota_mdns *mdns;
    struct espota_watch watch; /* fd -1: not open */
    uint8_t family;
    bool own_port;
};

enum { SOCKETS = 4 };

struct espota_mdns {
    struct espota_loop *loop;
    struct espota_mdns_hooks hooks;
    struct espota_interface *interfaces;
    size_t interface_count;
    struct mdns_socket sockets[SOCKETS];
    uint8_t packet[ESPOTA_DNS_PACKET];
};

static const struct espota_interface *interface_of(const struct espota_mdns *mdns, uint32_t index)
{
    for (size_t i = 0; i < mdns->interface_count; i++)
        if (mdns->interfaces[i].index == index)
            return &mdns->interfaces[i];
    return NULL;
}

static bool is_on_link(const struct espota_interface *interface,
                       const struct espota_address *address)
{
    /* on the loopback everything is from this machine, by whichever of its addresses */
    return interface->multicast && (interface->loopback || espota_address_is_link_local(address) ||
                                    espota_interface_reaches(interface, address));
}

static bool is_own(const struct espota_mdns_origin *origin, const struct espota_address *address)
{
    for (size_t i = 0; i < origin->interface_count; i++)
        if (espota_interface_has(&origin->interfaces[i], address))
            return true;
    return false;
}

static bool is_private(const struct espota_address *address)
{
    const uint8_t *b = address->bytes;

    if (address->family == 6)
        return (b[0] & 0xfe) == 0xfc;
    return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168) ||
           (b[0] == 100 && (b[1] & 0xc0) == 64); /* a provider's, RFC 6598 */
}

bool espota_mdns_is_credible(const struct espota_mdns_origin *origin,
                             const struct espota_address *address)
{
    bool known = false, near = false;

    if (!espota_address_is_of_host(address, origin->loopback))
        return false;
    if (origin->loopback || origin->interfaces == NULL)
        return true; /* all of this machine; or nothing is known that speaks against it */
    if (origin->from.family != 0 && is_own(origin, address) && !is_own(origin, &origin->from))
        return false;
    for (size_t i = 0; i < origin->interface_count; i++)
        known |= origin->interfaces[i].index == origin->link;
    for (size_t i = 0; i < origin->interface_count; i++) {
        const struct espota_interface *interface = &origin->interfaces[i];

        if (known && interface->index != origin->link)
            continue;
        if (espota_interface_means_all(interface, address))
            return false;
        near |= espota_interface_reaches(interface, address);
    }
    return near || espota_address_is_link_local(address) || is_private(address) ||
           is_own(origin, address);
}

bool espota_mdns_address(const struct espota_mdns_origin *origin,
                         const struct espota_dns_record *record, struct espota_address *address)
{
    *address = (struct espota_address){.family = record->type == ESPOTA_DNS_A ? 4 : 6};
    memcpy(address->bytes, record->data, record->length); /* 4 or 16: the reader has checked */
    espota_address_set_scope(address, origin->link);
    return espota_mdns_is_credible(origin, address);
}

static void take(struct mdns_socket *s, size_t size, const struct espota_address *from,
                 uint32_t index)
{
    struct espota_mdns *mdns = s->mdns;
    const struct espota_interface *interface = interface_of(mdns, index);
    struct espota_mdns_origin origin = {.interfaces = mdns->interfaces,
                                        .interface_count = mdns->interface_count,
                                        .interface = interface,
                                        .link = index,
                                        .from = *from,
                                        .own_port = s->own_port};
    struct espota_dns_reader reader;

    if (interface == NULL || !is_on_link(interface, from) ||
        espota_dns_open(&reader, mdns->packet, size) != ESPOTA_OK)
        return;
    origin.loopback = interface->loopback;
    mdns->hooks.packet(mdns->hooks.context, &origin, &reader);
}

static void ready(void *context, unsigned events)
{
    struct mdns_socket *s = context;
    struct espota_mdns *mdns = s->mdns;
    bool any = false;

    (void)events;
    for (int i = 0; i < BATCH; i++) {
        struct espota_address from;
        uint32_t interface;
        size_t size;
        int os_error;

        /* E_BROKEN is an error that an earlier datagram caused; it is gone once it is told */
        if (espota_multicast_receive(s->watch.fd, mdns->packet, sizeof(mdns->packet), &size, &from,
                                     &interface, &os_error) != ESPOTA_OK)
            break;
        any = true;
        take(s, size, &from, interface);
    }
    if (any && mdns->hooks.rested != NULL)
        mdns->hooks.rested(mdns->hooks.context);
}

static enum espota_status open_one(struct espota_mdns *mdns, struct mdns_socket *s,
                                   struct espota_error *err)
{
    enum espota_status status = espota_multicast_open(s->family, s->own_port ? 0 : ESPOTA_MDNS_PORT,
                                                      !s->own_port, &s->watch.fd, err);

    if (status != ESPOTA_OK)
        return status;
    espota_socket_receive_room(s->watch.fd, RECEIVE_ROOM);
    s->watch = (struct espota_watch){
        .fd = s->watch.fd, .events = ESPOTA_READABLE, .ready = ready, .context = s};
    status = espota_loop_watch(mdns->loop, &s->watch, err);
    if (status != ESPOTA_OK)
        espota_socket_close(&s->watch.fd);
    return status;
}

static void join_all(struct espota_mdns *mdns)
{
    for (int k = 0; k < SOCKETS; k++) {
        const struct mdns_socket *s = &mdns->sockets[k];

        for (size_t i = 0; s->watch.fd >= 0 && !s->own_port && i < mdns->interface_count; i++)
            if (espota_interface_speaks(&mdns->interfaces[i], s->family))
                (void)espota_multicast_join(s->watch.fd, s->family == 4 ? &group4 : &group6,
                                            mdns->interfaces[i].index);
    }
}

enum espota_status espota_mdns_create(struct espota_loop *loop,
                                      const struct espota_mdns_hooks *hooks,
                                      struct espota_mdns **out, struct espota_error *err)
{
    struct espota_mdns *mdns = calloc(1, sizeof(*mdns));
    enum espota_status status = ESPOTA_OK;
    bool any = false;

    *out = NULL;
    if (mdns == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for multicast DNS");
    mdns->loop = loop;
    mdns->hooks = *hooks;
    for (int i = 0; i < SOCKETS; i++) {
        struct mdns_socket *s = &mdns->sockets[i];
        enum espota_status opened;

        s->mdns = mdns;
        s->watch.fd = -1;
        s->family = i % 2 == 0 ? 4 : 6;
        s->own_port = i >= 2;
        opened = open_one(mdns, s, err);
        any |= opened == ESPOTA_OK;
        if (opened != ESPOTA_OK)
            status = opened;
    }
    if (!any) {
        espota_mdns_destroy(mdns);
        return espota_error_prefix(err, "multicast DNS"), status;
    }
    (void)espota_mdns_refresh(mdns);
    *out = mdns;
    return ESPOTA_OK;
}

void espota_mdns_destroy(struct espota_mdns *mdns)
{
    if (mdns == NULL)
        return;
    for (int i = 0; i < SOCKETS; i++) {
        espota_loop_unwatch(mdns->loop, &mdns->sockets[i].watch);
        espota_socket_close(&mdns->sockets[i].watch.fd);
    }
    free(mdns->interfaces);
    free(mdns);
}

static bool is_new(const struct espota_mdns *mdns, const struct espota_interface *now)
{
    const struct espota_interface *before = interface_of(mdns, now->index);

    if (before == NULL || before->count != now->count)
        return true;
    for (size_t i = 0; i < now->count; i++)
        if (!espota_address_equal(&before->addresses[i].address, &now->addresses[i].address))
            return true;
    return false;
}

bool espota_mdns_refresh(struct espota_mdns *mdns)
{
    struct espota_interface *list;
    size_t count;
    bool changed = false;

    if (espota_interfaces(&list, &count, NULL) != ESPOTA_OK)
        return false; /* the ones that are known stay */
    for (size_t i = 0; i < count; i++)
        changed |= is_new(mdns, &list[i]);
    free(mdns->interfaces);
    mdns->interfaces = list;
    mdns->interface_count = count;
    if (changed)
        join_all(mdns);
    return changed;
}

const struct espota_interface *espota_mdns_interfaces(const struct espota_mdns *mdns, size_t *count)
{
    *count = mdns->interface_count;
    return mdns->interfaces;
}

static struct mdns_socket *socket_of(struct espota_mdns *mdns, uint8_t family, bool own_port)
{
    return &mdns->sockets[(own_port ? 2 : 0) + (family == 4 ? 0 : 1)];
}

bool espota_mdns_shares_port(const struct espota_mdns *mdns)
{
    return mdns->sockets[0].watch.fd >= 0;
}

static size_t send_by(struct mdns_socket *s, uint32_t interface, const void *data, size_t length,
                      int *os_error)
{
    const struct espota_mdns *mdns = s->mdns;
    size_t sent = 0;

    for (size_t i = 0; s->watch.fd >= 0 && i < mdns->interface_count; i++) {
        const struct espota_interface *there = &mdns->interfaces[i];
        int failure = 0;

        if ((interface != 0 && there->index != interface) ||
            !espota_interface_speaks(there, s->family))
            continue;
        if (espota_multicast_send(s->watch.fd, data, length, s->family == 4 ? &group4 : &group6,
                                  there->index, &failure) == ESPOTA_OK)
            sent++;
        else
            *os_error = failure;
    }
    return sent;
}

size_t espota_mdns_send(struct espota_mdns *mdns, uint32_t interface, uint8_t family, bool own_port,
                        const void *data, size_t length, int *os_error)
{
    size_t sent = 0;
    int error = 0;

    if (family != 6)
        sent += send_by(socket_of(mdns, 4, own_port), interface, data, length, &error);
    if (family != 4)
        sent += send_by(socket_of(mdns, 6, own_port), interface, data, length, &error);
    if (os_error != NULL)
        *os_error = error;
    return sent;
}

void espota_mdns_reply(struct espota_mdns *mdns, const struct espota_mdns_origin *origin,
                       const void *data, size_t length)
{
    const struct mdns_socket *s = socket_of(mdns, origin->from.family, origin->own_port);
    int os_error;

    if (s->watch.fd >= 0) /* where it is lost: whoever wants to know asks again */
        (void)!espota_multicast_send(s->watch.fd, data, length, &origin->from, origin->link,
                                     &os_error);
}
