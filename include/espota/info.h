/* SPDX-License-Identifier: MIT */
/* Explaining an image file: what it is, and what is wrong with it. */
#ifndef ESPOTA_INFO_H
#define ESPOTA_INFO_H

#include <stdbool.h>
#include <stddef.h>

#include "espota/error.h"

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

struct espota_info;

/*
 * Looks at a file ("-": standard input). OK also for an image that is not good; an error is that
 * it could not be read. The path is borrowed for the call alone.
 */
enum espota_status espota_info_create(struct espota_info **out, const char *path,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_info_destroy(struct espota_info *info); /* NULL is fine */

/* No problem was found. */
bool espota_info_ok(const struct espota_info *info);

/* For people: lines of a label and a text that may be shown; false behind the last. */
bool espota_info_line(const struct espota_info *info, size_t index, const char **label,
                      const char **text);
/* Sentences; NULL behind the last. */
const char *espota_info_problem(const struct espota_info *info, size_t index);

/* One line of JSON without its end, to be freed; NULL without memory. */
char *espota_info_json(const struct espota_info *info);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
