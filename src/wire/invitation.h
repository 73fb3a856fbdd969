/* SPDX-License-Identifier: MIT */
/*
 * The datagrams of an exchange, written and parsed: invitation, reply, answer.
 * Parsers take (pointer, length) of one whole datagram and never see more.
 */
#ifndef ESPOTA_WIRE_INVITATION_H
#define ESPOTA_WIRE_INVITATION_H

#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"

enum espota_command {
    ESPOTA_COMMAND_FLASH = 0,        /* a program image */
    ESPOTA_COMMAND_FILESYSTEM = 100, /* a file-system image */
    ESPOTA_COMMAND_AUTH = 200,       /* the answer to a challenge */
};

enum {
    ESPOTA_MD5_HEX = 32,
    ESPOTA_NONCE_MD5 = 32,    /* digits of an MD5 challenge */
    ESPOTA_NONCE_SHA256 = 64, /* digits of a PBKDF2-HMAC-SHA256 challenge */
    ESPOTA_NONCE_MAX = 64,
    ESPOTA_DATAGRAM_MAX = 160, /* nothing that we write is longer */
};

struct espota_invitation {
    enum espota_command command;  /* FLASH or FILESYSTEM */
    uint16_t port;                /* TCP port that the device shall connect to */
    uint32_t size;                /* bytes that will be sent */
    char md5[ESPOTA_MD5_HEX + 1]; /* of exactly those bytes, lower case */
};

/* Writes the datagram; returns its length, 0 if `room` is too small. */
size_t espota_invitation_write(const struct espota_invitation *invitation, uint8_t *out,
                               size_t room);

/*
 * Reads a datagram as an ESP8266 in its idle state does (PROTOCOL 1.2, 5.1): spaces
 * before a number are skipped, a number that is none or has more than 15 digits
 * counts as 0, one above 2^31 - 1 as that; the port is cut to 16 bits; one byte is
 * dropped after the third number; the rest, to a line end or a NUL, is trimmed
 * and must be 32 characters, of whatever kind. BAD for what a device ignores;
 * `out` may then be half written, as the device's own state would be.
 */
enum espota_status espota_invitation_parse(const uint8_t *data, size_t length,
                                           struct espota_invitation *out) ESPOTA_MUST_CHECK;

enum espota_reply_kind {
    ESPOTA_REPLY_OK,
    ESPOTA_REPLY_CHALLENGE,   /* text = the nonce, 32 or 64 hex digits, as sent */
    ESPOTA_REPLY_AUTH_FAILED, /* the answer was refused */
    ESPOTA_REPLY_ERROR,       /* text = the device's words, "ERR: " taken off */
};

struct espota_reply {
    enum espota_reply_kind kind;
    const uint8_t *text; /* borrowed from the datagram */
    size_t length;
};

/*
 * Reads a device's datagram; what stands behind an OK or a nonce is ignored.
 * BAD: empty, or a challenge whose nonce no scheme knows.
 */
enum espota_status espota_reply_parse(const uint8_t *data, size_t length,
                                      struct espota_reply *out) ESPOTA_MUST_CHECK;

struct espota_answer {
    char cnonce[ESPOTA_NONCE_MAX + 1];
    char response[ESPOTA_NONCE_MAX + 1];
};

/* Writes the datagram; returns its length, 0 if `room` is too small. */
size_t espota_answer_write(const struct espota_answer *answer, uint8_t *out, size_t room);

/*
 * Reads a datagram as a device that waits for an answer does; both texts must
 * have `digits` characters (at most ESPOTA_NONCE_MAX), of whatever kind; nothing
 * is trimmed. BAD for anything else (the device falls back to idle).
 */
enum espota_status espota_answer_parse(const uint8_t *data, size_t length, size_t digits,
                                       struct espota_answer *out) ESPOTA_MUST_CHECK;

#endif
