/* SPDX-License-Identifier: MIT */
/*
 * JSON as the library needs it, so that only json_jansson.c knows jansson. A
 * value belongs to its container as soon as it is put into one.
 */
#ifndef ESPOTA_TEXT_JSON_H
#define ESPOTA_TEXT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

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
bool espota_json_real(const struct espota_json *value, double *number);
bool espota_json_bool(const struct espota_json *value, bool *flag);

#endif
