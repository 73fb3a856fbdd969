/* SPDX-License-Identifier: MIT */
/*
 * RP2040 and RP2350: what objcopy made of the program, flat from the start of flash (PROTOCOL 2,
 * 7.4). There is no header: the loader's CRC, vectors that can be some, or the mark of an RP2350's
 * program tell that it is one, and the SDK's binary info how long it is.
 */

#include "image/parts.h"

enum {
    BOOT2 = 252, /* its CRC follows */
    FS_FIELDS = 0x2ff0,
    APP_START = 0x3000, /* where the OTA loader starts the application */
    LEAST = 0x3008,
    MARKER_RANGE = 0x400,
    ENTRIES_MAX = 256,
};
#define FLASH_START 0x10000000u
#define FLASH_END 0x11000000u

static bool boot2_is_good(struct espota_inspection *in)
{
    return espota_part_u32(in, BOOT2) == espota_part_crc(in, BOOT2, true);
}

static bool is_vectors(struct espota_inspection *in, uint32_t offset)
{
    uint32_t stack = espota_part_u32(in, offset);
    uint32_t reset = espota_part_u32(in, (uint64_t)offset + 4);

    return stack >= 0x20000000u && stack <= 0x20082000u && (reset & 1) == 1 &&
           reset >= FLASH_START && reset < FLASH_END;
}

/* The first place of a word among the first bytes from `from` on; 0 if it is not there. */
static uint32_t find_word(struct espota_inspection *in, uint32_t from, uint32_t word)
{
    for (uint32_t at = from; at < from + MARKER_RANGE; at += 4)
        if (espota_part_u32(in, at) == word)
            return at;
    return 0;
}

/* An address in flash as a place in the file; beyond the file if it is elsewhere. */
static uint64_t in_file(uint32_t address)
{
    return address >= FLASH_START && address < FLASH_END ? address - FLASH_START : UINT64_MAX;
}

static void text_at(struct espota_inspection *in, uint32_t address, char *out)
{
    for (size_t i = 0; i < ESPOTA_IMAGE_TEXT_MAX - 1; i++) {
        char c;

        if (in_file(address) == UINT64_MAX || !espota_part_read(in, in_file(address) + i, &c, 1) ||
            c == '\0')
            break;
        out[i] = c; /* the rest is zero already */
    }
}

/*
 * The SDK's binary info: a table of pointers to entries {type, tag, id, value}. Returns how long
 * the file must be by what they say; 0 if there is no such table.
 */
static uint64_t take_binary_info(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    uint32_t marker = find_word(in, APP_START, 0x7188ebf2u);
    uint64_t at;
    uint64_t end;
    uint64_t need;

    if (marker == 0 || espota_part_u32(in, (uint64_t)marker + 16) != 0xe71aa390u)
        return 0;
    at = in_file(espota_part_u32(in, (uint64_t)marker + 4));
    end = in_file(espota_part_u32(in, (uint64_t)marker + 8));
    need = end != UINT64_MAX ? end : 0;
    for (int i = 0; i < ENTRIES_MAX && at < end && at < in->source->length; i++, at += 4) {
        uint64_t entry = in_file(espota_part_u32(in, at));
        uint32_t id;
        uint32_t value;

        if (entry == UINT64_MAX)
            continue;
        id = espota_part_u32(in, entry + 4);
        value = espota_part_u32(in, entry + 8);
        if (entry + 12 > need)
            need = entry + 12;
        if (id == 0x68f465deu && in_file(value) != UINT64_MAX && in_file(value) > need)
            need = in_file(value); /* the end of the program */
        else if (id == 0x02031c86u)
            text_at(in, value, image->project);
        else if (id == 0x11a9bc3au)
            text_at(in, value, image->version);
    }
    return need;
}

static void take_trailer(struct espota_inspection *in, uint64_t end)
{
    /* pico's trailer always says 256; anything else is the image's own last word */
    if (espota_part_trailer_length(in) == 256)
        espota_part_trailer_esp8266(in, end);
}

/* The fields in front of the application, which only the OTA loader's programs have. */
static void take_filesystem(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    uint32_t start = espota_part_u32(in, FS_FIELDS);
    uint32_t end = espota_part_u32(in, FS_FIELDS + 4);

    if (start < FLASH_START || end > FLASH_END || start > end)
        return; /* no such fields */
    if (start == end) {
        espota_image_tell(image, ESPOTA_NOTE_PICO_NO_FS, 0, 0);
        return;
    }
    image->fs_start = start;
    image->fs_end = end;
}

static void take_program(struct espota_inspection *in)
{
    uint64_t end;

    take_filesystem(in);
    in->image->entry = espota_part_u32(in, APP_START + 4);
    end = take_binary_info(in);
    if (end > in->source->length)
        espota_part_cut(in, end);
    else
        take_trailer(in, end != 0 ? end : LEAST);
}

bool espota_image_try_pico(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    bool boot2 = in->source->length > BOOT2 + 4 && boot2_is_good(in);
    bool vectors = in->source->length > LEAST && is_vectors(in, APP_START);
    bool picobin = in->source->length > LEAST && find_word(in, 0, 0xffffded3u) != 0;

    if (!boot2 && !vectors && !(picobin && is_vectors(in, 0)))
        return false;
    image->kind = ESPOTA_IMAGE_PICO;
    image->chip = picobin ? ESPOTA_CHIP_RP2350 : ESPOTA_CHIP_RP2040;
    if (in->source->length <= LEAST) {
        espota_part_cut(in, LEAST + 1);
        return true;
    }
    if (!boot2 && !picobin)
        espota_image_tell(image, ESPOTA_PROBLEM_PICO_BOOT2, espota_part_u32(in, BOOT2),
                          espota_part_crc(in, BOOT2, true));
    if (vectors)
        take_program(in);
    else {
        espota_image_tell(image, ESPOTA_PROBLEM_PICO_NO_OTA, 0, 0);
        take_trailer(in, LEAST);
    }
    return true;
}
