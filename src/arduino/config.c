/* SPDX-License-Identifier: MIT */
/*
 * Two values of an arduino-cli.yaml, as arduino-cli writes it: blocks by indentation, scalars
 * plain or in quotes. What else YAML can do is told, not guessed.
 */
#include "arduino/install.h"

#include <stdio.h>
#include <string.h>

static const char *next_line(const char *line)
{
    line += strcspn(line, "\n");
    return line + (*line == '\n');
}

static size_t indentation(const char *line)
{
    return strspn(line, " ");
}

static bool says_something(const char *line)
{
    line += strspn(line, " \t");
    return *line != '\0' && *line != '\n' && *line != '\r' && *line != '#';
}

/* What stands behind "key:" in this line, blanks left out; NULL if it is not that key's. */
static const char *behind_key(const char *line, const char *key)
{
    size_t length = strlen(key);

    line += indentation(line);
    if (strncmp(line, key, length) != 0 || line[length] != ':' ||
        strchr(" \t\r\n", line[length + 1]) == NULL) /* finds the end, too */
        return NULL;
    line += length + 1;
    return line + strspn(line, " \t");
}

/* The end of a plain scalar: before a comment, and before blanks at the end. */
static size_t plain_length(const char *at)
{
    size_t length = 0;

    for (size_t i = 0; strchr("\r\n", at[i]) == NULL; i++) {
        if (at[i] == '#' && i > 0 && (at[i - 1] == ' ' || at[i - 1] == '\t'))
            break;
        if (at[i] != ' ' && at[i] != '\t')
            length = i + 1;
    }
    return length;
}

/* Between quotes: '' is a quote in the one kind, \\ and \" are escapes in the other. */
static bool quoted(const char *at, char *out, size_t room)
{
    char quote = *at++;
    char escape = quote == '"' ? '\\' : quote;
    size_t used = 0;

    for (; strchr("\r\n", *at) == NULL && used + 1 < room; at++) {
        bool escaped = *at == escape && (at[1] == quote || at[1] == escape);

        if (*at == quote && !escaped) {
            out[used] = '\0';
            return !says_something(at + 1);
        }
        if (*at == escape && !escaped)
            return false; /* an escape that is not read here */
        at += escaped;
        out[used++] = *at;
    }
    return false;
}

static bool scalar(const char *at, char *out, size_t room)
{
    size_t length = plain_length(at);

    out[0] = '\0';
    if (*at == '"' || *at == '\'')
        return quoted(at, out, room);
    if (length >= room || (length > 0 && strchr("{[&*!|>%@`", *at) != NULL))
        return false;
    snprintf(out, room, "%.*s", (int)length, at);
    return true;
}

bool espota_arduino_config(const char *text, const char *key, char *out, size_t room, bool *strange)
{
    const char *line = text;
    const char *value;
    size_t depth = 0;

    *strange = false;
    if (strncmp(line, "\xEF\xBB\xBF", 3) == 0)
        line += 3;
    while (*line != '\0' && (indentation(line) > 0 || behind_key(line, "directories") == NULL)) {
        *strange = *strange || *line == '{'; /* JSON is YAML, too */
        line = next_line(line);
    }
    if (*line == '\0')
        return false;
    value = behind_key(line, "directories");
    *strange = says_something(value) && strncmp(value, "null", 4) != 0;
    for (line = next_line(line); *line != '\0' && !*strange; line = next_line(line)) {
        if (!says_something(line))
            continue;
        if (indentation(line) == 0)
            return false;
        if (depth == 0)
            depth = indentation(line);
        if (indentation(line) != depth || (value = behind_key(line, key)) == NULL)
            continue;
        *strange = !scalar(value, out, room);
        return !*strange && out[0] != '\0' && strcmp(out, "null") != 0 && strcmp(out, "~") != 0;
    }
    return false;
}
