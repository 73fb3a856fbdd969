/* SPDX-License-Identifier: MIT */
/*
 * The door of `mdns`: the DNS codec, a socket on the link, a discovery under way, and names that
 * end in .local.
 */
#ifndef ESPOTA_MDNS_MDNS_H
#define ESPOTA_MDNS_MDNS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/discover.h"
#include "espota/error.h"
#include "espota/status.h"
#include "sys/sys.h"
#include "wire/wire.h"

/*
 * DNS messages as multicast DNS uses them (RFC 1035, 6762, 6763): a reader
 * for hostile packets and a writer. A packet is looked through as a whole
 * before the first record is handed out, so nothing of a malformed one is ever
 * believed. Names are wire labels, never terminated strings; comparison
 * ignores the case of ASCII letters.
 */

enum {
    ESPOTA_DNS_HEADER = 12,
    ESPOTA_DNS_NAME = 255,       /* the longest name on the wire, its final zero included */
    ESPOTA_DNS_NAME_TEXT = 1024, /* room for any text that name_format writes: 4 a byte */
    ESPOTA_DNS_PACKET = 9000,    /* the longest message of multicast DNS */
    ESPOTA_MDNS_PORT = 5353,

    ESPOTA_DNS_RESPONSE = 0x8000, /* flags of the header */
    ESPOTA_DNS_AUTHORITATIVE = 0x0400,
    ESPOTA_DNS_OPCODE = 0x7800,
    ESPOTA_DNS_TRUNCATED = 0x0200,
    ESPOTA_DNS_RCODE = 0x000f,

    ESPOTA_DNS_IN = 1,
    ESPOTA_DNS_CLASS_ANY = 255,
};

enum espota_dns_type {
    ESPOTA_DNS_A = 1,
    ESPOTA_DNS_PTR = 12,
    ESPOTA_DNS_TXT = 16,
    ESPOTA_DNS_AAAA = 28,
    ESPOTA_DNS_SRV = 33,
    ESPOTA_DNS_ANY = 255,
};

enum espota_dns_section {
    ESPOTA_DNS_QUESTION,
    ESPOTA_DNS_ANSWER,
    ESPOTA_DNS_AUTHORITY,
    ESPOTA_DNS_ADDITIONAL,
    ESPOTA_DNS_SECTIONS
};

/* Uncompressed labels: length byte and bytes, the last length 0. `length` counts all; 0: no name.
 */
struct espota_dns_name {
    uint8_t length;
    uint8_t bytes[ESPOTA_DNS_NAME];
};

/*
 * From a dotted text ("_arduino._tcp.local", a dot at the end allowed); false if a
 * label is empty or longer than 63 bytes, or the whole too long.
 */
bool espota_dns_name_set(struct espota_dns_name *name, const char *dotted) ESPOTA_MUST_CHECK;
/* One label, whatever bytes it has, in front of `parent`; false as above. */
bool espota_dns_name_under(struct espota_dns_name *name, const void *label, size_t length,
                           const struct espota_dns_name *parent) ESPOTA_MUST_CHECK;
bool espota_dns_name_equal(const struct espota_dns_name *a, const struct espota_dns_name *b);
/* Whether `name` is exactly one label under `parent`. */
bool espota_dns_name_is_under(const struct espota_dns_name *name,
                              const struct espota_dns_name *parent);
/* A hash that equal names share, for tables. */
uint32_t espota_dns_name_hash(const struct espota_dns_name *name);
/* Dotted, without the final dot; a dot or backslash in a label as \. and \\, what is not
 * printable as \DDD. UTF-8 stays. Returns out. */
const char *espota_dns_name_format(const struct espota_dns_name *name,
                                   char out[ESPOTA_DNS_NAME_TEXT]);

/* A question or a record. What is borrowed points into the packet. */
struct espota_dns_record {
    enum espota_dns_section section;
    struct espota_dns_name name;
    uint16_t type;  /* enum espota_dns_type, or any other number */
    uint16_t class; /* without its top bit */
    bool top; /* that bit: an answer by unicast is wanted (question), flush the cache (record) */
    uint32_t ttl;        /* seconds; 0: goodbye */
    const uint8_t *data; /* NULL in a question */
    uint16_t length;
    struct espota_dns_name target; /* PTR and SRV */
    uint16_t port;                 /* SRV */
};

struct espota_dns_reader {
    const uint8_t *packet;
    size_t size;
    uint16_t id;
    uint16_t flags;
    uint16_t left[ESPOTA_DNS_SECTIONS];
    struct espota_reader at;
};

/*
 * Looks through the whole packet. BAD if it is cut short, its counts lie, a
 * name loops, points forward or is longer than 255 bytes, or the data of a
 * record does not fit its type (A 4 bytes, AAAA 16, PTR a name, SRV 6 and a
 * name, TXT whole strings, in class IN). Types that are not listed above pass
 * unread. Bytes behind the last record are ignored.
 */
enum espota_status espota_dns_open(struct espota_dns_reader *reader, const void *packet,
                                   size_t size) ESPOTA_MUST_CHECK;
/* After OK: the next question or record; false at the end. */
bool espota_dns_next(struct espota_dns_reader *reader, struct espota_dns_record *record);
/* Back to the first one. */
void espota_dns_rewind(struct espota_dns_reader *reader);

/* The strings of TXT data, borrowed, in their order; false at the end. Start with a reader over
 * the data. Empty strings are passed over (RFC 6763 6.1). */
bool espota_dns_txt_next(struct espota_reader *txt, const uint8_t **text, size_t *length);
/* True if the string is `key=…` (the key in any case); its value is borrowed. */
bool espota_dns_txt_value(const uint8_t *text, size_t length, const char *key,
                          const uint8_t **value, size_t *value_length);

enum { ESPOTA_DNS_SEEN = 32 };

/*
 * Builds a message. Sections in their order; each add says whether it fitted, and
 * one that did not leaves the message as it was. Names are compressed where an
 * earlier record's name ends alike.
 */
struct espota_dns_writer {
    struct espota_writer out;
    uint16_t counts[ESPOTA_DNS_SECTIONS];
    uint16_t seen[ESPOTA_DNS_SEEN]; /* where names begin that may be pointed to */
    size_t seen_count;
};

/* `room` >= 12. */
void espota_dns_begin(struct espota_dns_writer *writer, void *packet, size_t room, uint16_t id,
                      uint16_t flags);
/* Of class IN. Data are bytes, but those of PTR and SRV, which are `target` and `port`. */
bool espota_dns_add(struct espota_dns_writer *writer,
                    const struct espota_dns_record *record) ESPOTA_MUST_CHECK;
/* A question. */
bool espota_dns_ask(struct espota_dns_writer *writer, const struct espota_dns_name *name,
                    enum espota_dns_type type, bool unicast) ESPOTA_MUST_CHECK;
/* Puts the counts in place; the message's length. */
size_t espota_dns_finish(struct espota_dns_writer *writer);

/*
 * The sockets of multicast DNS on the loop: on every interface that is up and
 * can do multicast, IPv4 and IPv6. Port 5353 is shared with whoever shares it;
 * where somebody does not, that pair of sockets is missing. Beside them a pair
 * on ports of their own, to which answers come by unicast.
 *
 * What comes in has been looked through by the DNS reader, and its sender is
 * on the link (RFC 6762 11): everything else is dropped here.
 */

struct espota_mdns;

/* Where something was heard, valid during the call. */
struct espota_mdns_origin {
    const struct espota_interface *interfaces; /* this machine's; NULL: not known */
    size_t interface_count;
    const struct espota_interface *interface; /* of them that one; NULL: not known */
    uint32_t link; /* its index, the scope of link-local addresses, too; 0, or none: not known */
    bool loopback; /* it is this machine's own loopback */
    struct espota_address from; /* who said it; family 0: not known (a daemon does not tell) */
    bool own_port; /* it came to a port of our own: an answer by unicast, with short TTLs */
};

/*
 * Whether a device may have this address. Anybody on a link can announce anything there. No device
 * has this machine's own, unless this machine says so or nobody knows who did; none has an address
 * that a subnet means as a whole. An address behind a router can only be a private one: there are
 * repeaters of announcements between the networks of a house, and nobody's device is somewhere in
 * the internet.
 */
bool espota_mdns_is_credible(const struct espota_mdns_origin *origin,
                             const struct espota_address *address);
/* The address in a record of type A or AAAA; false if no device may have it. */
bool espota_mdns_address(const struct espota_mdns_origin *origin,
                         const struct espota_dns_record *record, struct espota_address *address);

struct espota_mdns_hooks {
    void *context;
    void (*packet)(void *context, const struct espota_mdns_origin *origin,
                   struct espota_dns_reader *packet);
    void (*rested)(void *context); /* after one or more packets; may be NULL */
};

/* E_LOCAL if no socket at all could be opened. The hooks are copied. */
enum espota_status espota_mdns_create(struct espota_loop *loop,
                                      const struct espota_mdns_hooks *hooks,
                                      struct espota_mdns **out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_mdns_destroy(struct espota_mdns *mdns);

/* Looks which interfaces there are now; true if one has appeared or got an address. */
bool espota_mdns_refresh(struct espota_mdns *mdns);
const struct espota_interface *espota_mdns_interfaces(const struct espota_mdns *mdns,
                                                      size_t *count);
/* Whether port 5353 could be shared, by IPv4. */
bool espota_mdns_shares_port(const struct espota_mdns *mdns);

/*
 * To the group on one interface (index), or on all (0), by each family that `families` names
 * (4, 6, or 0: both) from port 5353 or from the ports of our own. How many datagrams left; with
 * none, *os_error says why (0: there was no way to try; os_error may be NULL).
 */
size_t espota_mdns_send(struct espota_mdns *mdns, uint32_t interface, uint8_t family, bool own_port,
                        const void *data, size_t length, int *os_error);
/* By unicast to where something came from, by the socket it came to. */
void espota_mdns_reply(struct espota_mdns *mdns, const struct espota_mdns_origin *origin,
                       const void *data, size_t length);

/*
 * One discovery under way on somebody's loop, whatever the way. Additions, changes and removals of
 * devices are told, each once; what is announced on several links, by IPv4 and IPv6, is one device.
 */

struct espota_discovery;

enum espota_service { ESPOTA_SERVICE_ARDUINO, ESPOTA_SERVICE_ESPHOME, ESPOTA_SERVICE_COUNT };

/* Where an ESPHome device of this platform, as it announces it, takes updates: the announced port
 * is that of its API. 0: not known. */
uint16_t espota_platform_port(const char *platform);

struct espota_catalog_event {
    enum espota_device_event event;
    enum espota_service service;
    struct espota_device device;
    const uint8_t *txt; /* borrowed until the next event; NULL with REMOVE */
    size_t txt_length;
};

/* Must not destroy the discovery. */
typedef void espota_discovery_event(void *context, const struct espota_catalog_event *event);

/* Of the options `event`, `name` and the time are another's matter; they are copied. */
enum espota_status espota_discovery_start(struct espota_loop *loop,
                                          const struct espota_discover_options *options,
                                          espota_discovery_event *event, void *context,
                                          struct espota_discovery **out,
                                          struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_discovery_destroy(struct espota_discovery *discovery);

/*
 * Names that end in ".local", asked for on the link itself: what the system's
 * resolver does only where nss-mdns is set up. All are asked for at once.
 */

struct espota_local_name {
    const char *name;              /* "door.local", a dot at the end allowed */
    struct espota_address address; /* the answer; family 0: none came */
};

/* Whether it ends in ".local", in any case. */
bool espota_local_name_is(const char *name);

/*
 * Asks at 0, 0.25 and 1 s, and ends as soon as all have answered, after `timeout_ms` at the
 * latest, or when *stop becomes true (NULL: never). An IPv4 address is preferred; an IPv6 one
 * waits a moment for it. That nobody answers is no error. Turns the loop.
 */
enum espota_status espota_local_names_resolve(struct espota_loop *loop,
                                              struct espota_local_name *names, size_t count,
                                              uint32_t timeout_ms, const atomic_bool *stop,
                                              struct espota_error *err) ESPOTA_MUST_CHECK;

/* Avahi's idea of a main loop, over ours. */

struct AvahiPoll;
struct espota_avahi_poll;

/* NULL without memory. */
struct espota_avahi_poll *espota_avahi_poll_create(struct espota_loop *loop);
/* Before a client is freed, if not in a callback of its own and not to destroy this at once. */
void espota_avahi_poll_rest(struct espota_avahi_poll *poll);
/* After everything of Avahi that used it has been freed. */
void espota_avahi_poll_destroy(struct espota_avahi_poll *poll);
const struct AvahiPoll *espota_avahi_poll_get(struct espota_avahi_poll *poll);

#endif
