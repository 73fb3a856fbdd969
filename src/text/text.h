/* SPDX-License-Identifier: MIT */
/*
 * The door of `text`: JSON, text that is put together, patterns and versions.
 */
#ifndef ESPOTA_TEXT_TEXT_H
#define ESPOTA_TEXT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/status.h"

/*
 * JSON as the library needs it, so that only json_jansson.c knows jansson. A
 * value belongs to its container as soon as it is put into one.
 */

struct espota_json;

/* NULL without memory. */
struct espota_json *espota_json_object(void);
struct espota_json *espota_json_array(void);
void espota_json_free(struct espota_json *value);

/*
 * Set a member of an object; false without memory, and for an object that is NULL. Text that is
 * not UTF-8 is written as espota_text_printable shows it; NULL becomes null. A real number
 * (a time) is rounded to thousandths.
 */
bool espota_json_set_text(struct espota_json *object, const char *key, const char *text);
bool espota_json_set_integer(struct espota_json *object, const char *key, int64_t number);
bool espota_json_set_real(struct espota_json *object, const char *key, double number);
bool espota_json_set_bool(struct espota_json *object, const char *key, bool value);
/* Take `value` over, which is freed if they fail; NULL fails. */
bool espota_json_set_own(struct espota_json *object, const char *key, struct espota_json *value);
bool espota_json_append_own(struct espota_json *array, struct espota_json *value);
bool espota_json_append_text(struct espota_json *array, const char *text);

/* One line without its end, or indented with one; to be freed with free(). NULL without memory. */
char *espota_json_line(const struct espota_json *value);
char *espota_json_pretty(const struct espota_json *value);

/*
 * Reads a document of `length` bytes, whole: trailing text and a key given twice are errors.
 * E_LOCAL, with line and column, for what is no JSON; E_MEMORY.
 */
enum espota_status espota_json_read(const void *data, size_t length, struct espota_json **out,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/*
 * Looks, without owning: NULL or false for what is not there or of another kind, and for a
 * container that is NULL.
 */
struct espota_json *espota_json_member(const struct espota_json *object, const char *key);
bool espota_json_is_object(const struct espota_json *value);
bool espota_json_is_array(const struct espota_json *value);
size_t espota_json_count(const struct espota_json *value); /* elements, or members */
/*
 * Walks the members of an object in their order: start with NULL, hand in what came out last;
 * NULL: no more. `key` and `value` are borrowed.
 */
void *espota_json_next(const struct espota_json *object, void *previous, const char **key,
                       struct espota_json **value);
struct espota_json *espota_json_at(const struct espota_json *array, size_t index);
const char *espota_json_text(const struct espota_json *value);
bool espota_json_integer(const struct espota_json *value, int64_t *number);
bool espota_json_bool(const struct espota_json *value, bool *flag);

/* Where in a JSON text something stands, for messages about what is well formed but wrong. */

struct espota_json_position {
    size_t line; /* from 1 */
    size_t column;
};

/*
 * The value of `key` in the object that is element `element` (from 1) of the top-level list `list`;
 * element 0: in the top-level object itself. What is not there is told by what it should be in.
 * The text need not be good: every position lies inside it or at its end.
 */
struct espota_json_position espota_json_position_find(const char *text, size_t length,
                                                      const char *list, size_t element,
                                                      const char *key);

/*
 * Text that is put together piece by piece: begun with {.text = NULL} it grows, begun with _init it
 * stays in the caller's room and what does not fit is cut.
 */
struct espota_builder {
    char *text; /* terminated; NULL: nothing yet */
    size_t length;
    size_t room;
    bool bounded;
    bool failed; /* out of memory: the rest is dropped */
};

/* `room` at least 1; the text is terminated from here on, and never to be freed. */
void espota_builder_init(struct espota_builder *builder, char *out, size_t room);
void espota_builder_add(struct espota_builder *builder, const char *format, ...)
    ESPOTA_PRINTF(2, 3);
/* With &, <, > and quotes as entities. */
void espota_builder_add_escaped(struct espota_builder *builder, const char *text);
/* Of one that grows. */
void espota_builder_deinit(struct espota_builder *builder);

/*
 * Patterns and versions as people write them, and as file names carry them.
 */

/* `*` any characters, `?` one character; the case of ASCII letters does not count. */
bool espota_glob_match(const char *pattern, const char *text);

/*
 * Compares as dotted numbers with text parts: < 0, 0, > 0. Numbers by value, of any length; a
 * missing part counts as 0 (2.1 is 2.1.0); a word is older than no word (2.1.0-rc1 is older than
 * 2.1.0) and than a number; words by letters without case; a leading v is ignored.
 */
int espota_version_compare(const char *a, size_t a_length, const char *b, size_t b_length);

/* How a host is written, with or without its port. */
enum { ESPOTA_HOST_MAX = 255 };

/* 1 to 65535; E_USAGE. */
enum espota_status espota_port_parse(const char *text, uint16_t *port,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

struct espota_host {
    char name[ESPOTA_HOST_MAX + 1]; /* without brackets and port */
    uint16_t port;                  /* 0: none was written */
};

/*
 * Takes HOST, HOST:PORT, IPv6 and [IPv6]:PORT apart (also with %scope). E_USAGE for what is none,
 * and for a URL, which is no device that can be invited.
 */
enum espota_status espota_host_parse(const char *text, struct espota_host *out,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

struct espota_address;

/*
 * ADDRESS:PORT or [IPv6]:PORT to listen at, in numbers; port 0: any free one. E_USAGE for what is
 * no host; BAD, without a message, for a host that is no such numbers.
 */
enum espota_status espota_endpoint_parse(const char *text, struct espota_address *out,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
