/* SPDX-License-Identifier: MIT */
/*
 * UF2: 512-byte blocks for a drag-and-drop drive (PROTOCOL 7.4). Over the air only devices of
 * LibreTiny take it; others' builds leave it beside the .bin, so it is recognised in order to be
 * refused with a reason.
 */
#include "image/parts.h"
#include "wire/wire.h"

enum { BLOCK = 512, FLAG_FAMILY = 0x2000 };
#define FAMILY_ABSOLUTE 0xe48bff57u /* a block for any RP2350, in front of the program's own */

struct block {
    uint32_t flags;
    uint32_t length;
    uint32_t number;
    uint32_t count;
    uint32_t family;
};

static bool read_block(struct espota_inspection *in, uint32_t offset, struct block *block)
{
    uint8_t head[32];
    struct espota_reader reader;

    if (!espota_part_read(in, offset, head, sizeof(head)))
        return false;
    espota_reader_init(&reader, head, sizeof(head));
    if (espota_read_u32le(&reader) != 0x0a324655u || espota_read_u32le(&reader) != 0x9e5d5157u)
        return false;
    block->flags = espota_read_u32le(&reader);
    (void)espota_read_u32le(&reader); /* the address */
    block->length = espota_read_u32le(&reader);
    block->number = espota_read_u32le(&reader);
    block->count = espota_read_u32le(&reader);
    block->family = block->flags & FLAG_FAMILY ? espota_read_u32le(&reader) : 0;
    return true;
}

static bool block_is_good(struct espota_inspection *in, uint32_t offset, struct block *block)
{
    return read_block(in, offset, block) && block->length <= 476 &&
           espota_part_u32(in, (uint64_t)offset + BLOCK - 4) == 0x0ab16f30u;
}

/*
 * The block that speaks for the file: the first of the program's own. `extra` are those in front.
 * False: not UF2.
 */
static bool find_main(struct espota_inspection *in, struct block *block, uint32_t *extra)
{
    struct block next;

    *extra = 0;
    if (!read_block(in, 0, block))
        return false;
    for (uint32_t i = 0; read_block(in, i * BLOCK, &next); i++) {
        if (next.family != FAMILY_ABSOLUTE) {
            *block = next;
            *extra = i;
            break;
        }
    }
    return true;
}

bool espota_image_try_uf2(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    uint32_t held = in->source->length / BLOCK;
    struct block main;
    struct block block;
    uint32_t extra;

    if (!find_main(in, &main, &extra))
        return false;
    image->kind = ESPOTA_IMAGE_UF2;
    image->uf2_family = main.family;
    image->uf2_blocks = main.count;
    image->chip = espota_chip_by_family(main.family);
    for (uint32_t i = 0; i < held; i++)
        if (!block_is_good(in, i * BLOCK, &block)) {
            espota_image_tell(image, ESPOTA_PROBLEM_UF2_BLOCK, i, 0);
            break;
        }
    held -= extra; /* which are among them */
    if (in->source->length % BLOCK != 0 || held < main.count)
        espota_image_tell(image, ESPOTA_PROBLEM_UF2_COUNT, main.count, held);
    if (!espota_chip_is_libretiny(image->chip))
        espota_image_tell(image, ESPOTA_PROBLEM_UF2_DRIVE, 0, 0);
    return true;
}
