/* SPDX-License-Identifier: MIT */
/*
 * One entry group a device, host and service in it, so that a collision is settled for both. What
 * Avahi cannot be asked for (it has no answer, or the list of interfaces is not to be had) is left
 * to the caller, who answers questions without it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lazy/avahi.h"
#include "mdns/mdns.h"
#include "port/posix/announce.h"

struct group {
    struct stub_daemon *daemon;
    const struct stub_service *service;
    char name[AVAHI_LABEL_MAX]; /* another one after a collision */
    AvahiEntryGroup *group;
};

struct stub_daemon {
    struct espota_avahi_poll *poll;
    AvahiClient *client;
    struct espota_interface *interfaces;
    size_t interface_count;
    bool registered;
    size_t count;
    struct group groups[];
};

static void publish(struct group *g);

/* Somebody on the link has the name already: take another, as a real device does. */
static void rename_group(struct group *g)
{
    char *other = avahi_alternative_service_name(g->name);

    if (other == NULL)
        return;
    snprintf(g->name, sizeof(g->name), "%s", other);
    avahi_free(other);
    avahi_entry_group_reset(g->group);
    publish(g);
}

static void group_changed(AvahiEntryGroup *group, AvahiEntryGroupState state, void *userdata)
{
    (void)group;
    if (state == AVAHI_ENTRY_GROUP_COLLISION)
        rename_group(userdata);
}

static int add_address(struct group *g, AvahiIfIndex interface, const char *host,
                       const struct espota_address *from)
{
    AvahiAddress address;

    memset(&address, 0, sizeof(address));
    if (from->family == 4) {
        address.proto = AVAHI_PROTO_INET;
        memcpy(&address.data.ipv4.address, from->bytes, 4);
    } else {
        address.proto = AVAHI_PROTO_INET6;
        memcpy(address.data.ipv6.address, from->bytes, 16);
    }
    return avahi_entry_group_add_address(g->group, interface, AVAHI_PROTO_UNSPEC,
                                         AVAHI_PUBLISH_NO_REVERSE, host, &address);
}

static AvahiStringList *strings_of(const struct stub_service *service)
{
    AvahiStringList *list = NULL;
    struct espota_reader txt;
    const uint8_t *text;
    size_t length;

    espota_reader_init(&txt, service->txt, service->txt_length);
    while (espota_dns_txt_next(&txt, &text, &length))
        list = avahi_string_list_add_arbitrary(list, text, length); /* in front of the others */
    return list; /* Avahi writes its lists from their ends: the order is right on the wire */
}

/*
 * Adds where the host can be reached. *where becomes the interface if it is on one only, else all:
 * were the service registered for several one by one, Avahi would say goodbye on the last of them
 * alone. False if it is nowhere.
 */
static bool add_host(struct group *g, const char *host, AvahiIfIndex *where, int *error)
{
    const struct stub_daemon *daemon = g->daemon;
    struct espota_address addresses[ESPOTA_INTERFACE_ADDRESSES];
    bool found = false;

    for (size_t i = 0; i < daemon->interface_count; i++) {
        AvahiIfIndex interface = (AvahiIfIndex)daemon->interfaces[i].index;
        size_t count = stub_service_addresses(g->service, &daemon->interfaces[i], addresses);

        if (count > 0)
            *where = found ? AVAHI_IF_UNSPEC : interface;
        found |= count > 0;
        for (size_t k = 0; k < count && *error == 0; k++)
            *error = add_address(g, interface, host, &addresses[k]);
    }
    return found;
}

static void publish(struct group *g)
{
    AvahiStringList *strings;
    AvahiIfIndex where;
    char host[AVAHI_LABEL_MAX + 8];
    int error = 0;

    snprintf(host, sizeof(host), "%s.local", g->name);
    if (!add_host(g, host, &where, &error))
        return;
    strings = strings_of(g->service);
    if (error == 0)
        error = avahi_entry_group_add_service_strlst(
            g->group, where, AVAHI_PROTO_UNSPEC, (AvahiPublishFlags)0, g->name, g->service->kind,
            "local", host, g->service->port, strings);
    avahi_string_list_free(strings);
    if (error == 0)
        error = avahi_entry_group_commit(g->group);
    if (error == AVAHI_ERR_COLLISION)
        rename_group(g);
}

static void register_all(struct stub_daemon *daemon, AvahiClient *client)
{
    if (daemon->registered)
        return;
    daemon->registered = true;
    for (size_t i = 0; i < daemon->count; i++) {
        struct group *g = &daemon->groups[i];

        g->group = avahi_entry_group_new(client, group_changed, g);
        if (g->group != NULL)
            publish(g);
    }
}

static void client_changed(AvahiClient *client, AvahiClientState state, void *userdata)
{
    if (state == AVAHI_CLIENT_S_RUNNING)
        register_all(userdata, client);
}

struct stub_daemon *stub_daemon_create(struct espota_loop *loop,
                                       const struct stub_service *services, size_t count)
{
    struct stub_daemon *daemon;
    int error;

    if (espota_lazy_avahi(NULL) != ESPOTA_OK)
        return NULL;
    daemon = calloc(1, sizeof(*daemon) + count * sizeof(daemon->groups[0]));
    if (daemon == NULL)
        return NULL;
    daemon->count = count;
    for (size_t i = 0; i < count; i++) {
        daemon->groups[i].daemon = daemon;
        daemon->groups[i].service = &services[i];
        snprintf(daemon->groups[i].name, sizeof(daemon->groups[i].name), "%s", services[i].name);
    }
    if (espota_interfaces(&daemon->interfaces, &daemon->interface_count, NULL) == ESPOTA_OK)
        daemon->poll = espota_avahi_poll_create(loop);
    if (daemon->poll != NULL)
        daemon->client = avahi_client_new(espota_avahi_poll_get(daemon->poll), (AvahiClientFlags)0,
                                          client_changed, daemon, &error);
    if (daemon->client != NULL)
        return daemon;
    stub_daemon_destroy(daemon);
    return NULL;
}

void stub_daemon_destroy(struct stub_daemon *daemon)
{
    if (daemon == NULL)
        return;
    if (daemon->client != NULL)
        avahi_client_free(daemon->client); /* its groups go with it, and say goodbye */
    espota_avahi_poll_destroy(daemon->poll);
    free(daemon->interfaces);
    free(daemon);
}
