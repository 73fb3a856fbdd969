/* SPDX-License-Identifier: MIT */
/*
 * The bytes of a file as they were when it was read, in memory of this process: what happens to the
 * file later changes nothing. They stay as long as anybody uses them.
 */
#ifndef ESPOTA_HTTP_SHARED_BYTES_H
#define ESPOTA_HTTP_SHARED_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

struct espota_shared_bytes {
    const uint8_t *bytes;
    size_t size;
    unsigned users;
};

/* Copies `size` > 0 bytes of an open file; E_BROKEN if there are no more so many. One user: the
 * caller. */
enum espota_status espota_shared_bytes_copy(int file, size_t size, struct espota_shared_bytes **out,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;
/* One user more. */
struct espota_shared_bytes *espota_shared_bytes_use(struct espota_shared_bytes *shared);
/* One less: the last one frees it. NULL is fine. */
void espota_shared_bytes_leave(struct espota_shared_bytes *shared);

#endif
