/* SPDX-License-Identifier: MIT */
/*
 * jansson says where the syntax is broken, and forgets the places of values. So the text is walked
 * once more for a message about what is well formed but wrong; it costs nothing where nothing is.
 */
#include "text/text.h"

#include <stdbool.h>
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
    while (scan->at < scan->end && strchr(" \t\r\n", *scan->at) != NULL && *scan->at != '\0')
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

/* Into a container: onto its first key or value; false at its end, or if it is another thing. */
static bool enter(struct scan *scan, char opening)
{
    if (peek(scan) != opening)
        return false;
    scan->at++;
    skip_space(scan);
    return peek(scan) != '\0' && peek(scan) != '}' && peek(scan) != ']';
}

/* From a value onto the next key or value. */
static bool next(struct scan *scan)
{
    skip_value(scan);
    if (peek(scan) != ',')
        return false;
    scan->at++;
    skip_space(scan);
    return true;
}

/* From an object onto the value of a key; where there is none, the scan stays. */
static bool find_member(struct scan *scan, const char *key)
{
    struct scan walk = *scan;
    size_t length = strlen(key);
    bool more = enter(&walk, '{');

    while (more && peek(&walk) == '"') {
        const char *name = walk.at + 1;
        bool found;

        skip_string(&walk);
        found = walk.at - name == (ptrdiff_t)length + 1 && memcmp(name, key, length) == 0;
        skip_space(&walk);
        if (peek(&walk) != ':')
            return false;
        walk.at++;
        skip_space(&walk);
        if (found) {
            *scan = walk;
            return true;
        }
        more = next(&walk);
    }
    return false;
}

static bool find_element(struct scan *scan, size_t element)
{
    struct scan walk = *scan;
    bool more = enter(&walk, '[');

    while (more && --element > 0)
        more = next(&walk);
    if (more)
        *scan = walk;
    return more;
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
    if (element == 0 || (find_member(&scan, list) && find_element(&scan, element)))
        (void)find_member(&scan, key);
    return position_of(text, scan.at);
}
