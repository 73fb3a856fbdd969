/* SPDX-License-Identifier: MIT */
/*
 * The little HTTP/1 that devices speak: the head of a request, of an answer or of a part of a
 * form, line by line as the bytes come, in bounded memory; and the pieces of such lines.
 */
#ifndef ESPOTA_WIRE_HTTP_H
#define ESPOTA_WIRE_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"

enum {
    ESPOTA_HTTP_LINE_MAX = 512,
    ESPOTA_HTTP_HEAD_MAX = 8192,
    ESPOTA_HTTP_BASIC_MAX = 344, /* base64 of 255 bytes, and the terminator */
};

enum espota_http_item {
    ESPOTA_HTTP_FIRST,  /* `line` is the request line or the status line */
    ESPOTA_HTTP_HEADER, /* `name` and `value`, without the spaces around it */
    ESPOTA_HTTP_END,    /* the empty line: what follows is the body */
};

/* The caller's memory; the texts are terminated, hold no control character, and live until the
 * next call. */
struct espota_http_reader {
    enum espota_http_item item;
    char *line;
    const char *name;
    const char *value;
    bool first;    /* the next line is the first one */
    bool over;     /* END was given, or BAD */
    bool too_long; /* the line does not fit: it is left out, if it is not the first */
    size_t total;
    size_t used;
    char buffer[ESPOTA_HTTP_LINE_MAX + 1];
};

/* `first_line`: false for the head of a part, which has headers alone. */
void espota_http_reader_init(struct espota_http_reader *reader, bool first_line);
/* Wipes: a line may have been a password. */
void espota_http_reader_deinit(struct espota_http_reader *reader);

/*
 * Takes bytes from *at on, at most *left, and moves both. OK: an item, which is in the reader;
 * call again. MORE: all bytes are taken. BAD: no head of HTTP, or one of more than
 * ESPOTA_HTTP_HEAD_MAX bytes. A line may end with LF alone. After END nothing more is taken.
 */
enum espota_status espota_http_next(struct espota_http_reader *reader, const uint8_t **at,
                                    size_t *left) ESPOTA_MUST_CHECK;
/* A line has begun and its end has not come. */
bool espota_http_within_line(const struct espota_http_reader *reader);

struct espota_http_request_line {
    const char *method;
    const char *target; /* as it came, a query included */
};

/* "GET /update HTTP/1.1", cut apart in place. BAD: not three words, or not HTTP/1. */
enum espota_status espota_http_request_line(char *line,
                                            struct espota_http_request_line *out) ESPOTA_MUST_CHECK;
/* "HTTP/1.1 200 OK": the number, from 100 to 599. BAD: it is none. */
enum espota_status espota_http_status_line(const char *line, unsigned *status) ESPOTA_MUST_CHECK;

/* Case does not count. */
bool espota_http_same(const char *a, const char *b);
/* The text behind `prefix`, whose case does not count, or NULL. */
const char *espota_http_behind(const char *text, const char *prefix);

/* The value of Content-Length. BAD: no number, or more than 4 GiB. */
enum espota_status espota_http_length(const char *value, uint32_t *out) ESPOTA_MUST_CHECK;

struct espota_http_content_range {
    uint32_t first;
    uint32_t last;  /* at least first */
    uint32_t whole; /* more than last */
};

/* The value of Content-Range: "bytes 4096-9999/10000". BAD: it is none, or tells not all three. */
enum espota_status
espota_http_content_range(const char *value,
                          struct espota_http_content_range *out) ESPOTA_MUST_CHECK;

/*
 * A parameter of a header's value: `boundary` of `multipart/form-data; boundary="x"`. False if
 * there is none or it has no room.
 */
bool espota_http_parameter(const char *value, const char *name, char *out, size_t room);

/*
 * What follows "Basic " for a user and a password; false if they are longer than 255 bytes
 * together. A secret: wipe it.
 */
bool espota_http_basic(const char *user, const char *password, size_t password_length,
                       char out[ESPOTA_HTTP_BASIC_MAX]);

/* The bytes that these digits stand for. BAD: they are no base64, or more than `room`. */
enum espota_status espota_base64_read(const char *text, size_t left, uint8_t *out, size_t room,
                                      size_t *length) ESPOTA_MUST_CHECK;

/*
 * The bytes of "user:password" in the value of an Authorization header: all of them, a NUL too.
 * BAD: it is not Basic, no base64, or longer than `room`. A secret: wipe it, after BAD as well.
 */
enum espota_status espota_http_basic_read(const char *value, uint8_t *out, size_t room,
                                          size_t *length) ESPOTA_MUST_CHECK;

#endif
