/* SPDX-License-Identifier: MIT */
/*
 * The head of a request or an answer, and a form with the boundary "b": however the bytes are cut,
 * the same comes out, and the pieces of lines are read within their bounds.
 */
#include "fuzz.h"

#include <string.h>

#include "core/multipart.h"

/* What came out, as a number that depends on order and content but not on the cuts. */
struct sum {
    uint64_t value;
};

static void add(struct sum *sum, const void *data, size_t length)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < length; i++)
        sum->value = (sum->value ^ bytes[i]) * UINT64_C(1099511628211);
}

static void add_text(struct sum *sum, const char *text)
{
    add(sum, text, strlen(text) + 1);
}

static void pieces(const struct espota_http_reader *reader)
{
    char out[ESPOTA_HTTP_LINE_MAX];
    char line[ESPOTA_HTTP_LINE_MAX + 1];
    struct espota_http_request_line request;
    unsigned status;
    uint32_t length;

    if (reader->item == ESPOTA_HTTP_FIRST) {
        memcpy(line, reader->line, strlen(reader->line) + 1);
        if (espota_http_status_line(line, &status) == ESPOTA_OK)
            FUZZ_CHECK(status >= 100 && status < 600);
        if (espota_http_request_line(line, &request) == ESPOTA_OK)
            FUZZ_CHECK(request.method[0] != '\0' && request.target[0] != '\0');
    } else if (reader->item == ESPOTA_HTTP_HEADER) {
        FUZZ_CHECK(reader->name[0] != '\0');
        if (espota_http_parameter(reader->value, "name", out, sizeof(out)))
            FUZZ_CHECK(strlen(out) < strlen(reader->value));
        if (espota_http_length(reader->value, &length) != ESPOTA_OK)
            length = 0;
    }
}

static struct sum head(const uint8_t *data, size_t size, size_t step)
{
    struct espota_http_reader reader;
    struct sum sum = {0};
    enum espota_status status = ESPOTA_MORE;

    espota_http_reader_init(&reader, true);
    for (size_t given = 0; given < size && !reader.over; given += step) {
        const uint8_t *at = data + given;
        size_t left = size - given < step ? size - given : step;

        while (!reader.over && (status = espota_http_next(&reader, &at, &left)) == ESPOTA_OK) {
            uint8_t item = (uint8_t)reader.item;

            add(&sum, &item, 1);
            if (reader.item == ESPOTA_HTTP_HEADER) {
                add_text(&sum, reader.name);
                add_text(&sum, reader.value);
            }
            pieces(&reader);
        }
        FUZZ_CHECK(status != ESPOTA_MORE || left == 0);
    }
    add(&sum, status == ESPOTA_BAD ? "!" : ".", 1);
    return sum;
}

static struct sum form(const uint8_t *data, size_t size, size_t step)
{
    struct espota_multipart form;
    struct sum sum = {0};
    enum espota_status status = ESPOTA_MORE;
    bool open = false;

    FUZZ_CHECK(espota_multipart_init(&form, "b") == ESPOTA_OK);
    for (size_t given = 0; given < size && status != ESPOTA_BAD; given += step) {
        const uint8_t *at = data + given;
        size_t left = size - given < step ? size - given : step;

        while ((status = espota_multipart_next(&form, &at, &left)) == ESPOTA_OK) {
            if (form.item == ESPOTA_PART_DATA) {
                FUZZ_CHECK(open && form.length > 0);
                add(&sum, form.data, form.length);
                continue;
            }
            FUZZ_CHECK(open == (form.item == ESPOTA_PART_END));
            open = form.item == ESPOTA_PART_BEGIN;
            if (open)
                add_text(&sum, form.name);
            add(&sum, open ? "{" : "}", 1);
        }
        FUZZ_CHECK(status == ESPOTA_BAD || left == 0);
    }
    add(&sum, status == ESPOTA_BAD ? "!" : ".", 1);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sum whole;
    struct sum pieced;

    if (size == 0)
        return 0;
    whole = head(data, size, size);
    pieced = head(data, size, 1);
    FUZZ_CHECK(whole.value == pieced.value);
    whole = form(data, size, size);
    pieced = form(data, size, 1);
    FUZZ_CHECK(whole.value == pieced.value);
    pieced = form(data, size, 3);
    FUZZ_CHECK(whole.value == pieced.value);
    return 0;
}
