/* SPDX-License-Identifier: MIT */
/* An image and, where it is compressed, what is inside. */
#ifndef ESPOTA_IMAGE_UNPACK_H
#define ESPOTA_IMAGE_UNPACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "image/image.h"

struct espota_inspected {
    struct espota_image outer; /* the file; the problems of its compression are among its own */
    bool packed;               /* it is gzip and something came out */
    struct espota_image inner;
    uint8_t *unpacked; /* the bytes of `inner` */
    size_t unpacked_length;
    int64_t least_staging; /* see image/gzip.h */
};

enum espota_status espota_inspect_memory(const void *data, size_t length,
                                         struct espota_inspected *out,
                                         struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_inspected_free(struct espota_inspected *inspected);

#endif
