/* SPDX-License-Identifier: MIT */
/*
 * Text that came from outside or goes there: hex, decimal, comparison without
 * a timing trace, and the form in which a device's words may be shown.
 */
#ifndef ESPOTA_WIRE_TEXT_H
#define ESPOTA_WIRE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

#endif
