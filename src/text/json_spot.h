/* SPDX-License-Identifier: MIT */
/* Where in a JSON text something stands, for messages about what is well formed but wrong. */
#ifndef ESPOTA_TEXT_JSON_SPOT_H
#define ESPOTA_TEXT_JSON_SPOT_H

#include <stddef.h>

struct espota_json_spot {
    size_t line; /* from 1 */
    size_t column;
};

/*
 * The value of `key` in the object that is element `element` (from 1) of the top-level list `list`;
 * element 0: in the top-level object itself. What is not there is told by what it should be in.
 * The text need not be good: every spot lies inside it or at its end.
 */
struct espota_json_spot espota_json_spot_find(const char *text, size_t length, const char *list,
                                              size_t element, const char *key);

#endif
