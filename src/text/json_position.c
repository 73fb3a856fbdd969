/* SPDX-License-Identifier: MIT */
/*
 * jansson says where the syntax is broken, and forgets the places of values. So the text is walked
 * once more for a message about what is well formed but wrong; it costs nothing where nothing is.
 */
#include "text/text.h"

#include <string.h>

struct scan {
    const char *at;
    const char *end;
};

static char peek(const struct scan *scan)
{
    return scan->at < scan->end ? *scan->at : '\0';
}

static void skip_space(struct scan *scan)
{
    while (peek(scan) != '\0' && strchr(" \t\r\n", *scan->at) != NULL)
        scan->at++;
}

/* The scan stands on the opening quote, and then behind the closing one. */
static void skip_string(struct scan *scan)
{
    for (scan->at++; scan->at < scan->end && *scan->at != '"'; scan->at++)
        if (*scan->at == '\\' && scan->end - scan->at > 1)
            scan->at++;
    if (scan->at < scan->end)
        scan->at++;
}

/* Up to the comma or bracket behind the value. */
static void skip_value(struct scan *scan)
{
    size_t depth = 0;

    while (scan->at < scan->end) {
        char c = *scan->at;

        if (depth == 0 && (c == ',' || c == '}' || c == ']'))
            return;
        if (c == '"') {
            skip_string(scan);
            continue;
        }
        depth += c == '{' || c == '[';
        depth -= depth > 0 && (c == '}' || c == ']');
        scan->at++;
    }
}

/* Over `"name":` onto the value; whether the name is `key`. */
static bool pass_name(struct scan *scan, const char *key)
{
    size_t length = strlen(key);
    const char *name = scan->at + 1;
    bool is_key;

    if (peek(scan) != '"')
        return false;
    skip_string(scan);
    is_key = scan->at - name == (ptrdiff_t)length + 1 && memcmp(name, key, length) == 0;
    skip_space(scan);
    if (peek(scan) == ':')
        scan->at++;
    skip_space(scan);
    return is_key;
}

/* From an object onto the value of `key`, or, where that is NULL, from a list onto element
 * `element` (from 1); where there is none, the scan stays. */
static bool descend(struct scan *scan, const char *key, size_t element)
{
    struct scan walk = *scan;
    bool more = peek(&walk) == (key != NULL ? '{' : '[');

    for (; more; more = peek(&walk) == ',') {
        walk.at++; /* the bracket or the comma */
        skip_space(&walk);
        if (key != NULL ? pass_name(&walk, key) : --element == 0) {
            *scan = walk;
            return true;
        }
        skip_value(&walk);
    }
    return false;
}

/* A column is a character: the bytes inside one of UTF-8 do not count. */
static struct espota_json_position position_of(const char *text, const char *at)
{
    struct espota_json_position position = {1, 1};

    for (; text < at; text++) {
        if (*text == '\n') {
            position.line++;
            position.column = 1;
        } else if (((unsigned char)*text & 0xc0) != 0x80) {
            position.column++;
        }
    }
    return position;
}

struct espota_json_position espota_json_position_find(const char *text, size_t length,
                                                      const char *list, size_t element,
                                                      const char *key)
{
    struct scan scan = {text, text + length};

    skip_space(&scan);
    if (element == 0 || (descend(&scan, list, 0) && descend(&scan, NULL, element)))
        (void)descend(&scan, key, 0);
    return position_of(text, scan.at);
}
