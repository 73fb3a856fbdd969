/* SPDX-License-Identifier: MIT */
/*
 * The body of a form (multipart/form-data), part by part as the bytes come. The boundary is found
 * however it is split; what it separates is handed on without a copy.
 */
#ifndef ESPOTA_STUB_CORE_MULTIPART_H
#define ESPOTA_STUB_CORE_MULTIPART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/status.h"
#include "wire/wire.h"

enum { ESPOTA_BOUNDARY_MAX = 70, ESPOTA_PART_NAME_MAX = 64 };

enum espota_multipart_item {
    ESPOTA_PART_BEGIN, /* a part: `name`, `file` */
    ESPOTA_PART_DATA,  /* `data`, `length` bytes of it, borrowed until the next call */
    ESPOTA_PART_END,   /* it is whole */
    ESPOTA_FORM_END,   /* the last boundary; the rest means nothing */
};

enum espota_multipart_state {
    ESPOTA_FORM_BEFORE,    /* the first boundary */
    ESPOTA_FORM_BEHIND,    /* a boundary: a line end or two dashes */
    ESPOTA_FORM_PART_HEAD, /* headers of a part */
    ESPOTA_FORM_PART_BODY,
    ESPOTA_FORM_OVER,
    ESPOTA_FORM_BAD,
};

/* The caller's memory; its content is this module's, the upper half the result of the last call. */
struct espota_multipart {
    enum espota_multipart_item item;
    char name[ESPOTA_PART_NAME_MAX]; /* "" if it has none, or a longer one */
    bool file;                       /* it has a file name */
    const uint8_t *data;
    size_t length;

    enum espota_multipart_state state;
    size_t matched; /* bytes of the delimiter that came last */
    size_t delimiter_length;
    char delimiter[4 + ESPOTA_BOUNDARY_MAX + 1]; /* line end, two dashes, boundary */
    char behind;                                 /* the first character behind a boundary */
    struct espota_http_reader head;
};

/* BAD: `boundary` is empty, too long, or holds what no boundary may hold. */
enum espota_status espota_multipart_init(struct espota_multipart *form,
                                         const char *boundary) ESPOTA_MUST_CHECK;

/*
 * Takes bytes from *at on, at most *left, and moves both. OK: an item; call again. MORE: all
 * bytes are taken. BAD: this is no form.
 */
enum espota_status espota_multipart_next(struct espota_multipart *form, const uint8_t **at,
                                         size_t *left) ESPOTA_MUST_CHECK;

#endif
