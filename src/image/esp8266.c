/* SPDX-License-Identifier: MIT */
/*
 * ESP8266: Arduino's two images, the SDKs' v1, v2 and v3 images (PROTOCOL 5.8, 7.1, 8.1). None of
 * them says which it is: an Arduino image is one whose loader is whole and has a second image
 * behind it, an SDK's ends in a CRC of all before, and the rest is a part for a cable.
 */
#include <string.h>

#include "image/parts.h"
#include "wire/wire.h"

enum {
    HEADER = ESPOTA_HEADER_ESP8266,
    APP_START = 0x1000,    /* where eboot looks for the application */
    LENGTH_FIELD = 0x1010, /* first bytes of its first segment; the CRC follows */
    CRC_FIELD = 0x1014,
    CRC_END = 0x1018,
    V2_HEADER = 16,
};

static void take_flash(struct espota_inspection *in, uint8_t mode, uint8_t size_frequency)
{
    static const uint16_t kib[10] = {512, 256, 1024, 2048, 4096, 2048, 4096, 0, 8192, 16384};
    struct espota_image *image = in->image;
    unsigned size = size_frequency >> 4;

    image->flash_mode = mode;
    image->flash_kib = size < sizeof(kib) / sizeof(kib[0]) ? kib[size] : 0;
    image->flash_mhz = espota_part_flash_mhz(size_frequency & 15);
}

/* Where a segment can lie: RAM, or flash as it is mapped; the SDK's loader knows no other place. */
static bool is_address(uint32_t address)
{
    return address >= 0x3f000000u && address < 0x70000000u;
}

/* Where a program can start. */
static bool is_code(uint32_t address)
{
    return address >= 0x40000000u && address < 0x40400000u;
}

/* Of a file that is not whole: whether that much can be told from what is there. */
static bool is_believable(const struct espota_walk *walk)
{
    for (uint32_t i = 0; i < walk->count; i++)
        if (!is_address(walk->segments[i].address))
            return false;
    return walk->plausible && walk->count > 0 && is_code(walk->entry);
}

static uint32_t user_crc(struct espota_inspection *in, uint32_t end)
{
    return espota_crc32_appended(~espota_part_crc(in, end, false)); /* which gives ~z */
}

static uint32_t file_crc(struct espota_inspection *in, uint32_t end)
{
    /* The whole file with the eight bytes of length and CRC as zeros. */
    uint8_t piece[ESPOTA_PIECE];
    uint32_t crc = ESPOTA_CRC32_START;
    uint32_t at = 0;
    uint32_t length;

    while ((length = espota_part_piece(in, &at, end, piece)) > 0) {
        /* APP_START is a multiple of the piece's size, so both fields are in one piece */
        if (at - length == APP_START)
            memset(piece + (LENGTH_FIELD - APP_START), 0, CRC_END - LENGTH_FIELD);
        crc = espota_crc32_mpeg2(crc, piece, length);
    }
    return crc;
}

/* Length and CRC, as the file has them, and what the two come to in a checksum. */
struct fields {
    uint32_t length;
    uint32_t crc;
    uint8_t sum;
};

static struct fields read_fields(struct espota_inspection *in)
{
    struct fields fields = {espota_part_u32(in, LENGTH_FIELD), espota_part_u32(in, CRC_FIELD), 0};
    uint32_t both = fields.length ^ fields.crc;

    fields.sum = (uint8_t)(both ^ both >> 8 ^ both >> 16 ^ both >> 24);
    return fields;
}

static void take_crc(struct espota_inspection *in, const struct fields *fields, uint32_t end)
{
    struct espota_image *image = in->image;
    uint32_t computed;

    if (fields->length != end) {
        image->crc = ESPOTA_CHECK_WRONG;
        espota_image_tell(in->image, ESPOTA_PROBLEM_LENGTH, fields->length, end);
        return;
    }
    computed = file_crc(in, end);
    image->crc = computed == fields->crc ? ESPOTA_CHECK_GOOD : ESPOTA_CHECK_WRONG;
    if (image->crc == ESPOTA_CHECK_WRONG)
        espota_image_tell(in->image, ESPOTA_PROBLEM_CRC, fields->crc, computed);
}

/*
 * The linker leaves the eight bytes of length and CRC zero, and the checksum was computed then.
 * Old cores have code there: the checksum tells the two apart.
 */
static void take_application(struct espota_inspection *in, struct espota_walk *walk)
{
    struct fields fields = read_fields(in);
    uint8_t as_zeros = walk->computed ^ fields.sum;
    bool has_crc =
        fields.length == walk->end || (walk->stored == as_zeros && walk->stored != walk->computed);

    if (has_crc)
        walk->computed = as_zeros;
    if (espota_part_take_walk(in, walk) && has_crc && walk->whole)
        take_crc(in, &fields, (uint32_t)walk->end);
}

static void take_arduino(struct espota_inspection *in, const struct espota_walk *boot)
{
    struct espota_walk walk;
    uint8_t head[4];

    in->image->kind = ESPOTA_IMAGE_ESP8266;
    if (boot->stored != boot->computed)
        espota_image_tell(in->image, ESPOTA_PROBLEM_BOOT_CHECKSUM, boot->stored, boot->computed);
    /* the updater patches and checks the first header; eboot starts by the second */
    if (espota_part_read(in, 0, head, sizeof(head)))
        take_flash(in, head[2], head[3]);
    /* the device restores such a byte as FF when it computes the MD5 */
    if (head[2] > ESPOTA_FLASH_MODE_MAX)
        espota_image_tell(in->image, ESPOTA_PROBLEM_FLASH_MODE, head[2], 0);
    espota_part_walk(in, APP_START, HEADER, &walk);
    take_application(in, &walk);
    if (walk.whole)
        espota_part_trailer_esp8266(in, walk.end);
}

static void take_rtos(struct espota_inspection *in, struct espota_walk *walk)
{
    in->image->kind = ESPOTA_IMAGE_ESP8266_RTOS;
    if (espota_part_take_walk(in, walk) && walk->whole && espota_part_take_hash(in, &walk->end))
        espota_part_trailer_esp8266(in, walk->end);
}

/* One v1 image. It is an update where the old SDKs' CRC ends the file, a part otherwise. */
static void take_single(struct espota_inspection *in, const struct espota_walk *walk)
{
    struct espota_image *image = in->image;
    uint32_t whole = in->source->length;
    uint8_t head[4];

    image->kind = ESPOTA_IMAGE_ESP8266_SINGLE;
    (void)espota_part_take_walk(in, walk); /* the caller found it believable */
    if (walk->whole && whole - walk->end >= 4 &&
        espota_part_u32(in, whole - 4) == user_crc(in, whole - 4)) {
        image->kind = ESPOTA_IMAGE_ESP8266_USER;
        image->crc = ESPOTA_CHECK_GOOD;
        if (espota_part_read(in, 0, head, sizeof(head)) && (head[3] == 1 || head[3] == 2)) {
            image->user = head[3]; /* in the place of the flash's size and frequency */
            image->flash_kib = 0;
            image->flash_mhz = 0;
        }
        return;
    }
    espota_image_tell(in->image, ESPOTA_PROBLEM_PART, 0, 0);
    if (walk->whole)
        espota_part_trailer_esp8266(in, walk->end);
}

void espota_image_take_esp8266(struct espota_inspection *in)
{
    struct espota_walk walk;
    uint8_t head[4] = {0};
    uint8_t second = 0;

    in->image->chip = ESPOTA_CHIP_ESP8266;
    in->image->kind = ESPOTA_IMAGE_ESP8266_SINGLE;
    espota_part_walk(in, 0, HEADER, &walk);
    (void)espota_part_read(in, 0, head, sizeof(head));
    if (!walk.whole && !is_believable(&walk)) { /* E9 begins other files too */
        espota_part_unknown(in);
        return;
    }
    if (walk.whole && walk.end <= APP_START && espota_part_read(in, APP_START, &second, 1) &&
        second == 0xe9) {
        take_arduino(in, &walk);
        return;
    }
    take_flash(in, head[2], head[3]);
    if (espota_part_app_description(in, HEADER + 8) ||
        (walk.count > 0 && walk.segments[0].address >= 0x40200000u &&
         walk.segments[0].address < 0x40400000u))
        take_rtos(in, &walk);
    else
        take_single(in, &walk);
}

/*
 * Behind the inner image stands the CRC of all before it. Images for rBoot, which name no user,
 * have none, and end there or in padding.
 */
static void take_user_crc(struct espota_inspection *in, uint32_t end)
{
    struct espota_image *image = in->image;
    uint32_t left = in->source->length - end; /* the inner image is whole */
    uint32_t computed;
    uint32_t stored;

    if (left == 0 && image->user == 0)
        return;
    if (left < 4) {
        espota_part_cut(in, (uint64_t)end + 4);
        return;
    }
    computed = user_crc(in, end);
    stored = espota_part_u32(in, end);
    espota_part_trailer_esp8266(in, (uint64_t)end + 4);
    if (computed == stored)
        image->crc = ESPOTA_CHECK_GOOD;
    else if (image->payload == end + 4) { /* nothing else can stand here */
        image->crc = ESPOTA_CHECK_WRONG;
        espota_image_tell(in->image, ESPOTA_PROBLEM_CRC, stored, computed);
    }
}

/* The segment in flash, whose place the header does not say, in front of the inner image's. */
static void take_irom(struct espota_inspection *in, uint32_t length)
{
    struct espota_image *image = in->image;
    struct espota_image_segment irom = {0, length, V2_HEADER};

    if (image->segment_count == ESPOTA_IMAGE_SEGMENTS_MAX)
        return;
    memmove(image->segments + 1, image->segments, image->segment_count * sizeof(irom));
    image->segments[0] = irom;
    image->segment_count++;
}

/* The SDK writes 1 or 2, the user, in the place of size and frequency; the inner image has those.
 */
static void take_user(struct espota_inspection *in, const uint8_t outer[4], uint64_t at)
{
    uint8_t inner[4];
    bool user = outer[3] == 1 || outer[3] == 2;

    if (!user || !espota_part_read(in, at, inner, sizeof(inner)) || inner[0] != 0xe9 ||
        inner[3] == outer[3]) {
        take_flash(in, outer[2], outer[3]);
        return;
    }
    in->image->user = outer[3];
    take_flash(in, inner[2], inner[3]);
}

bool espota_image_try_esp8266_v2(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    struct espota_walk walk;
    uint8_t head[4];
    uint32_t irom = espota_part_u32(in, 12);
    uint64_t inner = (uint64_t)V2_HEADER + irom;

    /* the segment in flash says no address */
    if (!espota_part_read(in, 0, head, sizeof(head)) || head[0] != 0xea || head[1] != 4 ||
        (in->source->length >= HEADER && !is_code(espota_part_u32(in, 4))) ||
        espota_part_u32(in, 8) != 0)
        return false;
    image->chip = ESPOTA_CHIP_ESP8266;
    image->kind = ESPOTA_IMAGE_ESP8266_USER;
    take_user(in, head, inner);
    if (inner + HEADER > in->source->length) {
        espota_part_cut(in, inner + HEADER);
        return true;
    }
    espota_part_walk(in, (uint32_t)inner, HEADER, &walk);
    if (!espota_part_take_walk(in, &walk))
        return true;
    take_irom(in, irom);
    if (walk.whole)
        take_user_crc(in, (uint32_t)walk.end);
    return true;
}
