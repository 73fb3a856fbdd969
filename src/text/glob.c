/* SPDX-License-Identifier: MIT */
/*
 * No recursion and no going back further than one star: patterns and names may be a stranger's,
 * and must not cost more than their lengths multiplied.
 */
#include "text/text.h"

#include <stdint.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Only the last star needs to be remembered: what it took is all that can be given back. */
bool espota_glob_match(const char *pattern, const char *text)
{
    const char *star = NULL;
    const char *resume = NULL;

    while (*text != '\0') {
        if (*pattern == '*') {
            star = pattern++;
            resume = text;
        } else if (*pattern == '?' || (*pattern != '\0' && lower(*pattern) == lower(*text))) {
            pattern++;
            text++;
        } else if (star != NULL) {
            pattern = star + 1;
            text = ++resume;
        } else {
            return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    return *pattern == '\0';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

enum part_kind { PART_WORD, PART_END, PART_NUMBER };

struct version_part {
    enum part_kind kind;
    const char *at;
    size_t length;
};

/* The next number (leading zeros taken off) or word of a text, whose beginning moves behind it;
 * separators are passed over. */
static struct version_part next_part(const char **text, const char *end)
{
    struct version_part part = {PART_END, NULL, 0};
    bool (*same)(char) = is_letter;
    const char *at = *text;

    while (at < end && !is_digit(*at) && !is_letter(*at))
        at++;
    if (at < end) {
        same = is_digit(*at) ? is_digit : is_letter;
        part.kind = is_digit(*at) ? PART_NUMBER : PART_WORD;
        while (end - at > 1 && at[0] == '0' && is_digit(at[1]))
            at++;
    }
    part.at = at;
    while (at < end && same(*at))
        at++;
    part.length = (size_t)(at - part.at);
    *text = at;
    return part;
}

static int compare_text(const struct version_part *a, const struct version_part *b)
{
    size_t shorter = a->length < b->length ? a->length : b->length;

    for (size_t i = 0; i < shorter; i++) {
        int difference = lower(a->at[i]) - lower(b->at[i]);

        if (difference != 0)
            return difference;
    }
    return (a->length > b->length) - (a->length < b->length);
}

static bool is_zero(const struct version_part *part)
{
    return part->kind == PART_NUMBER && part->length == 1 && *part->at == '0';
}

static int compare_parts(const struct version_part *a, const struct version_part *b)
{
    if (a->kind != b->kind) {
        if ((a->kind == PART_END && is_zero(b)) || (b->kind == PART_END && is_zero(a)))
            return 0;
        return (int)a->kind - (int)b->kind; /* a word, then nothing, then a number */
    }
    if (a->kind == PART_NUMBER && a->length != b->length)
        return a->length < b->length ? -1 : 1; /* no leading zeros: the longer is larger */
    return compare_text(a, b);
}

/* Behind a leading v. */
static const char *start_of(const char *text, size_t length)
{
    return text + (length > 1 && lower(text[0]) == 'v' && is_digit(text[1]));
}

int espota_version_compare(const char *a, size_t a_length, const char *b, size_t b_length)
{
    const char *left = start_of(a, a_length);
    const char *right = start_of(b, b_length);

    for (;;) {
        struct version_part one = next_part(&left, a + a_length);
        struct version_part two = next_part(&right, b + b_length);
        int difference = compare_parts(&one, &two);

        if (difference != 0 || (one.kind == PART_END && two.kind == PART_END))
            return difference;
    }
}
