/* SPDX-License-Identifier: MIT */
/*
 * The uploader's side of Meshtastic's OTA loader for the ESP32, from the connection to the verdict:
 * one line out, its OK, the bytes, its OK. No I/O, no clock, no allocation, as in ESPHome's.
 *
 * As meshtastic/esp32-unified-ota has it (src/ota_processor.cpp, src/net_ota.cpp) and its client
 * (meshtastic/python meshtastic/ota.py): what follows the line before the OK would be taken for
 * further lines, so nothing does. "ERASING" and the OK behind it stand on one line or on two. The
 * program is overwritten in place, and only the loader is there until the last OK.
 */
#ifndef ESPOTA_SEND_MESHTASTIC_SESSION_H
#define ESPOTA_SEND_MESHTASTIC_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"
#include "wire/wire.h"

enum {
    ESPOTA_MESHTASTIC_PORT = 3232,
    ESPOTA_MESHTASTIC_LINE_MAX = 128, /* its own longest, with its end */
    ESPOTA_SHA256_HEX = 2 * ESPOTA_SHA256_SIZE,
};

struct espota_meshtastic_config {
    uint32_t size;
    char sha256[ESPOTA_SHA256_HEX + 1];
    uint32_t answer_ms; /* for an answer before it erases */
    uint32_t work_ms;   /* while it erases, writes and checks */
};

enum espota_meshtastic_phase {
    ESPOTA_MESHTASTIC_ASKING,  /* whether it takes this image */
    ESPOTA_MESHTASTIC_ERASING, /* it does: there is no program any more */
    ESPOTA_MESHTASTIC_STREAMING,
    ESPOTA_MESHTASTIC_CHECKING, /* it has all of it; its verdict is awaited */
    ESPOTA_MESHTASTIC_OVER,
};

/* The caller's memory. Read the second part. */
struct espota_meshtastic_session {
    struct espota_meshtastic_config config;
    char out[ESPOTA_MESHTASTIC_LINE_MAX];
    size_t out_length, out_at;
    uint64_t deadline;

    enum espota_meshtastic_phase phase, ended_in;
    enum espota_status status;             /* OVER */
    uint32_t taken;                        /* bytes of the image that the socket has */
    char line[ESPOTA_MESHTASTIC_LINE_MAX]; /* what it said last, or why it is over */
    size_t length;
};

void espota_meshtastic_session_init(struct espota_meshtastic_session *s,
                                    const struct espota_meshtastic_config *config, uint64_t now);

/* STREAM_OUT: what tx gives. IMAGE_OUT: the image from `taken` on. STREAM_IN. */
unsigned espota_meshtastic_session_want(const struct espota_meshtastic_session *s);
/* NULL: nothing of its own. */
const char *espota_meshtastic_session_tx(const struct espota_meshtastic_session *s, size_t *length);
/* The socket took so many of these, or of the image. */
void espota_meshtastic_session_sent(struct espota_meshtastic_session *s, size_t length,
                                    uint64_t now);
/* The device's TCP has acknowledged more: it lives. */
void espota_meshtastic_session_acked(struct espota_meshtastic_session *s, uint64_t now);
void espota_meshtastic_session_rx(struct espota_meshtastic_session *s, const void *data,
                                  size_t length, uint64_t now);
/* The device has closed. `all_left`: nothing of the image is still in this machine. */
void espota_meshtastic_session_end(struct espota_meshtastic_session *s, bool all_left);
void espota_meshtastic_session_tick(struct espota_meshtastic_session *s, bool all_left,
                                    uint64_t now);

#endif
