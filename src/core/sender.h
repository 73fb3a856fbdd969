/* SPDX-License-Identifier: MIT */
/*
 * The uploader's side of one attempt at one device: invitation, challenge,
 * call-back, stream, verdict. No I/O, no clock, no allocation: the caller
 * brings datagrams, stream bytes and the time, and does what `want` says.
 *
 * It streams: image bytes are wanted as long as there are any, whatever the
 * device has acknowledged. What the device sends meanwhile is read for one
 * thing only, its verdict.
 */
#ifndef ESPOTA_CORE_SENDER_H
#define ESPOTA_CORE_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/auth.h"
#include "core/digest.h"
#include "core/want.h"
#include "core/wire.h"
#include "espota/status.h"

enum espota_auth_method {
    ESPOTA_METHOD_AUTO,      /* by the challenge; after a refusal also the md5 form */
    ESPOTA_METHOD_MD5,       /* answer MD5 challenges only */
    ESPOTA_METHOD_SHA256,    /* answer PBKDF2 challenges only, with the sha256 form only */
    ESPOTA_METHOD_MD5_FIRST, /* espota.py's --md5-target: either challenge, the md5 form at once */
};

enum espota_sender_phase {
    ESPOTA_PHASE_INVITING,  /* nothing heard yet */
    ESPOTA_PHASE_ANSWERING, /* a challenge came; it is answered, or waits for a password */
    ESPOTA_PHASE_CALLBACK,  /* the device said OK; it has not connected yet */
    ESPOTA_PHASE_STREAMING, /* connected, image bytes are under way */
    ESPOTA_PHASE_VERDICT,   /* the device's TCP has every byte; its word is missing */
    ESPOTA_PHASE_OVER,
};

struct espota_sender_config {
    const struct espota_crypto *crypto;
    struct espota_invitation invitation;
    enum espota_auth_method method;
    const char *password; /* borrowed until the attempt is over; NULL: none */
    size_t password_length;
    uint32_t timeout_ms; /* for an answer, for the call-back, and for a stream that stands still */
    uint32_t verdict_ms; /* after the last byte; 60,000, or timeout_ms if that is longer */
};

enum {
    ESPOTA_FIRST_GAP_MS = 250, /* to the second invitation; each gap doubles */
    ESPOTA_CHALLENGE_QUIET_MS =
        3000,                    /* no invitation after a challenge while the device is silent */
    ESPOTA_WORDS_GRACE_MS = 500, /* how long the rest of an error text may take */
    ESPOTA_WORDS_MAX = 256,
};

/* The caller's memory; its content is the engine's. Read it through the functions below. */
struct espota_sender {
    struct espota_sender_config config;
    enum espota_sender_phase phase;
    enum espota_status status;
    uint64_t deadline;  /* when the phase gives up */
    uint64_t next_send; /* when the next invitation may leave */
    uint32_t gap_ms;
    uint32_t sent;
    uint32_t acked;
    uint16_t invitations; /* all of this attempt */
    uint8_t crossed;      /* invitations since the device was last known to be idle */
    uint8_t refusals;
    bool answered;
    bool datagram_ready;
    bool needs_password;
    enum espota_password_form form;
    char nonce[ESPOTA_NONCE_MAX + 1];
    uint8_t datagram[2 * ESPOTA_DATAGRAM_MAX];
    size_t datagram_length;
    bool saw_o; /* the last stream byte was the O of a possible OK */
    size_t words_length;
    uint8_t words[ESPOTA_WORDS_MAX]; /* what the device said in place of OK, raw and hostile */
};

/* Starts an attempt; the first invitation is wanted out at once. */
void espota_sender_init(struct espota_sender *sender, const struct espota_sender_config *config,
                        uint64_t now);
/* Wipes. */
void espota_sender_deinit(struct espota_sender *sender);

unsigned espota_sender_want(const struct espota_sender *sender);
enum espota_sender_phase espota_sender_phase(const struct espota_sender *sender);

/* The datagram to send, borrowed until the next call; NULL if none is wanted out. */
const uint8_t *espota_sender_tx(const struct espota_sender *sender, size_t *length);
/* It left (or its loss is certain, which is the same to us). */
void espota_sender_tx_ack(struct espota_sender *sender, uint64_t now);

/* A datagram from the invited address and port. */
void espota_sender_rx_datagram(struct espota_sender *sender, const uint8_t *data, size_t length,
                               uint64_t now);

/* The password that ESPOTA_WANT_PASSWORD asked for; NULL: there is none (fails with E_AUTH). */
void espota_sender_password(struct espota_sender *sender, const char *password, size_t length,
                            uint64_t now);

/* The device's connection was accepted. */
void espota_sender_connected(struct espota_sender *sender, uint64_t now);

/* The socket took `length` more image bytes. */
void espota_sender_sent(struct espota_sender *sender, uint32_t length, uint64_t now);
/*
 * The device's TCP has acknowledged `total` bytes of the image so far. Call it
 * before rx_stream, from a fresh look at the socket: an OK counts only when
 * every byte has left.
 */
void espota_sender_acked(struct espota_sender *sender, uint32_t total, uint64_t now);

void espota_sender_rx_stream(struct espota_sender *sender, const uint8_t *data, size_t length,
                             uint64_t now);
/* The connection ended, by the device's FIN or by an error; feed what was still readable first. */
void espota_sender_rx_end(struct espota_sender *sender, uint64_t now);

/* Lets time pass: resends, gives up. */
void espota_sender_tick(struct espota_sender *sender, uint64_t now);
/* When tick is due next; false if only the network can move the engine on. */
bool espota_sender_deadline(const struct espota_sender *sender, uint64_t *at);

/* After DONE or FAILED. */
enum espota_status espota_sender_status(const struct espota_sender *sender);
/* The device's own words behind a failure: raw bytes, to be shown only as text_printable makes
 * them. */
const uint8_t *espota_sender_words(const struct espota_sender *sender, size_t *length);

#endif
