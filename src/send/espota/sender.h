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
#ifndef ESPOTA_SEND_ESPOTA_SENDER_H
#define ESPOTA_SEND_ESPOTA_SENDER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/upload.h"
#include "wire/wire.h"

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
    /* AUTO: by the challenge; after a refusal also the md5 form. SHA256: with the sha256 form only.
     * MD5_FIRST: either challenge, with the md5 form at once. */
    enum espota_upload_auth method;
    const char *password; /* borrowed until the attempt is over; NULL: none */
    size_t password_length;
    uint32_t timeout_ms; /* for each answer, for the call-back, for a stream that stands still */
    uint32_t verdict_ms; /* after the last byte; 60,000, or timeout_ms if that is longer */
};

enum {
    /*
     * A device reads one datagram in each turn of its loop, and an invitation that it reads while
     * it waits for an answer ends the challenge. So a second one leaves when the first cannot be
     * unread any more: sketches that block for longer than this are very rare.
     */
    ESPOTA_UNREAD_MS = 8500,
    ESPOTA_FIRST_GAP_MS = 2250,    /* without a password there is no challenge to end … */
    ESPOTA_LAST_GAP_MS = 4000,     /* … and a sleeper may wake at any time */
    ESPOTA_RETURNED_GAP_MS = 1000, /* one that was turned back waits in no queue */
    ESPOTA_ANSWERS_MAX = 6,        /* each may cost a PBKDF2 */
    ESPOTA_WORDS_GRACE_MS = 500,   /* how long the rest of an error text may take */
    ESPOTA_SAID_MAX = 1 << 22,     /* what a device may say beside its counts of bytes */
};

/*
 * What a device says on the connection: counts of bytes without a separator, and
 * somewhere among them its verdict: "OK", or an error in its own words. Fed byte
 * by byte; how the stream is cut makes no difference.
 */
enum espota_verdict_state {
    ESPOTA_VERDICT_NONE,  /* counts and white space so far, and perhaps the O of an OK */
    ESPOTA_VERDICT_OK,    /* the word OK stood there */
    ESPOTA_VERDICT_WORDS, /* something else began: the device complains */
    ESPOTA_VERDICT_SAID,  /* its line has ended, or no more of it fits */
};

enum { ESPOTA_WORDS_MAX = 256 };

/* The caller's memory; starts as zeros. */
struct espota_verdict {
    enum espota_verdict_state state;
    bool saw_o;                      /* the last byte was the O of a possible OK */
    size_t length;                   /* of words */
    uint8_t words[ESPOTA_WORDS_MAX]; /* raw and hostile */
};

/* One more byte of the stream. OK and SAID are final: what follows is ignored. */
enum espota_verdict_state espota_verdict_take(struct espota_verdict *verdict, uint8_t byte);

/* Adds to the words, as much as fits, without reading them. */
void espota_verdict_say(struct espota_verdict *verdict, const void *words, size_t length);

/* The caller's memory, the engine's content; the first part of it may be read. */
struct espota_sender {
    enum espota_sender_phase phase;
    /*
     * Once it is OVER. E_NO_ANSWER after a challenge: the device said nothing about an answer that
     * would have proved anything. E_AUTH: it refused the answer, or the method forbids one, or
     * there is no password. E_UNKNOWN: every byte was sent and no verdict came. Others: the crypto
     * table's.
     */
    enum espota_status status;
    uint32_t sent;  /* image bytes that left */
    uint32_t acked; /* of these the device's TCP has so many */
    /* Digits of the newest challenge, which name the device's scheme: 0 (it asked for no password),
     * ESPOTA_NONCE_MD5 or ESPOTA_NONCE_SHA256. */
    uint8_t challenge;
    uint8_t kept;        /* invitations since one came back */
    uint64_t invited_at; /* when the newest one left */
    /* Its words are the device's behind a failure, on the stream or in a datagram: to be shown only
     * as text_printable makes them. "OK" with E_BROKEN: it said so before it had the image. */
    struct espota_verdict verdict;

    struct espota_sender_config config;
    uint64_t deadline;   /* when the phase gives up */
    uint64_t unextended; /* when it would if no second invitation had left */
    uint64_t next_send;  /* when the next invitation may leave */
    uint64_t heard_at;   /* the device's last word, or the first datagram since then */
    uint64_t slowest_ms; /* that a word of the device has taken */
    uint32_t gap_ms;
    uint64_t said;    /* bytes that came on the stream */
    uint8_t unread;   /* invitations that may still wait in the device's queue */
    uint8_t silent;   /* invitations since the device's last word */
    uint8_t answers;  /* of this attempt */
    uint8_t open;     /* answers that have no reply yet */
    bool crossed;     /* the device may have read something between challenge and answer */
    bool settles;     /* after a refusal that proved nothing: lets everything be read first */
    bool spoke_last;  /* the device: nothing has left since its last word */
    bool unreachable; /* somebody on the way says so */
    bool invited;     /* an invitation has left */
    bool needs_password;
    bool datagram_ready;
    bool datagram_is_answer;
    enum espota_password_form form;
    char nonce[ESPOTA_NONCE_MAX + 1];
    size_t datagram_length;
    uint8_t datagram[ESPOTA_DATAGRAM_MAX];
};

/* Starts an attempt; the first invitation is wanted out at once. */
void espota_sender_init(struct espota_sender *sender, const struct espota_sender_config *config,
                        uint64_t now);
/* Wipes. */
void espota_sender_deinit(struct espota_sender *sender);

unsigned espota_sender_want(const struct espota_sender *sender);

/* The datagram to send, borrowed until the next call; NULL if none is wanted out. */
const uint8_t *espota_sender_tx(const struct espota_sender *sender, size_t *length);
/* It left (or its loss is certain, which is the same to us). */
void espota_sender_tx_ack(struct espota_sender *sender, uint64_t now);

/*
 * A datagram from the invited address and port. One without a letter in it says
 * nothing and is ignored; any text that no device of this protocol sends is its refusal.
 */
void espota_sender_rx_datagram(struct espota_sender *sender, const uint8_t *data, size_t length,
                               uint64_t now);

/*
 * A router or this machine says that nobody takes an invitation: no need to wait longer for a
 * device that is not there, nor for this invitation to be read before the next one leaves.
 */
void espota_sender_unreachable(struct espota_sender *sender, uint64_t now);

/*
 * The password that ESPOTA_WANT_PASSWORD asked for, borrowed until the attempt is
 * over; NULL: there is none (fails with E_AUTH). The time until the call does not count.
 */
void espota_sender_password(struct espota_sender *sender, const char *password, size_t length,
                            uint64_t now);

/* The device's connection was accepted, which only ESPOTA_WANT_ACCEPT allows. */
void espota_sender_connected(struct espota_sender *sender, uint64_t now);

/* The socket took `length` more image bytes. */
void espota_sender_sent(struct espota_sender *sender, uint32_t length);
/*
 * The device's TCP has acknowledged `total` bytes of the image so far. Call it
 * before rx_stream, rx_end and tick, from a look at the socket that is younger than
 * the bytes read from it: an OK counts only when every byte has arrived.
 */
void espota_sender_acked(struct espota_sender *sender, uint32_t total, uint64_t now);

void espota_sender_rx_stream(struct espota_sender *sender, const uint8_t *data, size_t length,
                             uint64_t now);
/* The connection ended, by the device's FIN or by an error; feed what was still readable first. */
void espota_sender_rx_end(struct espota_sender *sender);

/* Lets time pass: resends, gives up. */
void espota_sender_tick(struct espota_sender *sender, uint64_t now);
/* When tick is due next; false if only the network can move the engine on. */
bool espota_sender_deadline(const struct espota_sender *sender, uint64_t *at);

/* The form of the password that the newest answer was made of, or the next one will be. */
enum espota_password_form espota_sender_form(const struct espota_sender *sender);

#endif
