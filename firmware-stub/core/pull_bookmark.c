/* SPDX-License-Identifier: MIT */
#include "core/pull_bookmark.h"

#include <string.h>

enum {
    MAGIC = 0x31424d50, /* "PMB1" */
    PAGE = ESPOTA_PAGE_SIZE,
    SUM_AT = PAGE - 4, /* the checksum of what is before it in the page */
};

/* --- a page --- */

static enum espota_status write_page(const struct espota_flash *flash, uint32_t address,
                                     uint8_t page[PAGE])
{
    struct espota_writer writer;

    espota_writer_init(&writer, page + SUM_AT, PAGE - SUM_AT);
    espota_write_u32le(&writer, espota_crc32_zlib(ESPOTA_CRC32_START, page, SUM_AT));
    return flash->write(flash->context, address, page, PAGE);
}

static bool is_whole(const uint8_t page[PAGE])
{
    struct espota_reader reader;

    espota_reader_init(&reader, page + SUM_AT, PAGE - SUM_AT);
    return espota_read_u32le(&reader) == espota_crc32_zlib(ESPOTA_CRC32_START, page, SUM_AT);
}

static bool is_erased(const uint8_t page[PAGE])
{
    return page[0] == 0xff && memcmp(page, page + 1, PAGE - 1) == 0;
}

/* --- the image in flash --- */

/* The checksum of what is behind `from`, as it goes on; false: it cannot be read. */
static bool add_image(const struct espota_flash *flash, uint32_t from, uint32_t to, uint32_t *sum)
{
    uint8_t piece[PAGE];

    for (uint32_t at = from; at < to; at += PAGE) { /* both are multiples of a page */
        if (flash->read(flash->context, at, piece, PAGE) != ESPOTA_OK)
            return false;
        *sum = espota_crc32_zlib(*sum, piece, PAGE);
    }
    return true;
}

/* --- the bookmark --- */

enum espota_status espota_pull_bookmark_begin(struct espota_pull_bookmark *bookmark,
                                              const struct espota_flash *flash, uint32_t sector)
{
    uint8_t page[PAGE];
    struct espota_writer writer;
    enum espota_status status = flash->erase(flash->context, sector);

    bookmark->notes = 0;
    bookmark->done = 0;
    bookmark->checksum = ESPOTA_CRC32_START;
    if (status != ESPOTA_OK)
        return status;
    memset(page, 0, sizeof(page));
    espota_writer_init(&writer, page, SUM_AT);
    espota_write_u32le(&writer, MAGIC);
    espota_write_u32le(&writer, bookmark->asked);
    espota_write_u32le(&writer, bookmark->command);
    espota_write_u32le(&writer, bookmark->start);
    espota_write_u32le(&writer, bookmark->size);
    espota_write_u8(&writer, bookmark->has_md5 ? 1 : 0);
    espota_write_bytes(&writer, bookmark->md5, ESPOTA_MD5_HEX);
    espota_write_text(&writer, bookmark->etag); /* what follows is 0 */
    return write_page(flash, sector, page);
}

enum espota_status espota_pull_bookmark_note(struct espota_pull_bookmark *bookmark,
                                             const struct espota_flash *flash, uint32_t sector,
                                             uint32_t done)
{
    uint8_t page[PAGE];
    struct espota_writer writer;
    uint32_t start = bookmark->start;

    if (bookmark->notes >= ESPOTA_PULL_NOTES)
        return ESPOTA_MORE;
    if (!add_image(flash, start + bookmark->done, start + done, &bookmark->checksum))
        return ESPOTA_E_LOCAL;
    bookmark->done = done;
    bookmark->notes++;
    memset(page, 0xff, sizeof(page));
    espota_writer_init(&writer, page, SUM_AT);
    espota_write_u32le(&writer, done);
    espota_write_u32le(&writer, bookmark->checksum);
    espota_write_u8(&writer, bookmark->flash_mode);
    return write_page(flash, sector + bookmark->notes * PAGE, page);
}

static bool read_what(struct espota_pull_bookmark *bookmark, const struct espota_flash *flash,
                      uint32_t sector)
{
    uint8_t page[PAGE];
    struct espota_reader reader;
    const void *md5;

    if (flash->read(flash->context, sector, page, PAGE) != ESPOTA_OK || !is_whole(page))
        return false;
    espota_reader_init(&reader, page, SUM_AT);
    if (espota_read_u32le(&reader) != MAGIC)
        return false;
    bookmark->asked = espota_read_u32le(&reader);
    bookmark->command = espota_read_u32le(&reader);
    bookmark->start = espota_read_u32le(&reader);
    bookmark->size = espota_read_u32le(&reader);
    bookmark->has_md5 = espota_read_u8(&reader) != 0;
    md5 = espota_read_bytes(&reader, ESPOTA_MD5_HEX);
    if (md5 == NULL)
        return false;
    memcpy(bookmark->md5, md5, ESPOTA_MD5_HEX);
    memcpy(bookmark->etag, reader.at, sizeof(bookmark->etag) - 1); /* the page is longer */
    return bookmark->etag[0] != '\0';
}

/* The last page that is whole; one behind it that was cut short is used up, too. */
static bool read_note(struct espota_pull_bookmark *bookmark, const struct espota_flash *flash,
                      uint32_t sector)
{
    uint8_t page[PAGE];
    struct espota_reader reader;

    for (unsigned i = ESPOTA_PULL_NOTES; i > 0; i--) {
        if (flash->read(flash->context, sector + i * PAGE, page, PAGE) != ESPOTA_OK)
            return false;
        if (bookmark->notes == 0 && !is_erased(page))
            bookmark->notes = i;
        if (!is_whole(page))
            continue;
        espota_reader_init(&reader, page, SUM_AT);
        bookmark->done = espota_read_u32le(&reader);
        bookmark->checksum = espota_read_u32le(&reader);
        bookmark->flash_mode = espota_read_u8(&reader);
        return true;
    }
    return false;
}

enum espota_status espota_pull_bookmark_find(struct espota_pull_bookmark *bookmark,
                                             const struct espota_flash *flash, uint32_t sector,
                                             uint32_t asked, uint32_t command)
{
    uint32_t sum = ESPOTA_CRC32_START;

    memset(bookmark, 0, sizeof(*bookmark));
    if (!read_what(bookmark, flash, sector) || bookmark->asked != asked ||
        bookmark->command != command || !read_note(bookmark, flash, sector) ||
        bookmark->done == 0 || bookmark->done >= bookmark->size ||
        bookmark->done % ESPOTA_SECTOR_SIZE != 0 || bookmark->done > UINT32_MAX - bookmark->start ||
        !add_image(flash, bookmark->start, bookmark->start + bookmark->done, &sum) ||
        sum != bookmark->checksum)
        return ESPOTA_MORE;
    return ESPOTA_OK;
}
