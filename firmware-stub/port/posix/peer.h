/* SPDX-License-Identifier: MIT */
/* The core's form of a host's address: this port's address without its family. */
#ifndef ESPOTA_POSIX_PEER_H
#define ESPOTA_POSIX_PEER_H

#include "core/core.h"
#include "sys/sys.h"

struct espota_peer stub_peer(const struct espota_address *address);
/* `family` is that of the socket the peer was met on. */
struct espota_address stub_peer_address(const struct espota_peer *peer, uint8_t family);

#endif
