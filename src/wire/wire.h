/* SPDX-License-Identifier: MIT */
/*
 * The door of `wire`: what both ends of a wire share. Freestanding, so that a device compiles it as
 * it is: no libc beyond mem*, no operating system, no allocation.
 */
#ifndef ESPOTA_WIRE_WIRE_H
#define ESPOTA_WIRE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"
#include "wire/esphome.h"
#include "wire/http.h"
#include "wire/noise.h"
#include "wire/pull.h"

/* What an engine wants of its caller, the same flags on both ends. */
enum espota_want {
    ESPOTA_WANT_DATAGRAM_OUT = 1 << 0, /* send what tx gives, then tx_ack */
    ESPOTA_WANT_DATAGRAM_IN = 1 << 1,  /* bring datagrams of the peer */
    ESPOTA_WANT_ACCEPT = 1 << 2,       /* take the peer's connection, then call connected */
    ESPOTA_WANT_IMAGE_OUT = 1 << 3,    /* send image bytes from offset `sent` on, then sent() */
    ESPOTA_WANT_STREAM_IN = 1 << 4,    /* bring bytes of the connection */
    ESPOTA_WANT_PASSWORD = 1 << 5,     /* the device asked and none was given: call password */
    ESPOTA_WANT_CONNECT = 1 << 6,      /* a receiver: connect to the inviter, then call connected */
    ESPOTA_WANT_STREAM_OUT = 1 << 7,   /* a receiver: send what tx gives on the connection */
    ESPOTA_WANT_DONE = 1 << 8,         /* finished, and well */
    ESPOTA_WANT_FAILED = 1 << 9,       /* finished, see status and text */
};

/* --- cursor.c --- */

/*
 * The one way to walk through bytes: a bounded reader and a bounded writer.
 * Both remember the first step beyond the end; after it every read gives 0
 * and every write is dropped, so a caller checks once, at the end.
 */

struct espota_reader {
    const uint8_t *at;
    size_t left;
    bool overrun; /* something was read beyond the end */
};

void espota_reader_init(struct espota_reader *reader, const void *data, size_t length);
uint8_t espota_read_u8(struct espota_reader *reader);
uint16_t espota_read_u16le(struct espota_reader *reader);
uint32_t espota_read_u32le(struct espota_reader *reader);
uint16_t espota_read_u16be(struct espota_reader *reader);
uint32_t espota_read_u32be(struct espota_reader *reader);

/* The next `length` bytes, borrowed from the buffer, or NULL (and overrun) if there are fewer. */
const uint8_t *espota_read_bytes(struct espota_reader *reader, size_t length);

struct espota_writer {
    uint8_t *start;
    size_t used;
    size_t room;
    bool overrun; /* something did not fit */
};

void espota_writer_init(struct espota_writer *writer, void *data, size_t room);
void espota_write_u8(struct espota_writer *writer, uint8_t value);
void espota_write_u32le(struct espota_writer *writer, uint32_t value);
void espota_write_u16be(struct espota_writer *writer, uint16_t value);
void espota_write_u32be(struct espota_writer *writer, uint32_t value);
void espota_write_bytes(struct espota_writer *writer, const void *data, size_t length);
/* The characters of a terminated string, without the terminator. */
void espota_write_text(struct espota_writer *writer, const char *text);
void espota_write_decimal(struct espota_writer *writer, uint32_t value);
/* Lower-case hex digits, two a byte. */
void espota_write_hex(struct espota_writer *writer, const void *data, size_t length);

/* --- text.c --- */

/*
 * Text that came from outside or goes there: hex, decimal, comparison without
 * a timing trace, and the form in which a device's words may be shown.
 */

/* The length of a terminated text, of which no more than `most` characters are looked at. */
size_t espota_text_length(const char *text, size_t most);
/* What follows `prefix`, whose case counts, or NULL. */
const char *espota_text_behind(const char *text, const char *prefix);
/* Copies a text, terminated and cut to `room`, at least 1; false if it was cut. */
bool espota_text_copy(const char *text, char *out, size_t room);

/* Writes 2 * length lower-case digits and a terminator to `out`. */
void espota_hex_encode(const void *data, size_t length, char *out);

/* True if all `length` characters are hex digits of either case; an empty text is not hex. */
bool espota_hex_is(const char *text, size_t length);

/* Decodes 2 * length digits to `length` bytes; false if one is not a hex digit. */
bool espota_hex_decode(const char *text, void *out, size_t length);

/* The lower case of an ASCII letter; any other byte as it is. */
uint8_t espota_ascii_lower(uint8_t c);

/* A decimal number that fills `length` characters, at most `max`; false otherwise. */
bool espota_decimal_parse(const char *text, size_t length, uint32_t max, uint32_t *value);

/* Compares in a time that depends on `length` alone. */
bool espota_equal_secret(const void *a, const void *b, size_t length);

/* Overwrites memory in a way that no compiler leaves out. For every secret, on every path. */
void espota_wipe(void *memory, size_t length);

/*
 * Copies hostile bytes so that a person may read them and a terminal cannot be
 * driven by them: printable ASCII and valid UTF-8 above U+009F stay, \ becomes
 * \\, CR LF TAB become \r \n \t, anything else \xNN. A line end at the very
 * end is dropped. The result is cut to `room` on a whole escape, with "..." if
 * cut, and always terminated (room > 4). Returns its length.
 */
size_t espota_text_printable(const void *data, size_t length, char *out, size_t room);

/* --- crc.c --- */

/*
 * The two CRC-32 of this field. Both are computed in pieces: start with
 * ESPOTA_CRC32_START and hand in what came out last.
 */

#define ESPOTA_CRC32_START 0xffffffffu

/*
 * CRC-32/MPEG-2: most significant bit first, no final xor. It guards eboot's command record, the
 * ESP8266 image (the word at 0x1014) and the RP2040's boot2.
 */
uint32_t espota_crc32_mpeg2(uint32_t crc, const void *data, size_t length);

/*
 * The CRC-32 of zlib and gzip, least significant bit first. Here in its inner form: the usual
 * value is the complement of what the last piece gives.
 */
uint32_t espota_crc32_zlib(uint32_t crc, const void *data, size_t length);

/*
 * What the SDKs' tools append to a program (PROTOCOL 8.1): the usual CRC-32 of it, inverted if its
 * highest bit is set, and one more otherwise.
 */
uint32_t espota_crc32_appended(uint32_t crc);

/* --- digest.c --- */

/*
 * Digests, key stretching and random bytes, as the core asks for them. The
 * host fills the table from OpenSSL, the device's POSIX port from BearSSL, a
 * port to a microcontroller from what its SDK has. The core holds no
 * arithmetic of its own.
 */

enum espota_digest_kind { ESPOTA_DIGEST_MD5, ESPOTA_DIGEST_SHA256 };

enum { ESPOTA_MD5_SIZE = 16, ESPOTA_SHA256_SIZE = 32, ESPOTA_DIGEST_MAX = 32 };

/* A digest under way. The table's functions own the content; the caller owns the memory. */
struct espota_digest {
    enum espota_digest_kind kind;
    union {
        void *pointer;
        uint64_t
            words[16]; /* a BearSSL or SDK context fits; a larger one goes behind the pointer */
    } state;
};

struct espota_crypto {
    void *context; /* handed to every function */

    /* Starts a digest. After OK, exactly one of finish or drop must follow. */
    enum espota_status (*digest_start)(void *context, enum espota_digest_kind kind,
                                       struct espota_digest *digest) ESPOTA_MUST_CHECK;
    void (*digest_add)(void *context, struct espota_digest *digest, const void *data,
                       size_t length);
    /* Writes 16 (MD5) or 32 (SHA-256) bytes; the digest is over and its state wiped. */
    enum espota_status (*digest_finish)(void *context, struct espota_digest *digest,
                                        uint8_t *out) ESPOTA_MUST_CHECK;
    /* Abandons and wipes. */
    void (*digest_drop)(void *context, struct espota_digest *digest);

    /*
     * PBKDF2-HMAC-SHA256 with a 32-byte result. NULL: not supported; a device
     * then cannot ask for, and a host not answer, the SHA-256 challenge.
     */
    enum espota_status (*pbkdf2_sha256)(void *context, const void *password, size_t password_length,
                                        const void *salt, size_t salt_length, uint32_t rounds,
                                        uint8_t out[ESPOTA_SHA256_SIZE]) ESPOTA_MUST_CHECK;

    /* Unpredictable bytes. */
    enum espota_status (*random)(void *context, void *out, size_t length) ESPOTA_MUST_CHECK;
};

struct espota_digest_part {
    const void *data;
    size_t length;
};

/*
 * The digest of the parts one after the other, as lower-case digits with a terminator: 33 bytes of
 * MD5, 65 of SHA-256.
 */
enum espota_status espota_digest_hex(const struct espota_crypto *crypto,
                                     enum espota_digest_kind kind,
                                     const struct espota_digest_part *parts, size_t count,
                                     char *out) ESPOTA_MUST_CHECK;
/* digest_finish, in the same form. */
enum espota_status espota_digest_finish_hex(const struct espota_crypto *crypto,
                                            struct espota_digest *digest,
                                            char *out) ESPOTA_MUST_CHECK;

/* --- invitation.c --- */

/*
 * The datagrams of an exchange, written and parsed: invitation, reply, answer.
 * Parsers take (pointer, length) of one whole datagram and never see more.
 */

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

/* --- auth.c --- */

/*
 * The response to a challenge, the same arithmetic on both ends. Vectors:
 * PROTOCOL 1.10.
 */

/* What the device stored in place of the password. */
enum espota_password_form {
    ESPOTA_FORM_MD5,    /* md5hex(password) */
    ESPOTA_FORM_SHA256, /* sha256hex(password) */
};

enum { ESPOTA_PBKDF2_ROUNDS = 10000 };

/* The stored form of a password: 32 or 64 lower-case digits and a terminator. Wipe it after use. */
enum espota_status espota_password_hash(const struct espota_crypto *crypto,
                                        enum espota_password_form form, const void *password,
                                        size_t length,
                                        char out[ESPOTA_NONCE_MAX + 1]) ESPOTA_MUST_CHECK;

/*
 * The response to `nonce` with the client's `cnonce` (both terminated, of equal
 * length). 32 digits: the MD5 scheme; 64: PBKDF2-HMAC-SHA256. `hash` is the
 * terminated stored form. `out` gets as many digits as the nonce has. E_USAGE if
 * the lengths fit no scheme, E_FAILED if the table has no PBKDF2, else the table's own.
 */
enum espota_status espota_auth_response(const struct espota_crypto *crypto, const char *hash,
                                        const char *nonce, const char *cnonce,
                                        char out[ESPOTA_NONCE_MAX + 1]) ESPOTA_MUST_CHECK;

#endif
