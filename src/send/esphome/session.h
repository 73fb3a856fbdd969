/* SPDX-License-Identifier: MIT */
/*
 * The uploader's side of ESPHome's protocol at one device, from the connection to the verdict. No
 * I/O, no clock, no allocation: the caller brings bytes of the connection and the time, and does
 * what `want` says.
 *
 * It streams: image bytes are wanted as long as there are any, whatever the device has counted.
 * The device's last word is its verdict; once the last byte has left, nothing is tried again.
 */
#ifndef ESPOTA_SEND_ESPHOME_SESSION_H
#define ESPOTA_SEND_ESPHOME_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "send/send.h"
#include "wire/wire.h"

struct espota_esphome_image {
    uint32_t length;              /* of what is sent */
    char md5[ESPOTA_MD5_HEX + 1]; /* of that; of a deflated one, of what it unpacks to */
};

struct espota_esphome_config {
    const struct espota_crypto *crypto;
    const struct espota_noise_crypto *noise;
    const uint8_t *key; /* of ESPOTA_NOISE_KEY_SIZE bytes; NULL: none */
    bool clear;         /* with a key: goes on without Noise where the device does not offer it */
    bool packs[ESPOTA_PACKINGS]; /* what the caller can send; NONE always */
    uint8_t type;                /* 0: a program; the others need the device's PARTITIONS */
    uint32_t size;               /* of the image as it is, unpacked */
    const char *password;        /* borrowed until it is over; NULL: none yet */
    size_t password_length;
    uint32_t answer_ms; /* for an answer before the image is announced */
    uint32_t work_ms;   /* for one after it: erasing, writing, checking */
    void *context;
    /* Once: the image is to be sent in this form. */
    enum espota_status (*pack)(void *context, enum espota_packing packing,
                               struct espota_esphome_image *out);
};

enum espota_esphome_phase {
    ESPOTA_ESPHOME_MEETING, /* magic is out, its version is awaited */
    ESPOTA_ESPHOME_ASKING,  /* features are out, its features are awaited */
    ESPOTA_ESPHOME_GREETING_NOISE,
    ESPOTA_ESPHOME_AUTH,     /* whether it wants a password */
    ESPOTA_ESPHOME_PASSWORD, /* it does, and the caller has none yet */
    ESPOTA_ESPHOME_ANSWERED,
    ESPOTA_ESPHOME_PREPARING, /* the size is out */
    ESPOTA_ESPHOME_SUMMED,    /* the MD5 is out */
    ESPOTA_ESPHOME_STREAMING,
    ESPOTA_ESPHOME_CHECKING, /* it has all of it; its verdict is awaited */
    ESPOTA_ESPHOME_OVER,
};

/* Why it is over, where the device's byte does not tell. */
enum espota_esphome_reason {
    ESPOTA_ESPHOME_NO_REASON,
    ESPOTA_ESPHOME_NOT_ITS_PROTOCOL, /* what answered is something else */
    ESPOTA_ESPHOME_NO_NOISE,         /* there is a key, and it does not offer encryption */
    ESPOTA_ESPHOME_WRONG_KEY,
    ESPOTA_ESPHOME_TAMPERED, /* a frame that its key did not make */
    ESPOTA_ESPHOME_NO_PARTITIONS,
    ESPOTA_ESPHOME_SILENT,
};

enum {
    ESPOTA_ESPHOME_FIELD_MAX = 96,
    ESPOTA_ESPHOME_WORDS_MAX = 64,
    ESPOTA_ESPHOME_TX_MAX = 8 * ESPOTA_ESPHOME_FRAME_MAX, /* frames that leave in one piece */
};

/* The caller's memory, the engine's content; the first part of it may be read. */
struct espota_esphome_session {
    enum espota_esphome_phase phase;
    enum espota_status status; /* once it is OVER */
    enum espota_esphome_phase ended_in;
    enum espota_esphome_reason reason;
    uint8_t refusal; /* the device's error byte; 0: none */
    uint8_t version;
    uint8_t features;  /* the device's */
    bool extended;     /* the newer form of the dialogue */
    bool sealed;       /* by Noise */
    uint8_t challenge; /* digits of it; 0: it asked for no password */
    enum espota_packing packing;
    struct espota_esphome_image image;
    uint32_t taken;   /* image bytes that are in tx or were sent from there or by the caller */
    uint32_t counted; /* by the device */
    size_t words_length;
    uint8_t words[ESPOTA_ESPHOME_WORDS_MAX]; /* of a refusal by Noise; raw and hostile */

    struct espota_esphome_config config;
    struct espota_noise noise;
    uint64_t deadline;
    uint8_t said; /* the host's features */
    size_t need;  /* bytes of the field that is awaited */
    size_t have;
    uint8_t field[ESPOTA_ESPHOME_FIELD_MAX];
    size_t frame_have; /* of a frame that is coming, its header included */
    uint8_t frame[ESPOTA_ESPHOME_FRAME_HEADER + ESPOTA_ESPHOME_FIELD_MAX + ESPOTA_NOISE_TAG_SIZE];
    size_t tx_length;
    size_t tx_sent;
    uint8_t tx[ESPOTA_ESPHOME_TX_MAX];
};

/* The connection is there. */
void espota_esphome_session_init(struct espota_esphome_session *session,
                                 const struct espota_esphome_config *config, uint64_t now);
/* Wipes. */
void espota_esphome_session_deinit(struct espota_esphome_session *session);

/*
 * STREAM_OUT: send what tx gives, then tx_ack. IMAGE_OUT: `taken` says from where on; in clear the
 * caller sends them, behind what tx gives, and calls `sent`, and of a sealed session `seal` takes
 * them into tx.
 */
unsigned espota_esphome_session_want(const struct espota_esphome_session *session);

const uint8_t *espota_esphome_session_tx(const struct espota_esphome_session *session,
                                         size_t *length);
void espota_esphome_session_tx_ack(struct espota_esphome_session *session, size_t length,
                                   uint64_t now);
void espota_esphome_session_sent(struct espota_esphome_session *session, uint32_t length,
                                 uint64_t now);
/* At most ESPOTA_ESPHOME_FRAME_DATA of them; how many were taken. */
size_t espota_esphome_session_seal(struct espota_esphome_session *session, const uint8_t *bytes,
                                   size_t length);

/* The device's TCP has more than before: it is not silent. */
void espota_esphome_session_acked(struct espota_esphome_session *session, uint64_t now);

void espota_esphome_session_rx(struct espota_esphome_session *session, const uint8_t *data,
                               size_t length, uint64_t now);
/* The connection is over. `all_left`: nothing of the image is known to be still on this machine. */
void espota_esphome_session_end(struct espota_esphome_session *session, bool all_left);

/* What PASSWORD was wanted for; NULL: there is none. */
void espota_esphome_session_password(struct espota_esphome_session *session, const char *password,
                                     size_t length, uint64_t now);

void espota_esphome_session_tick(struct espota_esphome_session *session, bool all_left,
                                 uint64_t now);
bool espota_esphome_session_deadline(const struct espota_esphome_session *session, uint64_t *at);

#endif
