/* SPDX-License-Identifier: MIT */
/*
 * What a device says of itself over multicast DNS, as messages: pure, questions
 * in and answers out. One service of type _arduino._tcp, or _esphomelib._tcp, and its host.
 */
#ifndef ESPOTA_POSIX_RESPONDER_H
#define ESPOTA_POSIX_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mdns/mdns.h"
#include "sys/sys.h"

enum {
    STUB_ANSWER_MAX = 1400, /* one frame; the longest names do not need more */
    STUB_TXT_ROOM = 160,
};

/* A device, as the network knows it. */
struct stub_service {
    char name[64];                   /* the hostname, without ".local" */
    struct espota_address address;   /* where it listens: one address, or all of a family */
    uint16_t port;                   /* that is announced */
    const char *kind;                /* "_arduino._tcp" */
    struct espota_dns_name type;     /* _arduino._tcp.local */
    struct espota_dns_name instance; /* NAME._arduino._tcp.local */
    struct espota_dns_name host;     /* NAME.local */
    uint8_t txt[STUB_TXT_ROOM];
    uint16_t txt_length;
};

/*
 * Its TXT strings stand as on the wire of a real ESP8266: auth_upload, board, ssh_upload,
 * tcp_check. False if the name is empty or longer than 63 bytes.
 */
bool stub_service_init(struct stub_service *service, const char *name,
                       const struct espota_address *address, bool auth) ESPOTA_MUST_CHECK;
/*
 * The same of an ESPHome device, which announces its API and not where it takes updates: that is
 * told by the platform. `key`: it has one for encryption.
 */
bool stub_service_init_esphome(struct stub_service *service, const char *name,
                               const struct espota_address *address, const char *platform,
                               bool key) ESPOTA_MUST_CHECK;

/* The addresses by which the device can be reached on an interface; how many. */
size_t stub_service_addresses(const struct stub_service *service,
                              const struct espota_interface *interface,
                              struct espota_address out[ESPOTA_INTERFACE_ADDRESSES]);

/* Where a question came in. */
struct stub_question_origin {
    bool legacy; /* not from port 5353: a plain resolver, which gets a plain answer */
    const struct espota_address *addresses; /* of the device on that link */
    size_t address_count;
};

/*
 * The answer to a packet of questions; 0: there is nothing to say, or the asker knows it already.
 * *unicast: it goes to the asker alone (all of its questions want that, or it is a plain
 * resolver), else to the group.
 */
size_t stub_responder_answer(const struct stub_service *service,
                             const struct stub_question_origin *origin,
                             struct espota_dns_reader *query, uint8_t out[STUB_ANSWER_MAX],
                             bool *unicast);

/* Everything, unasked: that the device is there, or with `goodbye` that it goes. */
size_t stub_responder_announce(const struct stub_service *service,
                               const struct espota_address *addresses, size_t address_count,
                               bool goodbye, uint8_t out[STUB_ANSWER_MAX]);

#endif
