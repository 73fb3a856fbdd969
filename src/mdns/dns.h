/* SPDX-License-Identifier: MIT */
/*
 * DNS messages as multicast DNS uses them (RFC 1035, 6762, 6763): a reader
 * for hostile packets and a writer. A packet is looked through as a whole
 * before the first record is handed out, so nothing of a malformed one is ever
 * believed. Names are wire labels, never terminated strings; comparison
 * ignores the case of ASCII letters.
 */
#ifndef ESPOTA_MDNS_DNS_H
#define ESPOTA_MDNS_DNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"
#include "wire/cursor.h"

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
/* True if `name` is exactly one label under `parent`; the label is borrowed from `name`. */
bool espota_dns_name_is_under(const struct espota_dns_name *name,
                              const struct espota_dns_name *parent, const uint8_t **label,
                              size_t *length);
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
bool espota_dns_ask(struct espota_dns_writer *writer, const struct espota_dns_name *name,
                    enum espota_dns_type type, bool unicast) ESPOTA_MUST_CHECK;
/* A record whose data are bytes: TXT, A, AAAA. `section` is not the question's. */
bool espota_dns_add_data(struct espota_dns_writer *writer, enum espota_dns_section section,
                         const struct espota_dns_name *name, enum espota_dns_type type, bool flush,
                         uint32_t ttl, const void *data, uint16_t length) ESPOTA_MUST_CHECK;
bool espota_dns_add_ptr(struct espota_dns_writer *writer, enum espota_dns_section section,
                        const struct espota_dns_name *name, uint32_t ttl,
                        const struct espota_dns_name *target) ESPOTA_MUST_CHECK;
bool espota_dns_add_srv(struct espota_dns_writer *writer, enum espota_dns_section section,
                        const struct espota_dns_name *name, bool flush, uint32_t ttl, uint16_t port,
                        const struct espota_dns_name *target) ESPOTA_MUST_CHECK;
/* Puts the counts in place; the message's length. */
size_t espota_dns_finish(struct espota_dns_writer *writer);

#endif
