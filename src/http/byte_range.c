/* SPDX-License-Identifier: MIT */
/* A range that is not understood is no mistake: RFC 9110 says to send the whole. */
#include "http/http.h"

#include <stdbool.h>
#include <string.h>

/* Digits at the start of `*at`, which is moved behind them; false if there are none or too many. */
static bool take_number(const char **at, uint64_t *out)
{
    const char *start = *at;

    *out = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (*at - start >= 18)
            return false;
        *out = *out * 10 + (uint64_t)(**at - '0');
    }
    return *at > start;
}

enum espota_status espota_byte_range_parse(const char *value, uint64_t size,
                                           struct espota_byte_range *out)
{
    uint64_t first = 0;
    uint64_t last = 0;
    bool has_first, has_last;

    if (value == NULL || strncmp(value, "bytes=", 6) != 0)
        return ESPOTA_MORE;
    value += 6;
    has_first = take_number(&value, &first);
    if (*value++ != '-')
        return ESPOTA_MORE;
    has_last = take_number(&value, &last);
    if (*value != '\0' || (!has_first && !has_last) || (has_first && has_last && last < first))
        return ESPOTA_MORE;
    if (!has_first) { /* the last so many bytes */
        if (last == 0 || size == 0)
            return ESPOTA_BAD;
        first = last < size ? size - last : 0;
        last = size - 1;
    } else if (first >= size) {
        return ESPOTA_BAD;
    } else if (!has_last || last >= size) {
        last = size - 1; /* size > first >= 0 */
    }
    out->first = first;
    out->length = last - first + 1;
    return ESPOTA_OK;
}
