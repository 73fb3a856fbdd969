/* SPDX-License-Identifier: MIT */
/* The Range header (RFC 9110 14), for a single range. */
#ifndef ESPOTA_HTTP_BYTE_RANGE_H
#define ESPOTA_HTTP_BYTE_RANGE_H

#include <stdint.h>

#include "espota/status.h"

struct espota_byte_range {
    uint64_t first;
    uint64_t length; /* never 0 */
};

/*
 * OK: send this part. BAD: no byte of it exists (416). MORE: send the whole, because `value` is
 * NULL, is no range that is understood, or asks for several.
 */
enum espota_status espota_byte_range_parse(const char *value, uint64_t size,
                                           struct espota_byte_range *out) ESPOTA_MUST_CHECK;

#endif
