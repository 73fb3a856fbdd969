/* SPDX-License-Identifier: MIT */
/*
 * Patterns and versions as people write them, and as file names carry them.
 */
#ifndef ESPOTA_TEXT_GLOB_H
#define ESPOTA_TEXT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

/* `*` any characters, `?` one character; the case of ASCII letters does not count. */
bool espota_glob_match(const char *pattern, const char *text);

/*
 * Compares as dotted numbers with text parts: < 0, 0, > 0. Numbers by value, of any length; a
 * missing part counts as 0 (2.1 is 2.1.0); a word is older than no word (2.1.0-rc1 is older than
 * 2.1.0) and than a number; words by letters without case; a leading v is ignored.
 */
int espota_version_compare(const char *a, size_t a_length, const char *b, size_t b_length);

#endif
