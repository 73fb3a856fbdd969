/* SPDX-License-Identifier: MIT */
#include "port/posix/peer.h"

#include <string.h>

#include "wire/wire.h"

struct espota_peer stub_peer(const struct espota_address *address)
{
    struct espota_peer peer = {.port = address->port};
    struct espota_writer writer;

    espota_writer_init(&writer, peer.address, sizeof(peer.address));
    espota_write_bytes(&writer, address->bytes, address->family == 4 ? 4 : 16);
    espota_write_u32le(&writer, address->scope);
    return peer;
}

struct espota_address stub_peer_address(const struct espota_peer *peer, uint8_t family)
{
    struct espota_address address = {.family = family, .port = peer->port};
    size_t length = family == 4 ? 4 : 16;
    struct espota_reader reader;

    espota_reader_init(&reader, peer->address, sizeof(peer->address));
    memcpy(address.bytes, espota_read_bytes(&reader, length), length);
    address.scope = espota_read_u32le(&reader);
    return address;
}
