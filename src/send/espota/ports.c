/* SPDX-License-Identifier: MIT */
/*
 * One UDP socket and one listening port for a thousand devices: what comes in is dealt out by the
 * address that it comes from, and what nobody awaits is closed with a reset, so that a device's
 * late call-back never gets the image of another attempt.
 */
#include "send/espota/ports.h"

#include <errno.h>
#include <stdlib.h>

#include "send/send.h"

enum {
    DATAGRAM_ROOM = 1024,  /* what devices send has at most some 150 bytes */
    DATAGRAMS_A_TURN = 16, /* then the streams have their turn: an answer may cost milliseconds */
};

/* Everything about one address. It stays, so that a late caller is known. */
struct peer {
    struct espota_caller *invited; /* datagrams from here may be for this one */
    struct espota_caller *awaited; /* a connection from here is for this one */
    uint64_t last_datagram;
    uint32_t generation; /* the newest port that it was told; 0: none */
    uint32_t owed;       /* call-backs that may still come */
};

struct family {
    struct espota_ports *ports;
    int udp;
    struct espota_watch watch;
    struct espota_listeners listeners;
};

struct espota_ports {
    struct espota_ports_config config;
    struct family families[2]; /* IPv4, IPv6 */
    struct espota_address_map peers;
    struct espota_address stranger; /* family 0: none came */
    uint64_t stranger_at;
};

static struct family *family_of(struct espota_ports *ports, const struct espota_address *address)
{
    return &ports->families[address->family == 6];
}

static struct peer *find_peer(const struct espota_ports *ports,
                              const struct espota_address *address)
{
    return espota_address_map_find(&ports->peers, address);
}

/* One call-back fewer can come from this address. */
static void pay(struct espota_ports *ports, struct peer *peer, const struct espota_address *from)
{
    if (peer->owed == 0 || --peer->owed > 0 || peer->awaited != NULL)
        return;
    if (ports->config.options->host_port != 0 && ports->config.settled != NULL)
        ports->config.settled(ports->config.context, from);
}

/* What a listener asks about each connection: taken, or why not. */
static const char *take_connection(void *context, struct espota_listener *listener, int fd,
                                   const struct espota_address *from)
{
    struct espota_ports *ports = context;
    struct peer *peer = find_peer(ports, from);
    struct espota_caller *caller = peer == NULL ? NULL : peer->awaited;

    if (peer == NULL) {
        ports->stranger = *from;
        ports->stranger_at = espota_loop_now(ports->config.loop);
        return "no device was invited from there";
    }
    if (caller == NULL || caller->listener != listener) {
        bool late = caller != NULL || peer->owed > 0;

        pay(ports, peer, from);
        return late ? "it answers an earlier invitation" : "none is awaited from there now";
    }
    if (!caller->connection(caller->context, fd, from))
        return "none is awaited from there now";
    if (peer->owed > 0)
        peer->owed--;
    if (peer->awaited == caller) {
        peer->awaited = NULL;
        espota_listeners_release(caller->listener);
        caller->listener = NULL;
    }
    return NULL;
}

static void hear_unreachable(struct family *family)
{
    struct espota_address target, teller;
    enum espota_unreachable why;

    while (espota_udp_unreachable(family->udp, &target, &teller, &why)) {
        struct peer *peer = find_peer(family->ports, &target);
        struct espota_caller *caller = peer == NULL ? NULL : peer->invited;

        if (caller != NULL && caller->device.port == target.port && caller->unreachable != NULL)
            caller->unreachable(caller->context, why, &teller);
    }
}

static void hear_datagrams(struct family *family)
{
    uint8_t data[DATAGRAM_ROOM];

    for (int i = 0; i < DATAGRAMS_A_TURN; i++) {
        struct espota_address from;
        struct peer *peer;
        size_t length;
        int os_error;

        if (espota_socket_receive_from(family->udp, data, sizeof(data), &length, &from,
                                       &os_error) != ESPOTA_OK)
            return;
        peer = find_peer(family->ports, &from);
        if (peer != NULL && peer->invited != NULL && peer->invited->device.port == from.port)
            peer->invited->datagram(peer->invited->context, data, length);
    }
}

static void udp_ready(void *context, unsigned events)
{
    struct family *family = context;

    (void)events; /* some systems tell of an error by what a receive comes to */
    hear_datagrams(family);
    hear_unreachable(family);
}

enum espota_status espota_ports_create(const struct espota_ports_config *config,
                                       struct espota_ports **out, struct espota_error *err)
{
    struct espota_ports *ports = calloc(1, sizeof(*ports));

    *out = ports;
    if (ports == NULL)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for sockets");
    ports->config = *config;
    for (int i = 0; i < 2; i++) {
        ports->families[i].ports = ports;
        ports->families[i].udp = -1;
        ports->families[i].listeners = (struct espota_listeners){.loop = config->loop,
                                                                 .log = &config->options->log,
                                                                 .take = take_connection,
                                                                 .context = ports};
    }
    return ESPOTA_OK;
}

void espota_ports_destroy(struct espota_ports *ports)
{
    if (ports == NULL)
        return;
    for (int i = 0; i < 2; i++) {
        struct family *family = &ports->families[i];

        espota_listeners_deinit(&family->listeners);
        espota_loop_unwatch(ports->config.loop, &family->watch);
        espota_socket_close(&family->udp);
    }
    espota_address_map_deinit(&ports->peers);
    free(ports);
}

enum espota_status espota_ports_local(const struct espota_ports *ports, uint8_t kind,
                                      struct espota_address *local, struct espota_error *err)
{
    char text[ESPOTA_ADDRESS_TEXT];

    *local = ports->config.host_ip;
    local->port = 0;
    if (local->family == 0)
        local->family = kind;
    if (local->family != kind)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "the host address %s is IPv%d and the device's is IPv%d: they "
                                "cannot reach each other",
                                espota_address_format(local, false, text), local->family, kind);
    return ESPOTA_OK;
}

static enum espota_status open_udp(struct family *family, const struct espota_address *local,
                                   struct espota_error *err)
{
    struct espota_loop *loop = family->ports->config.loop;
    enum espota_status status = espota_udp_open(local, &family->udp, err);

    if (status != ESPOTA_OK)
        return status;
    espota_udp_want_unreachable(family->udp);
    family->watch = (struct espota_watch){
        .fd = family->udp, .events = ESPOTA_READABLE, .ready = udp_ready, .context = family};
    status = espota_loop_watch(loop, &family->watch, err);
    if (status != ESPOTA_OK)
        espota_socket_close(&family->udp);
    return status;
}

enum espota_status espota_ports_open(struct espota_ports *ports,
                                     const struct espota_address *address, struct espota_error *err)
{
    struct family *family = family_of(ports, address);
    struct espota_address local;
    enum espota_status status = espota_ports_local(ports, address->family, &local, err);

    if (status == ESPOTA_OK && family->udp < 0)
        status = open_udp(family, &local, err);
    local.port = ports->config.options->host_port;
    if (status == ESPOTA_OK)
        status = espota_listeners_open(&family->listeners, &local, err);
    return status;
}

/* A listener whose port this address was never told; with a fixed port, the one there is. */
static enum espota_status await(struct espota_ports *ports, struct espota_caller *caller,
                                struct peer *peer, uint16_t *port, struct espota_error *err)
{
    struct espota_listeners *listeners = &family_of(ports, &caller->from)->listeners;
    uint32_t beyond = ports->config.options->host_port != 0 ? 0 : peer->generation;
    enum espota_status status;

    if (peer->awaited != NULL)
        return espota_error_set(err, ESPOTA_E_FAILED, "a call-back from there is awaited already");
    status = espota_listeners_take(listeners, beyond, &caller->listener, err);
    if (status != ESPOTA_OK)
        return status;
    peer->generation = caller->listener->generation;
    peer->awaited = caller;
    *port = caller->listener->port;
    return ESPOTA_OK;
}

enum espota_status espota_ports_join(struct espota_ports *ports, struct espota_caller *caller,
                                     uint16_t *port, struct espota_error *err)
{
    enum espota_status status = espota_ports_open(ports, &caller->device, err);
    bool awaits = caller->from.family != 0;
    struct peer *device, *from = NULL;

    *port = 0;
    if (status == ESPOTA_OK && awaits)
        status = espota_ports_open(ports, &caller->from, err);
    if (status != ESPOTA_OK)
        return status;
    device = espota_address_map_make(&ports->peers, &caller->device, sizeof(*device));
    if (awaits)
        from = espota_address_map_make(&ports->peers, &caller->from, sizeof(*from));
    if (device == NULL || (awaits && from == NULL))
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for another device");
    if (device->invited != NULL)
        return espota_error_set(err, ESPOTA_E_FAILED, "that address is in use by another attempt");
    if (awaits)
        status = await(ports, caller, from, port, err);
    if (status != ESPOTA_OK)
        return status;
    device->invited = caller;
    return ESPOTA_OK;
}

void espota_ports_leave(struct espota_ports *ports, struct espota_caller *caller)
{
    struct peer *peer = find_peer(ports, &caller->device);

    if (peer != NULL && peer->invited == caller)
        peer->invited = NULL;
    peer = find_peer(ports, &caller->from);
    if (peer != NULL && peer->awaited == caller)
        peer->awaited = NULL;
    if (caller->listener != NULL)
        espota_listeners_release(caller->listener);
    caller->listener = NULL;
}

/* What says that this datagram cannot leave, rather than that it was lost like any other. */
static bool is_final(int os_error)
{
    return os_error == EPERM || os_error == EACCES || os_error == ENETUNREACH ||
           os_error == EADDRNOTAVAIL || os_error == EINVAL || os_error == EAFNOSUPPORT;
}

enum espota_status espota_ports_send(struct espota_ports *ports, struct espota_caller *caller,
                                     const void *data, size_t length, bool invites, int *os_error)
{
    struct family *family = family_of(ports, &caller->device);
    struct peer *peer = find_peer(ports, &caller->from);

    *os_error = 0;
    /* a first failure may be the news of an earlier datagram, of another device even */
    for (int i = 0; i < 2; i++) {
        enum espota_status status =
            espota_socket_send_to(family->udp, data, length, &caller->device, os_error);

        if (status != ESPOTA_E_BROKEN) {
            if (status == ESPOTA_OK && peer != NULL) {
                peer->last_datagram = espota_loop_now(ports->config.loop);
                peer->owed += invites;
            }
            return ESPOTA_OK;
        }
    }
    return is_final(*os_error) ? ESPOTA_E_LOCAL : ESPOTA_OK;
}

void espota_ports_settle(struct espota_ports *ports, const struct espota_address *from)
{
    struct peer *peer = find_peer(ports, from);

    if (peer != NULL)
        peer->owed = 0;
}

uint64_t espota_ports_free_at(const struct espota_ports *ports, const struct espota_address *from)
{
    const struct peer *peer = find_peer(ports, from);

    if (ports->config.options->host_port == 0 || peer == NULL || peer->owed == 0)
        return 0;
    return peer->last_datagram + ports->config.options->timeout_ms;
}

void espota_ports_stranger(const struct espota_ports *ports, uint64_t since,
                           struct espota_address *out)
{
    *out = ports->stranger_at >= since ? ports->stranger : (struct espota_address){.family = 0};
}
