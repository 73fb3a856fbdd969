/* SPDX-License-Identifier: MIT */
/* Any file at the image parser: what it says must lie inside the file. */
#include "fuzz.h"

#include <string.h>

#include "image/image.h"
#include "image/parts.h"

struct bytes {
    const uint8_t *data;
    size_t size;
};

static enum espota_status read_bytes(void *context, uint32_t offset, void *out, size_t length)
{
    const struct bytes *bytes = context;

    FUZZ_CHECK(offset <= bytes->size && length <= bytes->size - offset);
    memcpy(out, bytes->data + offset, length);
    return ESPOTA_OK;
}

static void check_texts(const struct espota_image *image)
{
    FUZZ_CHECK(memchr(image->project, '\0', sizeof(image->project)) != NULL);
    FUZZ_CHECK(memchr(image->version, '\0', sizeof(image->version)) != NULL);
    FUZZ_CHECK(memchr(image->sdk, '\0', sizeof(image->sdk)) != NULL);
    FUZZ_CHECK(memchr(image->built, '\0', sizeof(image->built)) != NULL);
    for (size_t i = 0; i < image->problem_count; i++) {
        char text[ESPOTA_PROBLEM_TEXT_MAX];

        espota_image_problem_text(&image->problems[i], text);
        FUZZ_CHECK(strlen(text) > 0 && text[strlen(text) - 1] == '.');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes bytes = {data, size};
    struct espota_image_source source = {&bytes, (uint32_t)size, read_bytes};
    struct espota_image image;

    if (size > UINT32_MAX)
        return 0;
    FUZZ_CHECK(espota_image_inspect(&source, NULL, &image) == ESPOTA_OK);
    FUZZ_CHECK(image.kind < ESPOTA_IMAGE_KIND_COUNT);
    FUZZ_CHECK(image.length == size && image.payload <= size);
    FUZZ_CHECK(image.segment_count <= ESPOTA_IMAGE_SEGMENTS_MAX);
    FUZZ_CHECK(image.problem_count <= ESPOTA_IMAGE_PROBLEMS_MAX);
    FUZZ_CHECK(image.problem_count > 0 || image.kind != ESPOTA_IMAGE_UNKNOWN);
    FUZZ_CHECK(image.signature != ESPOTA_SIGNATURE_ESP8266 ||
               image.payload + image.signature_length + 4 == size);
    if (image.problem_count == 0)
        for (size_t i = 0; i < image.segment_count; i++)
            FUZZ_CHECK((uint64_t)image.segments[i].offset + image.segments[i].length <= size);
    check_texts(&image);
    (void)espota_image_chip_by_head(data, size);
    return 0;
}
