/* SPDX-License-Identifier: MIT */
/*
 * The only file that knows jansson. What its own functions leave open is decided here once: text
 * that is not UTF-8, NULL, digits of a time, and what an error says.
 */
#include "text/text.h"

#define json_t espota_json /* its own type under our name: nothing is wrapped */
#include <jansson.h>
#undef json_t

#include <stdlib.h>
#include <string.h>

#include "wire/wire.h"

struct espota_json *espota_json_object(void)
{
    return json_object();
}

struct espota_json *espota_json_array(void)
{
    return json_array();
}

void espota_json_free(struct espota_json *value)
{
    json_decref(value);
}

static struct espota_json *new_text(const char *text)
{
    struct espota_json *value;
    char *shown;
    size_t room;

    if (text == NULL)
        return json_null();
    value = json_string(text);
    if (value != NULL)
        return value;
    room = 4 * strlen(text) + 8; /* the longest escape of a byte has four characters */
    shown = malloc(room);
    if (shown == NULL)
        return NULL;
    espota_text_printable(text, strlen(text), shown, room);
    value = json_string(shown);
    free(shown);
    return value;
}

/* The _new functions of jansson take the value over, also when they fail, also NULL. */
bool espota_json_set_text(struct espota_json *object, const char *key, const char *text)
{
    return json_object_set_new(object, key, new_text(text)) == 0;
}

bool espota_json_set_integer(struct espota_json *object, const char *key, int64_t number)
{
    return json_object_set_new(object, key, json_integer(number)) == 0;
}

static double thousandths(double number)
{
    double scaled = number * 1000;

    if (scaled < 0 || scaled > 1e15) /* not a time; beyond that nothing is behind the point */
        return number;
    return (double)(int64_t)(scaled + 0.5) / 1000;
}

bool espota_json_set_real(struct espota_json *object, const char *key, double number)
{
    return json_object_set_new(object, key, json_real(thousandths(number))) == 0;
}

bool espota_json_set_bool(struct espota_json *object, const char *key, bool value)
{
    return json_object_set_new(object, key, json_boolean(value)) == 0;
}

bool espota_json_set_own(struct espota_json *object, const char *key, struct espota_json *value)
{
    return json_object_set_new(object, key, value) == 0;
}

bool espota_json_append_own(struct espota_json *array, struct espota_json *value)
{
    return json_array_append_new(array, value) == 0;
}

bool espota_json_append_text(struct espota_json *array, const char *text)
{
    return json_array_append_new(array, new_text(text)) == 0;
}

/* 15 digits hold every thousandth below 10^12 and no noise of the binary form. */
enum { REAL_DIGITS = 15 };

char *espota_json_line(const struct espota_json *value)
{
    return json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(REAL_DIGITS));
}

char *espota_json_pretty(const struct espota_json *value)
{
    char *text = json_dumps(value, JSON_INDENT(2) | JSON_REAL_PRECISION(REAL_DIGITS));
    struct espota_builder ended = {.text = NULL};

    if (text != NULL)
        espota_builder_add(&ended, "%s\n", text);
    free(text);
    return ended.text;
}

enum espota_status espota_json_read(const void *data, size_t length, struct espota_json **out,
                                    struct espota_error *err)
{
    json_error_t problem;
    struct espota_json *value = json_loadb(data, length, JSON_REJECT_DUPLICATES, &problem);
    char shown[sizeof(problem.text) * 4];

    *out = value;
    if (value != NULL)
        return ESPOTA_OK;
    if (json_error_code(&problem) == json_error_out_of_memory)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to read JSON");
    /* jansson quotes the text it stumbled over, which may hold anything */
    espota_text_printable(problem.text, strlen(problem.text), shown, sizeof(shown));
    return espota_error_set(err, ESPOTA_E_LOCAL, "line %d, column %d: %s", problem.line,
                            problem.column, shown);
}

struct espota_json *espota_json_member(const struct espota_json *object, const char *key)
{
    return json_object_get(object, key);
}

bool espota_json_is_object(const struct espota_json *value)
{
    return json_is_object(value);
}

bool espota_json_is_array(const struct espota_json *value)
{
    return json_is_array(value);
}

size_t espota_json_count(const struct espota_json *value)
{
    return json_is_object(value) ? json_object_size(value) : json_array_size(value);
}

struct espota_json *espota_json_at(const struct espota_json *array, size_t index)
{
    return json_array_get(array, index);
}

void *espota_json_next(const struct espota_json *object, void *previous, const char **key,
                       struct espota_json **value)
{
    struct espota_json *all = (struct espota_json *)(uintptr_t)object; /* nothing is changed */
    void *at = previous == NULL ? json_object_iter(all) : json_object_iter_next(all, previous);

    if (at == NULL)
        return NULL;
    *key = json_object_iter_key(at);
    *value = json_object_iter_value(at);
    return at;
}

const char *espota_json_text(const struct espota_json *value)
{
    return json_string_value(value);
}

bool espota_json_integer(const struct espota_json *value, int64_t *number)
{
    if (!json_is_integer(value))
        return false;
    *number = json_integer_value(value);
    return true;
}

bool espota_json_bool(const struct espota_json *value, bool *flag)
{
    if (!json_is_boolean(value))
        return false;
    *flag = json_is_true(value);
    return true;
}
