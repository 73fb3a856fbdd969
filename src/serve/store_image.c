/* SPDX-License-Identifier: MIT */
#include "serve/store_image.h"

#include <string.h>

#include "image/image.h"
#include "wire/wire.h"

enum { FLASH_MODE_OFFSET = 2, FLASH_MODES = 4 };

/* MD5 as text; the byte at `swap_at` counts as `swap` (swap < 0: as it is). */
static enum espota_status md5_text(const struct espota_crypto *crypto, const uint8_t *bytes,
                                   size_t length, int swap, char out[33])
{
    struct espota_digest digest;
    uint8_t md5[ESPOTA_MD5_SIZE];
    size_t head = swap >= 0 && length > FLASH_MODE_OFFSET ? FLASH_MODE_OFFSET : 0;
    enum espota_status status = crypto->digest_start(crypto->context, ESPOTA_DIGEST_MD5, &digest);

    if (status != ESPOTA_OK)
        return status;
    if (head > 0) {
        uint8_t mode = (uint8_t)swap;

        crypto->digest_add(crypto->context, &digest, bytes, head);
        crypto->digest_add(crypto->context, &digest, &mode, 1);
        head++;
    }
    crypto->digest_add(crypto->context, &digest, bytes + head, length - head); /* head <= length */
    status = crypto->digest_finish(crypto->context, &digest, md5);
    espota_hex_encode(md5, sizeof(md5), out);
    return status;
}

/* What runs is the payload without a trailer; an ESP8266 has its own flash mode in it. */
static enum espota_status running_digests(struct espota_store_item *item,
                                          const struct espota_crypto *crypto, const uint8_t *bytes,
                                          const struct espota_image *image)
{
    bool patched = image->kind == ESPOTA_IMAGE_ESP8266;
    enum espota_status status = ESPOTA_OK;

    item->running_count = patched ? FLASH_MODES : 1;
    for (unsigned i = 0; i < item->running_count && status == ESPOTA_OK; i++)
        status =
            md5_text(crypto, bytes, image->payload, patched ? (int)i : -1, item->running_md5[i]);
    /* the hash that the boot loader checks stands at the end of the payload */
    if (image->kind == ESPOTA_IMAGE_ESP32 && image->hash == ESPOTA_CHECK_GOOD &&
        image->payload >= ESPOTA_SHA256_SIZE)
        espota_hex_encode(bytes + image->payload - ESPOTA_SHA256_SIZE, ESPOTA_SHA256_SIZE,
                          item->running_sha256);
    return status;
}

static enum espota_status examine_program(struct espota_store_item *item,
                                          const struct espota_crypto *crypto, const uint8_t *bytes,
                                          size_t length, struct espota_image *image)
{
    struct espota_image_source source = espota_image_memory(bytes, (uint32_t)length);
    enum espota_status status = espota_image_inspect(&source, crypto, image);

    if (status != ESPOTA_OK)
        return status;
    item->kind = image->kind;
    item->chip = image->chip;
    /* a file of no known kind is no bad image: who only fetches files may want it */
    if (image->kind != ESPOTA_IMAGE_UNKNOWN && image->problem_count > 0)
        espota_image_problem_text(&image->problems[0], item->problem);
    return running_digests(item, crypto, bytes, image);
}

/* What is packed; damage of the packing itself is the item's problem. */
static enum espota_status examine_gzip(struct espota_store_item *item,
                                       const struct espota_crypto *crypto, const uint8_t *bytes,
                                       uint32_t payload, struct espota_error *err)
{
    struct espota_unpacked unpacked;
    struct espota_image image;
    enum espota_status status = espota_gzip_unpack(bytes, payload, &unpacked, err);

    item->gzip = true;
    if (status == ESPOTA_E_IMAGE) {
        strcpy(item->problem, "unpacked it is larger than any flash");
        return ESPOTA_OK;
    }
    if (status != ESPOTA_OK)
        return status;
    status = examine_program(item, crypto, unpacked.bytes, unpacked.length, &image);
    if (!unpacked.whole || unpacked.crc_stored != unpacked.crc_computed ||
        unpacked.length_stored != unpacked.length)
        strcpy(item->problem, "the compressed data is damaged");
    else if (unpacked.consumed != payload)
        strcpy(item->problem, "something follows the compressed data");
    espota_unpacked_free(&unpacked);
    return status;
}

enum espota_status espota_store_item_examine(struct espota_store_item *item,
                                             const struct espota_crypto *crypto,
                                             struct espota_error *err)
{
    const uint8_t *bytes = item->content->bytes;
    struct espota_image image;
    enum espota_status status;

    status = md5_text(crypto, bytes, item->size, -1, item->md5);
    if (status == ESPOTA_OK)
        status = examine_program(item, crypto, bytes, item->size, &image);
    item->trailer = status == ESPOTA_OK && image.payload < item->size;
    if (status == ESPOTA_OK && image.kind == ESPOTA_IMAGE_GZIP)
        status = examine_gzip(item, crypto, bytes, image.payload, err);
    return status;
}
