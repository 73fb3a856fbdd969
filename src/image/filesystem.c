/* SPDX-License-Identifier: MIT */
/*
 * File systems, by their magic. What has none is not taken for one: an image of a file system that
 * is not known here is sent as data if its user says that it is one.
 */
#include <string.h>

#include "image/parts.h"
#include "wire/wire.h"

/* A file system that says how long it is, from `start` on; what follows may be a signature. */
static void take_blocks(struct espota_inspection *in, uint32_t start, uint32_t size, uint32_t count)
{
    struct espota_image *image = in->image;
    uint64_t whole = (uint64_t)size * count;

    image->block_size = size;
    image->block_count = count;
    if (whole > in->source->length)
        espota_image_tell(image, ESPOTA_PROBLEM_FS_LENGTH,
                          whole > UINT32_MAX ? UINT32_MAX : (uint32_t)whole, in->source->length);
    else if (whole > 0)
        espota_part_trailer_esp8266(in, start + whole);
}

/* LittleFS 2: the first metadata block holds "littlefs" and the superblock's numbers. */
static bool try_littlefs(struct espota_inspection *in)
{
    static const uint16_t starts[] = {0, 4096, 8192}; /* either of the first pair of blocks */

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        char name[8];

        if (!espota_part_read(in, (uint64_t)starts[i] + 8, name, sizeof(name)) ||
            memcmp(name, "littlefs", sizeof(name)) != 0)
            continue;
        in->image->kind = ESPOTA_IMAGE_LITTLEFS;
        take_blocks(in, 0, espota_part_u32(in, (uint64_t)starts[i] + 24),
                    espota_part_u32(in, (uint64_t)starts[i] + 28));
        return true;
    }
    return false;
}

/*
 * SPIFFS has no header. Each block's lookup page ends with a magic half-word that is made of the
 * page's size and, as the ESP32 builds it, of the number of blocks from there to the end. A place
 * for it may end in half a block.
 */
static bool spiffs_magic_is(struct espota_inspection *in, uint32_t length, uint32_t block_size,
                            bool counted)
{
    enum { PAGE = 256, PLACE = PAGE - 4 };
    uint32_t count = length / block_size;

    for (uint32_t i = 0; i < count; i++) {
        uint8_t bytes[2];
        uint32_t left = counted ? count - i : 0; /* i < count */
        uint32_t magic = (0x20140529u ^ PAGE ^ left) & 0xffff;

        if (!espota_part_read(in, (uint64_t)i * block_size + PLACE, bytes, sizeof(bytes)) ||
            (bytes[0] | bytes[1] << 8) != (int)magic)
            return false;
    }
    return count >= 2;
}

static bool try_spiffs(struct espota_inspection *in)
{
    static const uint16_t blocks[] = {8192, 4096};
    struct espota_image *image = in->image;
    uint32_t lengths[2] = {in->source->length, espota_part_trailer_length(in)};

    if (lengths[1] != 0)
        lengths[1] = in->source->length - lengths[1] - 4; /* or it were 0 */
    for (size_t l = 0; l < 2 && lengths[l] != 0; l++)
        for (size_t b = 0; b < sizeof(blocks) / sizeof(blocks[0]); b++) {
            if (!spiffs_magic_is(in, lengths[l], blocks[b], true) &&
                !spiffs_magic_is(in, lengths[l], blocks[b], false))
                continue;
            image->kind = ESPOTA_IMAGE_SPIFFS;
            image->block_size = blocks[b];
            image->block_count = lengths[l] / blocks[b];
            if (l == 1 || lengths[l] % blocks[b] != 0) /* what follows may be a signature */
                espota_part_trailer_esp8266(in, (uint64_t)blocks[b] * image->block_count);
            return true;
        }
    return false;
}

static bool try_fat(struct espota_inspection *in)
{
    static const uint16_t starts[] = {0, 4096}; /* ESP32's wear levelling puts a sector in front */

    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        uint8_t sector[512];
        uint32_t size;
        uint32_t count;

        if (!espota_part_read(in, starts[i], sector, sizeof(sector)) || sector[0] != 0xeb ||
            sector[510] != 0x55 || sector[511] != 0xaa)
            continue;
        size = (uint32_t)(sector[11] | sector[12] << 8);
        count = (uint32_t)(sector[19] | sector[20] << 8);
        if (count == 0)
            count = espota_part_u32(in, (uint64_t)starts[i] + 32);
        if (size < 512 || size > 4096 || (size & (size - 1)) != 0)
            continue;
        in->image->kind = ESPOTA_IMAGE_FAT;
        take_blocks(in, starts[i], size, count);
        return true;
    }
    return false;
}

bool espota_image_try_filesystem(struct espota_inspection *in)
{
    return try_littlefs(in) || try_spiffs(in) || try_fat(in);
}
