/* SPDX-License-Identifier: MIT */
/*
 * The links that there are, the one that leads to somebody, and UDP to everybody on one: sockets
 * that say where a datagram came in and choose where it leaves.
 */
#ifndef ESPOTA_SYS_MULTICAST_H
#define ESPOTA_SYS_MULTICAST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "sys/net.h"

enum { ESPOTA_INTERFACE_ADDRESSES = 32 };

struct espota_interface {
    uint32_t index;
    char name[32];
    bool loopback;
    bool multicast; /* can do it; the loopback can */
    size_t count;   /* of addresses; more than fit are left out */
    struct {
        struct espota_address address;
        uint8_t prefix; /* bits of its subnet */
    } addresses[ESPOTA_INTERFACE_ADDRESSES];
};

/* The interfaces that are up. *out is to be freed; it may be NULL if *count is 0. */
enum espota_status espota_interfaces(struct espota_interface **out, size_t *count,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
/* Whether it can do multicast by that family (4 or 6). */
bool espota_interface_speaks(const struct espota_interface *interface, uint8_t family);
/* Whether the address is on one of its subnets; its own addresses are. */
bool espota_interface_reaches(const struct espota_interface *interface,
                              const struct espota_address *address);
/* Whether the address is one of its own. */
bool espota_interface_has(const struct espota_interface *interface,
                          const struct espota_address *address);
/* Whether the address stands for all of one of its IPv4 subnets: the first or the last of it. */
bool espota_interface_means_all(const struct espota_interface *interface,
                                const struct espota_address *address);

/*
 * The way to `peer`: the local address (where *local has family 0, the one that the kernel would
 * take; else it stays), the name of its interface, and whether `peer` is on that subnet. E_LOCAL
 * if no interface has the address.
 */
enum espota_status espota_route_to(const struct espota_address *peer, struct espota_address *local,
                                   char interface_name[32], bool *same_subnet,
                                   struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * A socket of that family on `port` (0: any) of every address. `share`: other programs that
 * share may have the same port. A datagram that it sends to a group leaves with a hop limit of
 * 255 and comes back to listeners on this machine, too.
 */
enum espota_status espota_multicast_open(uint8_t family, uint16_t port, bool share, int *fd,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
/* Becomes a member of the group on one interface; false if it cannot. Being one already is fine. */
bool espota_multicast_join(int fd, const struct espota_address *group, uint32_t interface);
/* Asks for so many bytes of room for what waits to be read; returns what it got. */
size_t espota_socket_receive_room(int fd, size_t bytes);

/* As espota_socket_send_to, on that interface. */
enum espota_status espota_multicast_send(int fd, const void *data, size_t length,
                                         const struct espota_address *to, uint32_t interface,
                                         int *os_error) ESPOTA_MUST_CHECK;
/* As espota_socket_receive_from; where the datagram came in, 0 if not known. */
enum espota_status espota_multicast_receive(int fd, void *data, size_t room, size_t *done,
                                            struct espota_address *from, uint32_t *interface,
                                            int *os_error) ESPOTA_MUST_CHECK;

#endif
