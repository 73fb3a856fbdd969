/* SPDX-License-Identifier: MIT */
/*
 * A boundary is found with nothing kept but how much of it has matched: what matched and was none
 * after all stands in the boundary itself.
 */
#include "core/multipart.h"

#include <string.h>

enum { LEAD = 4 }; /* the line end and the dashes in front of a boundary */

enum espota_status espota_multipart_init(struct espota_multipart *form, const char *boundary)
{
    size_t length = 0;

    memset(form, 0, sizeof(*form));
    memcpy(form->delimiter, "\r\n--", LEAD);
    for (; boundary[length] != '\0'; length++) {
        /* a line end within it would make the search below wrong */
        if (length == ESPOTA_BOUNDARY_MAX || boundary[length] < 0x20 || boundary[length] > 0x7e)
            return ESPOTA_BAD;
        form->delimiter[LEAD + length] = boundary[length];
    }
    if (length == 0)
        return ESPOTA_BAD;
    form->delimiter_length = LEAD + length;
    form->matched = 2; /* the first boundary may stand at the very beginning */
    return ESPOTA_OK;
}

static enum espota_status fail(struct espota_multipart *form)
{
    form->state = ESPOTA_FORM_BAD;
    return ESPOTA_BAD;
}

static enum espota_status give(struct espota_multipart *form, enum espota_multipart_item item)
{
    form->item = item;
    return ESPOTA_OK;
}

static enum espota_status give_data(struct espota_multipart *form, const void *data, size_t length)
{
    form->data = data;
    form->length = length;
    return give(form, ESPOTA_PART_DATA);
}

/*
 * Looks for the delimiter. Its first character occurs in it only once, so what has matched can
 * only begin anew, and is data of the part otherwise. OK: `length` bytes at `data` are data, none
 * if the delimiter was found; MORE: all bytes are taken.
 */
static enum espota_status search(struct espota_multipart *form, const uint8_t **at, size_t *left)
{
    const uint8_t *start = *at;

    while (*left > 0 && form->matched < form->delimiter_length) {
        if (**at == (uint8_t)form->delimiter[form->matched]) {
            if (form->matched == 0 && *at > start) /* what came before it first */
                return give_data(form, start, (size_t)(*at - start));
            form->matched++;
        } else if (form->matched > 0) { /* the byte is looked at again */
            size_t length = form->matched;

            form->matched = 0;
            return give_data(form, form->delimiter, length);
        }
        (*at)++;
        (*left)--; /* *left > 0, see above */
    }
    if (form->matched == 0 && *at > start)
        return give_data(form, start, (size_t)(*at - start));
    return form->matched == form->delimiter_length ? give_data(form, NULL, 0) : ESPOTA_MORE;
}

static void behind_delimiter(struct espota_multipart *form)
{
    form->matched = 0;
    form->behind = '\0';
    form->state = ESPOTA_FORM_BEHIND;
}

/* What comes before the first boundary is for old mail programs. */
static enum espota_status before(struct espota_multipart *form, const uint8_t **at, size_t *left)
{
    enum espota_status status;

    while ((status = search(form, at, left)) == ESPOTA_OK && form->length > 0)
        ;
    if (status == ESPOTA_OK)
        behind_delimiter(form);
    return status == ESPOTA_OK ? ESPOTA_MORE : status;
}

/* A line end, or two dashes; spaces may stand before a line end. */
static enum espota_status behind(struct espota_multipart *form, const uint8_t **at, size_t *left)
{
    char c = (char)**at;

    (*at)++;
    (*left)--; /* the caller has seen that there is a byte */
    if (form->behind == '\0' && (c == ' ' || c == '\t'))
        return ESPOTA_MORE;
    if (form->behind == '\0' && (c == '\r' || c == '-')) {
        form->behind = c;
        return ESPOTA_MORE;
    }
    if (form->behind == '-' && c == '-') {
        form->state = ESPOTA_FORM_OVER;
        return give(form, ESPOTA_FORM_END);
    }
    if (form->behind != '\r' || c != '\n')
        return fail(form);
    espota_http_reader_init(&form->head, false);
    form->name[0] = '\0';
    form->file = false;
    form->state = ESPOTA_FORM_PART_HEAD;
    return ESPOTA_MORE;
}

static void take_disposition(struct espota_multipart *form, const char *value)
{
    char file_name[ESPOTA_HTTP_LINE_MAX]; /* a value is a part of such a line */

    if (!espota_http_parameter(value, "name", form->name, sizeof(form->name)))
        form->name[0] = '\0';
    /* RFC 5987's form begins with the same letters and ends with a star */
    form->file = espota_http_parameter(value, "filename", file_name, sizeof(file_name)) ||
                 espota_http_parameter(value, "filename*", file_name, sizeof(file_name));
}

static enum espota_status part_head(struct espota_multipart *form, const uint8_t **at, size_t *left)
{
    enum espota_status status = espota_http_next(&form->head, at, left);

    if (status == ESPOTA_BAD)
        return fail(form);
    if (status == ESPOTA_MORE)
        return ESPOTA_MORE;
    if (form->head.item == ESPOTA_HTTP_HEADER) {
        if (espota_http_same(form->head.name, "Content-Disposition"))
            take_disposition(form, form->head.value);
        return ESPOTA_MORE;
    }
    form->state = ESPOTA_FORM_PART_BODY;
    form->matched = 0;
    return give(form, ESPOTA_PART_BEGIN);
}

static enum espota_status part_body(struct espota_multipart *form, const uint8_t **at, size_t *left)
{
    enum espota_status status = search(form, at, left);

    if (status != ESPOTA_OK || form->length > 0)
        return status;
    behind_delimiter(form);
    return give(form, ESPOTA_PART_END);
}

static enum espota_status step(struct espota_multipart *form, const uint8_t **at, size_t *left)
{
    switch (form->state) {
    case ESPOTA_FORM_BEFORE:
        return before(form, at, left);
    case ESPOTA_FORM_BEHIND:
        return behind(form, at, left);
    case ESPOTA_FORM_PART_HEAD:
        return part_head(form, at, left);
    case ESPOTA_FORM_PART_BODY:
        return part_body(form, at, left);
    case ESPOTA_FORM_OVER:
        *at += *left;
        *left = 0;
        return ESPOTA_MORE;
    case ESPOTA_FORM_BAD:
        break;
    }
    return ESPOTA_BAD;
}

enum espota_status espota_multipart_next(struct espota_multipart *form, const uint8_t **at,
                                         size_t *left)
{
    enum espota_status status = form->state == ESPOTA_FORM_BAD ? ESPOTA_BAD : ESPOTA_MORE;

    while (status == ESPOTA_MORE && *left > 0)
        status = step(form, at, left);
    return status;
}
