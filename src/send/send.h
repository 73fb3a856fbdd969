/* SPDX-License-Identifier: MIT */
/*
 * The door of `send`: one device, one attempt, whatever the road. What is sent is read and checked
 * once (a source); an attempt is begun by a target and a source, tells filled events, and ends in
 * one outcome, of which the words are made here.
 */
#ifndef ESPOTA_SEND_SEND_H
#define ESPOTA_SEND_SEND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/log.h"
#include "espota/upload.h"
#include "http/http.h"
#include "image/image.h"
#include "sys/sys.h"
#include "wire/wire.h"

/* --- the roads into a device --- */

enum espota_road {
    ESPOTA_ROAD_CALLBACK, /* invited, and it calls back */
    ESPOTA_ROAD_WEB,
    ESPOTA_ROAD_ESPHOME,
    ESPOTA_ROAD_MESHTASTIC,
    ESPOTA_ROAD_WAIT, /* after one of them: for the device to come back */
};

/*
 * Which road a target, as people write it, names; `rest` is what that road calls the device: a URL
 * for WEB, else HOST[:PORT].
 */
enum espota_road espota_road_of(const char *target, const char **rest);
/* Where every device of the road listens; 0: it depends. */
uint16_t espota_road_port(enum espota_road road);

/*
 * --- what is sent ---
 *
 * Each image is read once into private memory, checked and hashed there, and shared by all targets
 * that get it. What happens to the file afterwards changes nothing.
 */

/* How an image may travel; which one, devices that know more than one say. */
enum espota_packing {
    ESPOTA_PACKING_NONE,
    ESPOTA_PACKING_GZIP,    /* kept as it comes, and unpacked at the next start */
    ESPOTA_PACKING_DEFLATE, /* unpacked as it comes, through a window of 4 KiB */
    ESPOTA_PACKINGS,
};

struct espota_packed {
    void *bytes; /* NULL: nobody has asked for it */
    uint32_t length;
    char md5[ESPOTA_MD5_HEX + 1]; /* of these bytes */
    bool weighed, fits;           /* whether it may be sent so; known once it is weighed */
};

struct espota_sources;

struct espota_source {
    const struct espota_sources *of;
    struct espota_source *older; /* the next one in the list of all */
    struct espota_image_input from;
    char *name; /* the source's own, as the user named it */
    bool filesystem;
    enum espota_road road; /* that it is checked for */
    struct espota_image_file sent;
    uint32_t length;       /* of its bytes */
    enum espota_chip chip; /* UNKNOWN: the image does not tell */
    bool gzip;             /* a device unpacks it */
    /* An ESP8266's program with a flash mode that a device does not restore for its MD5. */
    bool odd_flash_mode;
    char md5[ESPOTA_MD5_HEX + 1]; /* of those bytes, or of what they decrypt to */
    struct espota_error error;    /* status not OK: it cannot be sent, and why; no bytes then */
    struct espota_packed *packed; /* by packing; see espota_source_pack */
};

/* Fill in the first part; all of it is borrowed until deinit. */
struct espota_sources {
    const struct espota_upload_options *options; /* how they are checked, and packed */
    const struct espota_crypto *crypto;
    const struct espota_key *publickey; /* who must have signed what is sent; NULL: nobody */

    struct espota_source *newest;
};

void espota_sources_deinit(struct espota_sources *sources);

/*
 * The source of an image, read on the first call for it; memory must stay until deinit. An image
 * that cannot be sent is a source with an error, which all of its targets share. Only E_MEMORY
 * fails. It stays until deinit.
 */
enum espota_status espota_sources_get(struct espota_sources *sources,
                                      const struct espota_image_input *from, bool filesystem,
                                      enum espota_road road, const struct espota_source **out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/* Whether a device that unpacks in this way may get it so. */
bool espota_source_packs(const struct espota_source *source, enum espota_packing packing);
/* Packed, once for all who ask; *out is borrowed until deinit. */
enum espota_status espota_source_pack(const struct espota_source *source,
                                      enum espota_packing packing, const struct espota_packed **out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

/* What stands behind an http:// or https:// target. */
enum espota_web_kind {
    ESPOTA_WEB_AUTO, /* ask, and see what answers */
    ESPOTA_WEB_ARDUINO,
    ESPOTA_WEB_ESPHOME,
    ESPOTA_WEB_ELEGANTOTA,
    ESPOTA_WEB_TASMOTA,
    ESPOTA_WEB_WLED,
    ESPOTA_WEB_OPENBEKEN,
    ESPOTA_WEB_ESPEASY,
};

/* What people call it; NULL for AUTO. */
const char *espota_web_kind_name(enum espota_web_kind kind);
/* The kind that people call so; NULL is AUTO. E_USAGE: none is called so. */
enum espota_status espota_web_kind_find(const char *name, enum espota_web_kind *out,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Whether `with` is `image` with a signature of the ESP8266's kind behind it (PROTOCOL 5.4):
 * the same bytes, then a signature, then its length.
 */
bool espota_source_is_signed(const uint8_t *image, size_t length, const uint8_t *with,
                             size_t with_length);

/* --- the sockets that all attempts share (see espota/ports.h) --- */

struct espota_ports;

struct espota_ports_config {
    struct espota_loop *loop;
    const struct espota_upload_options *options; /* host_port 0: any free one, new ones as needed */
    struct espota_address host_ip;               /* family 0: any; sockets are bound to it */
    void *context;
    /* With a fixed port: the address owes no call-back any more. */
    void (*settled)(void *context, const struct espota_address *from);
};

enum espota_status espota_ports_create(const struct espota_ports_config *config,
                                       struct espota_ports **out,
                                       struct espota_error *err) ESPOTA_MUST_CHECK;
/* Every caller must have left. */
void espota_ports_destroy(struct espota_ports *ports);

/* Opens the sockets of an address's family, so that what is wrong with them is known early. */
enum espota_status espota_ports_open(struct espota_ports *ports,
                                     const struct espota_address *address,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

/* When an attempt whose connection comes from this address may begin; 0: at any time. */
uint64_t espota_ports_free_at(const struct espota_ports *ports, const struct espota_address *from);

/* --- what is known about an address (its port is not looked at), in constant time --- */

struct espota_address_slot;

/* Starts as zeros. */
struct espota_address_map {
    struct espota_address_slot *slots;
    size_t room; /* a power of two, or 0 */
    size_t count;
};

void espota_address_map_deinit(struct espota_address_map *map);

/* The address's record; NULL: it has none. */
void *espota_address_map_find(const struct espota_address_map *map,
                              const struct espota_address *address);
/* The same, or a new one of `size` zeros, which stays where it is; NULL without memory. */
void *espota_address_map_make(struct espota_address_map *map, const struct espota_address *address,
                              size_t size);

/*
 * --- what became of an attempt ---
 *
 * In facts; and what is made of them: the sentence for people, and whether another attempt could
 * help. Pure.
 */

enum { ESPOTA_OUTCOME_WORDS_MAX = 256 };

/* What a TCP connection to the port of a device came to that did not answer an invitation. */
enum espota_knock {
    ESPOTA_KNOCK_NONE, /* nobody tried */
    ESPOTA_KNOCK_SILENT,
    ESPOTA_KNOCK_REFUSED, /* the host is up */
    ESPOTA_KNOCK_OPEN,    /* something listens there by TCP */
};

struct espota_outcome {
    enum espota_status status;
    enum espota_road road;
    enum espota_command command;
    enum espota_upload_auth auth;
    struct espota_address device; /* invited */
    struct espota_address caller; /* connected from here; family 0: it did not */
    uint16_t host_port;           /* what the device was told */
    uint32_t timeout_ms;
    uint32_t total, sent, acked;
    bool odd_flash_mode; /* of the image: see its source */
    unsigned invitations;
    size_t challenge; /* digits of the newest one; 0: none came */
    bool had_password;
    bool empty_password; /* it had one of no length, which stands for none with espota.py */
    bool ended;          /* the device ended the stream */
    int os_error;        /* of the socket; 0: none */
    bool has_unreachable;
    enum espota_unreachable unreachable;
    bool silent_since; /* later invitations did not come back */
    struct espota_address teller;
    enum espota_knock knock;
    struct espota_address stranger; /* connected meanwhile, invited by nobody; family 0: none */
    bool named;                     /* the user did not write the device's address: it is news */
    enum espota_web_kind web;       /* what was found there; AUTO: nothing, so far */
    const char *advice;             /* of a web updater's kind, on what it said; NULL: none */
    uint32_t ways;                  /* of a remedy, beside it */
    bool sending;                   /* a web updater was sent the image, and not only asked */
    unsigned http;                  /* the status that a web updater answered; 0: it did not */
    char user[64];                  /* whose password it was, for a web updater */
    unsigned refusal;               /* ESPHOME: the device's error byte; 0: none */
    unsigned esphome;               /* ESPHOME: an espota_esphome_reason */
    unsigned phase;                 /* ESPHOME: an espota_esphome_phase */
    char reason[256];               /* of this machine or of the connection, in its own words */
    uint64_t waited_ms;             /* for the device to come back */
    size_t words_length;
    uint8_t
        words[ESPOTA_OUTCOME_WORDS_MAX]; /* the device's, raw; a web updater's without its tags */
};

/*
 * One or two sentences: what failed, on what, what to do. What the device said is escaped.
 * Terminated; cut where it does not fit. For E_NO_CALLBACK diagnose.h has more to say.
 */
void espota_outcome_text(const struct espota_outcome *outcome, char *out, size_t room,
                         struct espota_remedy *remedy);

/* What of the way between both would explain this outcome further; see the diagnosis below. */
enum espota_doubt {
    ESPOTA_DOUBT_NONE,
    ESPOTA_DOUBT_ROUTE,    /* to the device */
    ESPOTA_DOUBT_CALLBACK, /* back from it */
};
enum espota_doubt espota_outcome_doubt(const struct espota_outcome *outcome);

/*
 * Whether another attempt may go otherwise and can do no harm: never once the last byte has left,
 * never after a refusal that will be the same again.
 */
bool espota_outcome_again(const struct espota_outcome *outcome);

/* --- attempts: events come filled, one outcome comes at the end --- */

struct espota_attempt_event {
    enum espota_event_kind kind;   /* INVITED to PROGRESS */
    uint32_t acked, total;         /* bytes that the device's TCP has, and will have */
    struct espota_address address; /* INVITED, CONNECTED: the device's */
    const char *scheme;            /* AUTH: how the device wants its password */
    enum espota_web_kind web;      /* what was found there; AUTO: nothing, so far */
};

/* What an attempt tells the one who began it. None of these may destroy the attempt. */
struct espota_attempt_hooks {
    void *context;
    void (*event)(void *context, const struct espota_attempt_event *event);
    void (*asks)(void *context); /* it waits for a password */
    /* Nothing more comes. The outcome is borrowed until the attempt is destroyed. */
    void (*over)(void *context, const struct espota_outcome *outcome);
};

enum espota_purpose {
    ESPOTA_PURPOSE_SEND, /* by the target's road */
    ESPOTA_PURPOSE_WAIT, /* the device has said OK: does it come back with what it was sent? */
    /* One TCP connection to the port of a device that did not answer. The outcome is that of the
     * attempt before, and what the knock came to. */
    ESPOTA_PURPOSE_KNOCK,
};

/* All pointers are borrowed until destroy. */
struct espota_attempt_config {
    struct espota_loop *loop;
    struct espota_ports *ports;
    struct espota_http_client *client; /* for a web updater; else it may be NULL */
    const struct espota_crypto *crypto;
    const struct espota_source *source;
    const struct espota_upload_options *options; /* of the run */
    enum espota_road road;                       /* the target's */
    const struct espota_url *url;                /* WEB */
    enum espota_web_kind web;                    /* as the user said; AUTO: see what answers */
    enum espota_command command;
    struct espota_address device; /* to invite or to connect to, or that of the URL's host */
    struct espota_address from;   /* where its connection comes from */
    bool named;                   /* the user did not write the device's address: it is news */
    uint64_t since;               /* a stranger that connected after this may be the device */
    const char *user;             /* of a web updater; NULL: the device's usual one */
    const uint8_t *key;           /* ESPHOME: of ESPOTA_NOISE_KEY_SIZE bytes; NULL: none */
    const struct espota_noise_crypto *noise; /* ESPHOME */
    const char *password;                    /* NULL: none yet */
    size_t password_length;
    enum espota_purpose purpose;
    const struct espota_outcome *failed; /* KNOCK: of the attempt before; copied */
    struct espota_attempt_hooks hooks;
};

struct espota_attempt;

enum espota_status espota_attempt_begin(const struct espota_attempt_config *config,
                                        struct espota_attempt **out,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
/* Whether a knock could tell more of this outcome: is anything there at all? */
bool espota_attempt_knock_helps(const struct espota_outcome *outcome);

/* What `asks` asked for, terminated; NULL: there is none. Borrowed until destroy. */
void espota_attempt_password(struct espota_attempt *attempt, const char *password, size_t length);
/* Ends it now, as interrupted. Harmless if it is over. */
void espota_attempt_stop(struct espota_attempt *attempt);
/* Closes what is open; harmless to the device unless all went well. NULL is fine. */
void espota_attempt_destroy(struct espota_attempt *attempt);

/*
 * --- why a device did not call back ---
 *
 * The field's most frequent complaint. From what is known of addresses and of this machine's
 * firewall to sentences with the command that opens the port.
 */

enum espota_firewall_kind {
    /* in the order in which one is believed: the first two write rules for the next two */
    ESPOTA_FIREWALL_UFW,
    ESPOTA_FIREWALL_FIREWALLD,
    ESPOTA_FIREWALL_IPTABLES,
    ESPOTA_FIREWALL_NFT,
    ESPOTA_FIREWALL_WINDOWS, /* goes by programs and the kind of network, not by ports */
    ESPOTA_FIREWALL_MACOS,   /* goes by programs */
    ESPOTA_FIREWALL_COUNT
};

enum espota_firewall_state {
    ESPOTA_FIREWALL_ABSENT,     /* not installed, or it filters nothing that comes in */
    ESPOTA_FIREWALL_ACTIVE,     /* it may keep connections out */
    ESPOTA_FIREWALL_UNREADABLE, /* it is there, but only root may look, or it cannot be told */
    ESPOTA_FIREWALL_PASSES,     /* it is there, and a rule of it lets this program in */
};

enum { ESPOTA_FIREWALL_NAME_MAX = 64, ESPOTA_FIREWALL_PROGRAM_MAX = 512 };

struct espota_firewall {
    enum espota_firewall_state states[ESPOTA_FIREWALL_COUNT];
    /* NFT: the chain that filters what comes in */
    char nft_family[ESPOTA_FIREWALL_NAME_MAX];
    char nft_table[ESPOTA_FIREWALL_NAME_MAX];
    char nft_chain[ESPOTA_FIREWALL_NAME_MAX];
    enum espota_network_kind network; /* WINDOWS */
    /* WINDOWS, MACOS: */
    bool denied; /* ACTIVE because a rule says so, which goes before any that lets it in */
    char program[ESPOTA_FIREWALL_PROGRAM_MAX]; /* this one; "": not known */
    bool denies_all;                           /* MACOS: whatever is said of programs */
};

struct espota_diagnosis {
    struct espota_address device; /* invited */
    struct espota_address from;   /* where the call-back is awaited from */
    struct espota_address local;  /* what the device sees as the inviter; family 0: not known */
    char interface_name[32];      /* "": not known */
    bool same_subnet;
    uint16_t port;                          /* that the device was told */
    bool port_fixed;                        /* it is the same each time */
    bool local_fixed;                       /* it was asked for by name */
    uint32_t size;                          /* of an image that may be too large; 0: it is not */
    const struct espota_firewall *firewall; /* NULL: nobody looked */
};

/*
 * Asks the system about a call-back as described (all but `firewall`), which may take a second.
 * Nothing fails: what cannot be asked is unreadable.
 */
void espota_firewall_probe(const struct espota_diagnosis *about, struct espota_firewall *out);

/* Sentences about a missing call-back, terminated and cut to the room; adds to the remedy. */
void espota_diagnosis_callback(const struct espota_diagnosis *diagnosis, char *out, size_t room,
                               struct espota_remedy *remedy);

/* One about the way to a device that does not answer at all; "" where nothing is known. */
void espota_diagnosis_route(const struct espota_diagnosis *diagnosis, char *out, size_t room);

#endif
