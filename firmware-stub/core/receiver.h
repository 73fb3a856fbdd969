/* SPDX-License-Identifier: MIT */
/*
 * The device's side of an exchange (PROTOCOL 5.1): invitation, challenge,
 * call-back, stream, verdict, over and over. No I/O, no clock, no allocation:
 * the caller brings datagrams, stream bytes and the time, and does what `want`
 * says. A connection is open exactly as long as `want` holds CONNECT,
 * STREAM_IN or STREAM_OUT: when none is left, the caller closes it.
 *
 * Where the original is unsafe this one is safe, unless `quirks` is set:
 *
 *                             safe                      quirks
 *   nonce                     random                    a digest of the clock
 *   a challenge               expires                   waits for ever
 *   datagrams meanwhile       from the inviter alone    from anyone
 *   a stream that stands      ends with error 6         waits for ever
 *   after an error text       reads on until the host   closes at once, which may
 *                             has seen it               destroy the text
 */
#ifndef ESPOTA_STUB_CORE_RECEIVER_H
#define ESPOTA_STUB_CORE_RECEIVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/updater.h"
#include "espota/status.h"
#include "wire/wire.h"

/*
 * A host, as the port knows it: the address in whatever form, unused bytes 0.
 * The core only compares and hands back.
 */
struct espota_peer {
    uint8_t address[20]; /* IPv4: 4 bytes; IPv6: 16 and a scope */
    uint16_t port;
};

enum espota_receiver_event_kind {
    ESPOTA_RECEIVER_INVITED,  /* a well-formed invitation; command, size, peer */
    ESPOTA_RECEIVER_AUTH,     /* the answer to the challenge was right */
    ESPOTA_RECEIVER_START,    /* may refuse: see the hook */
    ESPOTA_RECEIVER_PROGRESS, /* done of size bytes have come; 0 first */
    ESPOTA_RECEIVER_END,      /* installed, and the host was told; a restart follows */
    ESPOTA_RECEIVER_ERROR,    /* failure, error, text */
};

/* Which step failed, numbered as ArduinoOTA numbers it. */
enum espota_receiver_failure {
    ESPOTA_FAILURE_AUTH = 0,
    ESPOTA_FAILURE_BEGIN = 1,
    ESPOTA_FAILURE_CONNECT = 2,
    ESPOTA_FAILURE_RECEIVE = 3,
    ESPOTA_FAILURE_END = 4,
};

struct espota_receiver_event {
    enum espota_receiver_event_kind kind;
    const struct espota_peer *peer; /* who invited */
    uint32_t command;
    uint32_t size;
    uint32_t done;
    enum espota_receiver_failure failure;
    enum espota_update_error error;
    const char *text; /* what the host was told or would have been, terminated; NULL: nothing */
};

struct espota_receiver_config {
    const struct espota_updater_config *update;
    /*
     * The stored form of the password, 32 or 64 hex digits and a terminator
     * (espota_password_hash), borrowed. NULL: everyone may update. The MD5 challenge needs
     * the md5 form; the other one takes either.
     */
    const char *password_hash;
    uint8_t nonce_digits; /* ESPOTA_NONCE_MD5 or ESPOTA_NONCE_SHA256: which challenge is asked */
    /* Replies to where the answer came from and not to the inviter, which is what ESP32s do: with
     * ESPOTA_NONCE_SHA256, which is theirs alone, in any case. */
    bool replies_to_answer;
    bool fast; /* leaves out the waits that real devices make */
    bool quirks;
    void *context; /* handed to event */
    /*
     * Tells the application; NULL: it need not know. On START it may return
     * words why not now ("pump is running"): they go to the host and nothing
     * is touched. NULL lets it begin; for other kinds the result is ignored.
     */
    const char *(*event)(void *context, const struct espota_receiver_event *event);
};

enum espota_receiver_phase {
    ESPOTA_RECEIVER_IDLE,
    ESPOTA_RECEIVER_WAITAUTH,
    ESPOTA_RECEIVER_ACCEPTED,   /* OK is going out, or the pause after it */
    ESPOTA_RECEIVER_CONNECTING, /* to the inviter */
    ESPOTA_RECEIVER_STREAMING,
    ESPOTA_RECEIVER_INSTALLED, /* the last counts are going out, or the pause before OK */
    ESPOTA_RECEIVER_TELLING,   /* OK is going out, or the pause before the close */
    ESPOTA_RECEIVER_LEAVING,   /* closed, the pause before the restart */
    ESPOTA_RECEIVER_FAILING,   /* the error text is going out, or being read */
    ESPOTA_RECEIVER_DONE,
};

enum {
    ESPOTA_RECEIVER_CONNECT_MS = 5000,
    ESPOTA_RECEIVER_CHALLENGE_MS = 20000, /* for the answer, which a slow loop reads late */
    ESPOTA_RECEIVER_IDLE_MS = 30000,      /* how long a stream may stand still */
    ESPOTA_RECEIVER_LINGER_MS = 1000,     /* how long the host may take to see an error text */
    ESPOTA_RECEIVER_TX_MAX = 176,         /* a count and the longest error text */
};

/* The caller's memory; its content is the receiver's, and the first part may be read. */
struct espota_receiver {
    enum espota_receiver_phase phase;
    struct espota_peer peer;             /* the inviter: datagrams go there */
    struct espota_invitation invitation; /* its port is where to connect */
    struct espota_updater updater;

    const struct espota_receiver_config *config;
    uint64_t deadline; /* when the phase ends by itself; UINT64_MAX: never */
    char nonce[ESPOTA_NONCE_MAX + 1];
    bool datagram_ready;
    uint32_t owed;    /* bytes that came while an earlier count was on its way out */
    uint32_t counted; /* by the count in tx, as long as none of it has left */
    size_t tx_length; /* of tx */
    size_t tx_sent;
    uint8_t tx[ESPOTA_RECEIVER_TX_MAX]; /* a datagram, or bytes for the connection */
};

/* `config` is borrowed for as long as the receiver lives. */
void espota_receiver_init(struct espota_receiver *receiver,
                          const struct espota_receiver_config *config);
/* Gives up what runs, and wipes. */
void espota_receiver_deinit(struct espota_receiver *receiver);

unsigned espota_receiver_want(const struct espota_receiver *receiver);

/* A datagram, and where it came from. One that is not expected is dropped. */
void espota_receiver_rx_datagram(struct espota_receiver *receiver, const uint8_t *data,
                                 size_t length, const struct espota_peer *from, uint64_t now);

/*
 * What DATAGRAM_OUT or STREAM_OUT wants sent, borrowed until the next call;
 * NULL if neither is wanted. A datagram goes to `peer`.
 */
const uint8_t *espota_receiver_tx(const struct espota_receiver *receiver, size_t *length);
/* That many bytes left; for a datagram any number, a lost one included. */
void espota_receiver_tx_ack(struct espota_receiver *receiver, size_t length, uint64_t now);

void espota_receiver_connected(struct espota_receiver *receiver, uint64_t now);
void espota_receiver_connect_failed(struct espota_receiver *receiver, uint64_t now);

/*
 * Where bytes of the connection may be put, and how many (never 0); then
 * rx_filled says how many came. Only while STREAM_IN is wanted.
 */
uint8_t *espota_receiver_room(struct espota_receiver *receiver, size_t *room);
void espota_receiver_rx_filled(struct espota_receiver *receiver, size_t length, uint64_t now);
/* The same by a copy. Bytes beyond the image's end are dropped. */
void espota_receiver_rx_stream(struct espota_receiver *receiver, const uint8_t *data, size_t length,
                               uint64_t now);
/* The connection ended, by the host's FIN or by an error. */
void espota_receiver_rx_end(struct espota_receiver *receiver, uint64_t now);

/* Lets time pass. */
void espota_receiver_tick(struct espota_receiver *receiver, uint64_t now);
/* When tick is due next; false if only the network can move the receiver on. */
bool espota_receiver_deadline(const struct espota_receiver *receiver, uint64_t *at);

/* After DONE, for a device that does not restart: idle again. */
void espota_receiver_again(struct espota_receiver *receiver);

#endif
