/* SPDX-License-Identifier: MIT */
/*
 * The device's side of ESPHome's own protocol, on the same updater: one connection at a time, from
 * its first bytes to the verdict. No I/O, no clock, no allocation: the caller brings connections,
 * bytes and the time, and does what `want` says. The connection is open exactly as long as `want`
 * holds STREAM_IN or STREAM_OUT: when neither is left, the caller closes it.
 */
#ifndef ESPOTA_STUB_CORE_ESPHOME_UPDATER_H
#define ESPOTA_STUB_CORE_ESPHOME_UPDATER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/receiver.h"
#include "core/updater.h"
#include "espota/status.h"
#include "wire/wire.h"

/* Raw deflate with a window of 4 KiB, as the ESP32 family takes it. */
struct espota_inflate {
    void *context;
    void (*start)(void *context);
    /*
     * Takes packed bytes, all of them, and hands on what they unpack to. BAD: they are none.
     * Otherwise what `take` returned.
     */
    enum espota_status (*add)(void *context, const uint8_t *data, size_t length,
                              enum espota_status (*take)(void *owner, const uint8_t *bytes,
                                                         size_t length),
                              void *owner) ESPOTA_MUST_CHECK;
};

struct espota_esphome_device {
    const struct espota_updater_config *update;
    const char *password;                    /* terminated, borrowed; NULL: everyone may update */
    bool md5;                                /* asks the older challenge */
    uint8_t version;                         /* 2, or 1: it does not count what it has taken */
    bool legacy;                             /* knows no extended form */
    bool gzip;                               /* its loader unpacks programs */
    const struct espota_inflate *inflate;    /* NULL: not supported; extended only */
    const struct espota_noise_crypto *noise; /* with `key`; extended only */
    const uint8_t *key;                      /* NULL: there is none */
    bool encrypted;                          /* refuses who comes without it */
    uint8_t space_error;                     /* of the chip: ESPOTA_ESPHOME_E_SPACE_... */
    void *context;                           /* handed to event */
    /* As the receiver's hook. START may refuse: the host is told error 81. */
    const char *(*event)(void *context, const struct espota_receiver_event *event);
};

enum espota_esphome_device_phase {
    ESPOTA_ESPHOME_D_IDLE,
    ESPOTA_ESPHOME_D_MAGIC,
    ESPOTA_ESPHOME_D_FEATURES,
    ESPOTA_ESPHOME_D_GREETING,
    ESPOTA_ESPHOME_D_ANSWER, /* to the challenge */
    ESPOTA_ESPHOME_D_TYPE,
    ESPOTA_ESPHOME_D_SIZE,
    ESPOTA_ESPHOME_D_UNPACKED, /* the size of what deflate packed */
    ESPOTA_ESPHOME_D_MD5,
    ESPOTA_ESPHOME_D_DATA,
    ESPOTA_ESPHOME_D_THANKS,
    ESPOTA_ESPHOME_D_CLOSING, /* what was said goes out */
    ESPOTA_ESPHOME_D_DONE,
};

enum {
    ESPOTA_ESPHOME_MEET_MS = 20000,   /* until the image is announced */
    ESPOTA_ESPHOME_FIELD_MS = 105000, /* each field from there on, and a stream that stands still */
    ESPOTA_ESPHOME_D_TX_MAX = 192,
    ESPOTA_ESPHOME_D_FIELD_MAX = 2 * ESPOTA_NONCE_MAX,
};

/* The caller's memory; its content is the engine's. */
struct espota_esphome_updater {
    const struct espota_esphome_device *device;
    struct espota_updater updater; /* while it is `running`, another update must not begin */
    enum espota_esphome_device_phase phase;
    uint64_t deadline;
    struct espota_peer peer;

    uint8_t host;     /* its features */
    uint8_t features; /* ours, as they were said */
    bool extended;
    bool deflated;
    bool sealed;
    bool installed;
    uint32_t size; /* bytes that are sent */
    uint32_t come; /* of these */
    uint32_t unpacked;
    char nonce[ESPOTA_NONCE_MAX + 1];
    struct espota_noise noise;

    size_t need; /* of the field that is awaited */
    size_t have;
    uint8_t field[ESPOTA_ESPHOME_D_FIELD_MAX];
    size_t frame_have;
    uint8_t frame[ESPOTA_ESPHOME_FRAME_MAX];
    size_t tx_length;
    size_t tx_sent;
    uint8_t tx[ESPOTA_ESPHOME_D_TX_MAX];
};

/* `device` is borrowed for as long as the engine lives. */
void espota_esphome_updater_init(struct espota_esphome_updater *esphome,
                                 const struct espota_esphome_device *device);
/* Gives up what runs, and wipes. */
void espota_esphome_updater_deinit(struct espota_esphome_updater *esphome);

/* ACCEPT (a connection may be taken), STREAM_IN, STREAM_OUT, DONE (restart now). */
unsigned espota_esphome_updater_want(const struct espota_esphome_updater *esphome);
/* A host has connected, which only ACCEPT allows. */
void espota_esphome_updater_connected(struct espota_esphome_updater *esphome,
                                      const struct espota_peer *peer, uint64_t now);
/* Bytes of the connection, at most a chunk's at a time. Only while STREAM_IN is wanted. */
void espota_esphome_updater_rx(struct espota_esphome_updater *esphome, const uint8_t *data,
                               size_t length, uint64_t now);
void espota_esphome_updater_rx_end(struct espota_esphome_updater *esphome, uint64_t now);
const uint8_t *espota_esphome_updater_tx(const struct espota_esphome_updater *esphome,
                                         size_t *length);
/* That many bytes of it left; all, if the connection takes nothing any more. */
void espota_esphome_updater_tx_ack(struct espota_esphome_updater *esphome, size_t length,
                                   uint64_t now);
void espota_esphome_updater_tick(struct espota_esphome_updater *esphome, uint64_t now);
bool espota_esphome_updater_deadline(const struct espota_esphome_updater *esphome, uint64_t *at);
/* After DONE, for a device that does not restart: idle again. */
void espota_esphome_updater_again(struct espota_esphome_updater *esphome);

#endif
