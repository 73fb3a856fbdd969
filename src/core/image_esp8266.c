/* SPDX-License-Identifier: MIT */
/* ESP8266: Arduino's two images, the SDKs' v1, v2 and v3 images (PROTOCOL 5.8, 7.1, 8.1). */
#include <string.h>

#include "core/crc.h"
#include "core/image_parts.h"

enum {
    HEADER = 8,
    APP_START = 0x1000,    /* where eboot looks for the application */
    LENGTH_FIELD = 0x1010, /* first bytes of its first segment; the CRC follows */
    CRC_FIELD = 0x1014,
    CRC_END = 0x1018,
};

static void take_flash(struct espota_inspection *in, uint8_t mode, uint8_t size_frequency)
{
    static const uint16_t kib[10] = {512, 256, 1024, 2048, 4096, 2048, 4096, 0, 8192, 16384};
    struct espota_image *image = in->image;
    unsigned size = size_frequency >> 4;
    unsigned frequency = size_frequency & 15;

    image->flash_mode = mode;
    image->flash_kib = size < sizeof(kib) / sizeof(kib[0]) ? kib[size] : 0;
    image->flash_mhz = frequency == 0    ? 40
                       : frequency == 1  ? 26
                       : frequency == 2  ? 20
                       : frequency == 15 ? 80
                                         : 0;
    if (mode > 3) /* the device restores such a byte as FF when it computes the MD5 */
        espota_part_problem(in, ESPOTA_PROBLEM_FLASH_MODE, mode, 0);
}

static uint32_t user_crc(struct espota_inspection *in, uint32_t end)
{
    return espota_crc32_appended(~espota_part_crc(in, 0, end, false)); /* which gives ~z */
}

static uint32_t file_crc(struct espota_inspection *in, uint32_t end)
{
    /* The whole file with the eight bytes of length and CRC as zeros. */
    static const uint8_t zeros[CRC_END - LENGTH_FIELD];
    uint8_t piece[ESPOTA_PIECE];
    uint32_t crc = ESPOTA_CRC32_START;

    for (uint32_t at = 0; at < end;) {
        uint32_t now = end - at < sizeof(piece) ? end - at : (uint32_t)sizeof(piece);

        if (!espota_part_read(in, at, piece, now))
            break;
        /* APP_START is a multiple of the piece's size, so both fields are in one piece */
        if (at == APP_START)
            memcpy(piece + (LENGTH_FIELD - APP_START), zeros, sizeof(zeros));
        crc = espota_crc32_mpeg2(crc, piece, now);
        at += now;
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
        espota_part_problem(in, ESPOTA_PROBLEM_LENGTH, fields->length, end);
        return;
    }
    computed = file_crc(in, end);
    image->crc = computed == fields->crc ? ESPOTA_CHECK_GOOD : ESPOTA_CHECK_WRONG;
    if (image->crc == ESPOTA_CHECK_WRONG)
        espota_part_problem(in, ESPOTA_PROBLEM_CRC, fields->crc, computed);
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
    espota_part_take_walk(in, walk);
    if (has_crc && walk->whole)
        take_crc(in, &fields, (uint32_t)walk->end);
}

static void take_arduino(struct espota_inspection *in, const struct espota_walk *boot)
{
    struct espota_walk walk;
    uint8_t head[4];

    in->image->kind = ESPOTA_IMAGE_ESP8266;
    if (boot->stored != boot->computed)
        espota_part_problem(in, ESPOTA_PROBLEM_BOOT_CHECKSUM, boot->stored, boot->computed);
    /* the updater patches and checks the first header; eboot starts by the second */
    if (espota_part_read(in, 0, head, sizeof(head)))
        take_flash(in, head[2], head[3]);
    espota_part_walk(in, APP_START, HEADER, &walk);
    if (!walk.plausible) {
        espota_part_problem(in, ESPOTA_PROBLEM_SEGMENTS, walk.count, ESPOTA_IMAGE_SEGMENTS_MAX);
        return;
    }
    take_application(in, &walk);
    if (walk.whole)
        espota_part_trailer_esp8266(in, walk.end);
}

static void take_rtos(struct espota_inspection *in, const struct espota_walk *walk)
{
    struct espota_image *image = in->image;
    uint32_t whole = in->source->length;

    image->kind = ESPOTA_IMAGE_ESP8266_RTOS;
    espota_part_take_walk(in, walk);
    if (!walk->whole)
        return;
    if (whole - walk->end < ESPOTA_SHA256_SIZE) { /* whole: end is inside the file */
        espota_part_problem(in, ESPOTA_PROBLEM_CUT, (uint32_t)walk->end + ESPOTA_SHA256_SIZE,
                            whole);
        return;
    }
    image->hash = espota_part_hash(in, (uint32_t)walk->end);
    if (image->hash == ESPOTA_CHECK_WRONG)
        espota_part_problem(in, ESPOTA_PROBLEM_HASH, 0, 0);
    espota_part_trailer_esp8266(in, walk->end + ESPOTA_SHA256_SIZE);
}

/* One v1 image. It is an update where the old SDKs' CRC ends the file, a part otherwise. */
static void take_single(struct espota_inspection *in, const struct espota_walk *walk)
{
    struct espota_image *image = in->image;
    uint32_t whole = in->source->length;
    uint8_t head[4];

    image->kind = ESPOTA_IMAGE_ESP8266_SINGLE;
    espota_part_take_walk(in, walk);
    if (walk->whole && whole - walk->end >= 4 &&
        espota_part_u32(in, whole - 4) == user_crc(in, whole - 4)) {
        image->kind = ESPOTA_IMAGE_ESP8266_USER;
        image->crc = ESPOTA_CHECK_GOOD;
        if (espota_part_read(in, 0, head, sizeof(head)) && (head[3] == 1 || head[3] == 2))
            image->user = head[3];
        return;
    }
    espota_part_problem(in, ESPOTA_PROBLEM_PART, 0, 0);
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
    if (!walk.plausible) {
        if (in->source->length < HEADER)
            espota_part_problem(in, ESPOTA_PROBLEM_CUT, HEADER, in->source->length);
        else
            espota_part_problem(in, ESPOTA_PROBLEM_SEGMENTS, head[1], ESPOTA_IMAGE_SEGMENTS_MAX);
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

bool espota_image_try_esp8266_v2(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    struct espota_walk walk;
    uint8_t head[4];
    uint32_t irom = espota_part_u32(in, 12);
    uint64_t inner = (uint64_t)16 + irom;
    uint32_t computed;
    uint32_t stored;

    if (!espota_part_read(in, 0, head, sizeof(head)) || head[0] != 0xea || head[1] != 4)
        return false;
    image->chip = ESPOTA_CHIP_ESP8266;
    image->kind = ESPOTA_IMAGE_ESP8266_USER;
    if (head[3] == 1 || head[3] == 2) {
        image->user = head[3];
        image->flash_mode = head[2];
    } else
        take_flash(in, head[2], head[3]);
    if (inner + HEADER > in->source->length) {
        uint32_t need = inner > UINT32_MAX - HEADER ? UINT32_MAX : (uint32_t)inner + HEADER;

        espota_part_problem(in, ESPOTA_PROBLEM_CUT, need, in->source->length);
        return true;
    }
    espota_part_walk(in, (uint32_t)inner, HEADER, &walk);
    if (!walk.plausible) {
        espota_part_problem(in, ESPOTA_PROBLEM_SEGMENTS, walk.count, ESPOTA_IMAGE_SEGMENTS_MAX);
        return true;
    }
    espota_part_take_walk(in, &walk);
    if (!walk.whole)
        return true;
    if (in->source->length - walk.end < 4) { /* whole: end is inside the file */
        espota_part_problem(in, ESPOTA_PROBLEM_CUT, (uint32_t)walk.end + 4, in->source->length);
        return true;
    }
    computed = user_crc(in, (uint32_t)walk.end);
    stored = espota_part_u32(in, walk.end);
    image->crc = computed == stored ? ESPOTA_CHECK_GOOD : ESPOTA_CHECK_WRONG;
    if (image->crc == ESPOTA_CHECK_WRONG)
        espota_part_problem(in, ESPOTA_PROBLEM_CRC, stored, computed);
    espota_part_trailer_esp8266(in, walk.end + 4);
    return true;
}
