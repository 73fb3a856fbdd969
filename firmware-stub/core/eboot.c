/* SPDX-License-Identifier: MIT */
/*
 * The original's copy, mistakes included: hosts and tests rely on what becomes of an image that is
 * damaged or too large, and a safer copy would tell them something that no device does.
 */
#include "core/eboot.h"

#include <string.h>

#include "wire/wire.h"

#define MAGIC UINT32_C(0xeb001000)
#define MAGIC_MASK UINT32_C(0xfffff000)

enum {
    CHECKED = ESPOTA_EBOOT_SIZE - 4, /* bytes that the checksum covers */
    LENGTH_FIELD = 4,                /* at the end of a gzip */
};

void espota_eboot_write(const struct espota_eboot *command, uint8_t record[ESPOTA_EBOOT_SIZE])
{
    struct espota_writer writer;

    espota_writer_init(&writer, record, ESPOTA_EBOOT_SIZE);
    espota_write_u32le(&writer, MAGIC);
    espota_write_u32le(&writer, command->action);
    for (size_t i = 0; i < ESPOTA_EBOOT_ARGUMENTS; i++)
        espota_write_u32le(&writer, command->argument[i]);
    espota_write_u32le(&writer, espota_crc32_mpeg2(ESPOTA_CRC32_START, record, CHECKED));
}

enum espota_status espota_eboot_parse(const uint8_t record[ESPOTA_EBOOT_SIZE],
                                      struct espota_eboot *out)
{
    struct espota_reader reader;
    uint32_t magic;

    espota_reader_init(&reader, record, ESPOTA_EBOOT_SIZE);
    magic = espota_read_u32le(&reader);
    out->action = espota_read_u32le(&reader);
    for (size_t i = 0; i < ESPOTA_EBOOT_ARGUMENTS; i++)
        out->argument[i] = espota_read_u32le(&reader);
    if ((magic & MAGIC_MASK) != MAGIC ||
        espota_read_u32le(&reader) != espota_crc32_mpeg2(ESPOTA_CRC32_START, record, CHECKED))
        return ESPOTA_BAD;
    return ESPOTA_OK;
}

void espota_eboot_clear(uint8_t record[ESPOTA_EBOOT_SIZE])
{
    memset(record, 0, 4);
    memset(record + CHECKED, 0, 4);
}

struct copy {
    const struct espota_flash *flash;
    const struct espota_gunzip *gunzip; /* NULL: a plain copy */
    uint32_t source;
    uint32_t target;
    uint32_t left;
    uint8_t *sector;
};

/* Sector 0 holds the loader itself: it is written only if it changes, which is hardly ever. */
static enum espota_eboot_result same_as_target(const struct copy *copy, bool *same)
{
    uint8_t part[64];

    *same = true;
    for (uint32_t at = 0; at < ESPOTA_SECTOR_SIZE && *same; at += sizeof(part)) {
        if (copy->flash->read(copy->flash->context, copy->target + at, part, sizeof(part)) !=
            ESPOTA_OK)
            return ESPOTA_EBOOT_TARGET;
        *same = memcmp(copy->sector + at, part, sizeof(part)) == 0;
    }
    return ESPOTA_EBOOT_DONE;
}

static enum espota_eboot_result read_sector(const struct copy *copy)
{
    const struct espota_flash *flash = copy->flash;
    size_t room = copy->left < ESPOTA_SECTOR_SIZE ? copy->left : ESPOTA_SECTOR_SIZE;
    size_t length;

    if (copy->gunzip == NULL)
        return flash->read(flash->context, copy->source, copy->sector, ESPOTA_SECTOR_SIZE) ==
                       ESPOTA_OK
                   ? ESPOTA_EBOOT_DONE
                   : ESPOTA_EBOOT_READ_SOURCE;
    /* Packed data that end early leave the rest of the last sector in the buffer, and it is copied
     * again until `left` is used up: so does the original, which then reports success. */
    if (copy->gunzip->next(copy->gunzip->context, copy->sector, room, &length) != ESPOTA_OK)
        return ESPOTA_EBOOT_INFLATE;
    memset(copy->sector + room, 0xff, ESPOTA_SECTOR_SIZE - room); /* room <= one sector */
    return ESPOTA_EBOOT_DONE;
}

static enum espota_eboot_result write_sector(const struct copy *copy)
{
    const struct espota_flash *flash = copy->flash;

    if (flash->erase(flash->context, copy->target) != ESPOTA_OK)
        return ESPOTA_EBOOT_ERASE;
    if (flash->write(flash->context, copy->target, copy->sector, ESPOTA_SECTOR_SIZE) != ESPOTA_OK)
        return ESPOTA_EBOOT_TARGET;
    return ESPOTA_EBOOT_DONE;
}

static enum espota_eboot_result copy_sectors(struct copy *copy, bool *kept_first)
{
    enum espota_eboot_result result = ESPOTA_EBOOT_DONE;

    while (copy->left > 0 && result == ESPOTA_EBOOT_DONE) {
        bool same = false;

        result = read_sector(copy);
        if (result == ESPOTA_EBOOT_DONE && copy->target == 0) {
            result = same_as_target(copy, &same);
            *kept_first = same;
        }
        if (result == ESPOTA_EBOOT_DONE && !same)
            result = write_sector(copy);
        copy->source += ESPOTA_SECTOR_SIZE;
        copy->target += ESPOTA_SECTOR_SIZE;
        copy->left -= copy->left < ESPOTA_SECTOR_SIZE ? copy->left : ESPOTA_SECTOR_SIZE;
    }
    return result;
}

/* Looks whether the source is packed; if so, readies the unpacker and takes the length it claims.
 */
static enum espota_eboot_result open_source(struct copy *copy, const struct espota_gunzip *gunzip,
                                            uint32_t size)
{
    const struct espota_flash *flash = copy->flash;
    uint8_t bytes[LENGTH_FIELD];
    struct espota_reader reader;

    if (flash->read(flash->context, copy->source, bytes, 2) != ESPOTA_OK)
        return ESPOTA_EBOOT_READ_SOURCE;
    if (bytes[0] != 0x1f || bytes[1] != 0x8b)
        return ESPOTA_EBOOT_DONE;
    if (size < LENGTH_FIELD || gunzip == NULL)
        return ESPOTA_EBOOT_GZIP_HEADER;
    /* size is at least that long, see above */
    if (flash->read(flash->context, copy->source + size - LENGTH_FIELD, bytes, LENGTH_FIELD) !=
        ESPOTA_OK)
        return ESPOTA_EBOOT_READ_SOURCE;
    espota_reader_init(&reader, bytes, sizeof(bytes));
    copy->left = espota_read_u32le(&reader);
    copy->gunzip = gunzip;
    return gunzip->start(gunzip->context, flash, copy->source) == ESPOTA_OK
               ? ESPOTA_EBOOT_DONE
               : ESPOTA_EBOOT_GZIP_HEADER;
}

enum espota_eboot_result espota_eboot_copy(const struct espota_flash *flash,
                                           const struct espota_gunzip *gunzip, uint32_t source,
                                           uint32_t target, uint32_t size,
                                           uint8_t sector[ESPOTA_SECTOR_SIZE], bool *kept_first)
{
    struct copy copy = {.flash = flash,
                        .source = source,
                        .target = target,
                        .left = (size + (ESPOTA_SECTOR_SIZE - 1)) &
                                ~(uint32_t)(ESPOTA_SECTOR_SIZE - 1)};
    enum espota_eboot_result result;
    bool kept = false;

    if (source % ESPOTA_SECTOR_SIZE != 0 || target % ESPOTA_SECTOR_SIZE != 0)
        return ESPOTA_EBOOT_UNALIGNED;
    copy.sector = sector;
    result = open_source(&copy, gunzip, size);
    if (copy.left > INT32_MAX) /* a negative number to the original: it copies nothing */
        copy.left = 0;
    if (result == ESPOTA_EBOOT_DONE)
        result = copy_sectors(&copy, &kept);
    if (kept_first != NULL)
        *kept_first = kept;
    return result;
}
