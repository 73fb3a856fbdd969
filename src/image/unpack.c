/* SPDX-License-Identifier: MIT */
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

#include "crypto/crypto.h"

/* What a boot loader would stumble over. */
static void take_gzip_problems(struct espota_image *image, const struct espota_unpacked *unpacked)
{
    if (!unpacked->whole) {
        espota_image_problem_add(image, ESPOTA_PROBLEM_GZIP_DATA, 0, 0);
        return;
    }
    if (unpacked->crc_stored != unpacked->crc_computed)
        espota_image_problem_add(image, ESPOTA_PROBLEM_GZIP_CRC, unpacked->crc_stored,
                                 unpacked->crc_computed);
    if (unpacked->length_stored != unpacked->length)
        espota_image_problem_add(image, ESPOTA_PROBLEM_GZIP_LENGTH, unpacked->length_stored,
                                 (uint32_t)unpacked->length);
    if (unpacked->consumed == image->length) {
        image->signature = ESPOTA_SIGNATURE_NONE; /* its last word is its own length */
        image->signature_length = 0;
        image->payload = image->length;
    } else if (image->signature == ESPOTA_SIGNATURE_NONE || unpacked->consumed != image->payload)
        espota_image_problem_add(image, ESPOTA_PROBLEM_GZIP_MORE,
                                 image->length - (uint32_t)unpacked->consumed, 0);
}

static enum espota_status inspect_inside(const void *data, struct espota_inspected *out,
                                         const struct espota_crypto *crypto,
                                         struct espota_error *err)
{
    struct espota_unpacked unpacked;
    struct espota_image_source source;
    enum espota_status status = espota_gzip_unpack(data, out->outer.length, &unpacked, err);

    if (status != ESPOTA_OK)
        return status;
    take_gzip_problems(&out->outer, &unpacked);
    out->least_staging = unpacked.least_staging;
    out->unpacked = unpacked.bytes;
    out->unpacked_length = unpacked.length;
    if (unpacked.length == 0)
        return ESPOTA_OK;
    out->packed = true;
    source = espota_image_memory(unpacked.bytes, (uint32_t)unpacked.length);
    status = espota_image_inspect(&source, crypto, &out->inner);
    if (out->inner.kind == ESPOTA_IMAGE_GZIP)
        espota_image_problem_add(&out->inner, ESPOTA_PROBLEM_GZIP_TWICE, 0, 0);
    else if (espota_chip_is_esp32(out->inner.chip))
        espota_image_problem_add(&out->inner, ESPOTA_PROBLEM_GZIP_CHIP, 0, 0);
    return status;
}

enum espota_status espota_inspect_memory(const void *data, size_t length,
                                         struct espota_inspected *out, struct espota_error *err)
{
    struct espota_crypto_openssl crypto;
    struct espota_image_source source;
    enum espota_status status;

    memset(out, 0, sizeof(*out));
    if (length > UINT32_MAX)
        return espota_error_set(err, ESPOTA_E_IMAGE, "it is larger than any device's flash");
    espota_crypto_openssl_init(&crypto);
    source = espota_image_memory(data, (uint32_t)length);
    status = espota_image_inspect(&source, &crypto.table, &out->outer);
    if (status == ESPOTA_OK && out->outer.kind == ESPOTA_IMAGE_GZIP)
        status = inspect_inside(data, out, &crypto.table, err);
    espota_crypto_openssl_deinit(&crypto);
    if (status != ESPOTA_OK)
        espota_inspected_free(out);
    return status;
}

void espota_inspected_free(struct espota_inspected *inspected)
{
    free(inspected->unpacked);
    inspected->unpacked = NULL;
}
