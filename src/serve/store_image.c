/* SPDX-License-Identifier: MIT */
/*
 * A device says the digest of what it runs, and that is not the digest of the file: a signature
 * behind the image is not installed, a packed one is unpacked, and an ESP8266 writes its own flash
 * mode into the third byte. All that it could say is worked out once.
 */
#include "serve/store_image.h"

#include <string.h>

#include "image/image.h"
#include "wire/wire.h"

enum { FLASH_MODE_OFFSET = 2, FLASH_MODES = 4 };

/* MD5 as text with the flash mode in an image's third byte as it would be. */
static enum espota_status md5_with_mode(const struct espota_crypto *crypto, const uint8_t *bytes,
                                        size_t length, uint8_t mode, char out[33])
{
    const struct espota_digest_part parts[] = {
        {bytes, FLASH_MODE_OFFSET},
        {&mode, 1},
        {bytes + FLASH_MODE_OFFSET + 1, length - FLASH_MODE_OFFSET - 1}};

    return espota_digest_hex(crypto, ESPOTA_DIGEST_MD5, parts, 3, out);
}

/* What runs is the payload without a trailer; an ESP8266 has its own flash mode in it. */
static enum espota_status running_digests(struct espota_store_item *item,
                                          const struct espota_crypto *crypto, const uint8_t *bytes,
                                          const struct espota_image *image)
{
    const struct espota_digest_part whole = {bytes, image->payload};
    enum espota_status status = ESPOTA_OK;

    item->running_count = image->kind == ESPOTA_IMAGE_ESP8266 ? FLASH_MODES : 1;
    if (item->running_count == 1)
        status = espota_digest_hex(crypto, ESPOTA_DIGEST_MD5, &whole, 1, item->running_md5[0]);
    else /* the parser saw a header, so there is a third byte */
        for (uint8_t mode = 0; status == ESPOTA_OK && mode < FLASH_MODES; mode++)
            status = md5_with_mode(crypto, bytes, image->payload, mode, item->running_md5[mode]);
    /* the hash that the boot loader checks stands at the end of the payload */
    if (image->kind == ESPOTA_IMAGE_ESP32 && image->hash == ESPOTA_CHECK_GOOD &&
        image->payload >= ESPOTA_SHA256_SIZE)
        espota_hex_encode(bytes + image->payload - ESPOTA_SHA256_SIZE, ESPOTA_SHA256_SIZE,
                          item->running_sha256);
    return status;
}

/*
 * A file of no known kind is no bad image: who only fetches files may want it. Whether the one who
 * asks can unpack is the decision's matter.
 */
static void take_problem(struct espota_store_item *item, const struct espota_image *image)
{
    if (image->kind != ESPOTA_IMAGE_UNKNOWN && image->problem_count > 0 &&
        image->problems[0].kind != ESPOTA_PROBLEM_GZIP_CHIP && item->problem[0] == '\0')
        espota_image_problem_text(&image->problems[0], item->problem);
}

enum espota_status espota_store_item_examine(struct espota_store_item *item,
                                             const struct espota_crypto *crypto,
                                             struct espota_error *err)
{
    struct espota_image_input from = {
        .name = item->name, .data = item->content->bytes, .length = item->size};
    struct espota_image_file file;
    const struct espota_image *runs;
    enum espota_status status = espota_image_load(&file, &from, true, crypto, err);

    if (status != ESPOTA_OK)
        return status;
    runs = file.packed ? &file.inner : &file.outer;
    memcpy(item->md5, file.md5, sizeof(item->md5));
    item->gzip = file.outer.kind == ESPOTA_IMAGE_GZIP;
    item->trailer = file.outer.payload < item->size;
    item->kind = runs->kind;
    item->chip = runs->chip;
    take_problem(item, &file.outer);
    take_problem(item, runs);
    status = running_digests(item, crypto, file.packed ? file.unpacked : file.bytes, runs);
    espota_image_free(&file);
    return status;
}
