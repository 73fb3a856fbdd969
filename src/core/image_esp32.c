/* SPDX-License-Identifier: MIT */
/* The ESP32 family: applications, boot loaders, merged images (PROTOCOL 7.2), trailers (1.6). */
#include <string.h>

#include "core/cursor.h"
#include "core/image_parts.h"

enum {
    HEADER = 24,
    DESCRIPTION = 0x20, /* the start of the first segment */
    TABLE = 0x8000,     /* where partition tables usually are */
    SECTOR = 4096,
};

static const struct {
    uint16_t id;
    enum espota_chip chip;
} chips[] = {
    {0, ESPOTA_CHIP_ESP32},      {2, ESPOTA_CHIP_ESP32_S2},   {5, ESPOTA_CHIP_ESP32_C3},
    {9, ESPOTA_CHIP_ESP32_S3},   {12, ESPOTA_CHIP_ESP32_C2},  {13, ESPOTA_CHIP_ESP32_C6},
    {16, ESPOTA_CHIP_ESP32_H2},  {18, ESPOTA_CHIP_ESP32_P4},  {20, ESPOTA_CHIP_ESP32_C61},
    {23, ESPOTA_CHIP_ESP32_C5},  {25, ESPOTA_CHIP_ESP32_H21}, {28, ESPOTA_CHIP_ESP32_H4},
    {31, ESPOTA_CHIP_ESP32_E22}, {32, ESPOTA_CHIP_ESP32_S31},
};

enum espota_chip espota_chip_by_id(uint16_t id)
{
    for (size_t i = 0; i < sizeof(chips) / sizeof(chips[0]); i++)
        if (chips[i].id == id)
            return chips[i].chip;
    return ESPOTA_CHIP_UNKNOWN;
}

/* Only the first four chips are known to share the coding of the frequency. */
static uint32_t flash_mhz(enum espota_chip chip, unsigned code)
{
    if (chip != ESPOTA_CHIP_ESP32 && chip != ESPOTA_CHIP_ESP32_S2 && chip != ESPOTA_CHIP_ESP32_S3 &&
        chip != ESPOTA_CHIP_ESP32_C3)
        return 0;
    return code == 0 ? 40 : code == 1 ? 26 : code == 2 ? 20 : code == 15 ? 80 : 0;
}

/* A segment that is mapped from flash: a boot loader has none. */
static bool is_mapped(enum espota_chip chip, uint32_t address)
{
    if (chip == ESPOTA_CHIP_ESP32)
        return (address >= 0x3f400000u && address < 0x3f800000u) ||
               (address >= 0x400d0000u && address < 0x40400000u);
    if (chip == ESPOTA_CHIP_ESP32_S2)
        return (address >= 0x3f000000u && address < 0x3ff80000u) ||
               (address >= 0x40080000u && address < 0x40800000u);
    if (chip == ESPOTA_CHIP_ESP32_P4 || chip == ESPOTA_CHIP_ESP32_S31)
        return address >= 0x40000000u && address < 0x4c000000u;
    return (address >= 0x3c000000u && address < 0x3e000000u) ||
           (address >= 0x42000000u && address < 0x44000000u);
}

/* The length of the DER signature that fills the trailer with zeros behind it; 0 if none does. */
static uint32_t der_length(const uint8_t trailer[ESPOTA_SIGNATURE_ESP32_SIZE])
{
    struct espota_reader reader;
    uint32_t body;
    uint32_t total;

    if (trailer[0] != 0x30 || trailer[1] > 0x7f || trailer[1] < 8)
        return 0;
    body = trailer[1];
    total = body + 2;
    espota_reader_init(&reader, trailer + 2, body);
    for (int number = 0; number < 2; number++) {
        if (espota_read_u8(&reader) != 0x02)
            return 0;
        (void)espota_read_bytes(&reader, espota_read_u8(&reader));
    }
    if (reader.overrun || reader.left != 0)
        return 0;
    for (uint32_t i = total; i < ESPOTA_SIGNATURE_ESP32_SIZE; i++)
        if (trailer[i] != 0)
            return 0;
    return total;
}

static void take_trailer(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    uint8_t trailer[ESPOTA_SIGNATURE_ESP32_SIZE];
    uint32_t start = in->source->length - ESPOTA_SIGNATURE_ESP32_SIZE; /* the caller saw to it */
    uint32_t used = ESPOTA_SIGNATURE_ESP32_SIZE;

    if (!espota_part_read(in, start, trailer, sizeof(trailer)))
        return;
    while (used > 0 && trailer[used - 1] == 0)
        used--;
    if (used == 0) /* padding, no signature */
        return;
    image->payload = start;
    image->signature_length = der_length(trailer);
    image->signature = ESPOTA_SIGNATURE_ESP32_ECDSA;
    if (image->signature_length == 0) {
        image->signature = ESPOTA_SIGNATURE_ESP32_RSA;
        image->signature_length = used <= 256 ? 256 : used <= 384 ? 384 : 512;
    }
}

/* What stands behind the image: secure boot's sector, the trailer of an OTA signature. */
static void take_tail(struct espota_inspection *in, uint64_t end)
{
    struct espota_image *image = in->image;
    uint64_t sector = (end + SECTOR - 1) / SECTOR * SECTOR;
    uint64_t left;

    if (espota_part_u32(in, sector) == 0x000002e7u && sector + SECTOR <= in->source->length) {
        image->signature = ESPOTA_SIGNATURE_SECURE_BOOT;
        end = sector + SECTOR;
    }
    left = in->source->length - end; /* the image is whole, the sector too */
    if (left == ESPOTA_SIGNATURE_ESP32_SIZE)
        take_trailer(in);
    else if (left > 0)
        espota_part_trailer_esp8266(in, end); /* signed for the wrong device, but signed */
}

static void take_header(struct espota_inspection *in, const uint8_t head[HEADER])
{
    struct espota_image *image = in->image;
    unsigned size = head[3] >> 4;

    image->chip = espota_chip_by_id((uint16_t)(head[12] | head[13] << 8));
    image->kind = ESPOTA_IMAGE_ESP32;
    image->flash_mode = head[2];
    image->flash_kib = size < 8 ? 1024u << size : 0;
    image->flash_mhz = flash_mhz(image->chip, head[3] & 15);
    image->min_revision = (uint16_t)(head[15] | head[16] << 8);
    image->max_revision = (uint16_t)(head[17] | head[18] << 8);
}

static void take_kind(struct espota_inspection *in, const struct espota_walk *walk)
{
    struct espota_image *image = in->image;

    if (espota_part_app_description(in, DESCRIPTION))
        return;
    for (uint32_t i = 0; i < walk->count; i++)
        if (is_mapped(image->chip, walk->segments[i].address))
            return;
    if (walk->whole) { /* of a file that was cut the mapped segments may be missing */
        image->kind = ESPOTA_IMAGE_ESP32_LOADER;
        espota_part_problem(in, ESPOTA_PROBLEM_LOADER, 0, 0);
    }
}

bool espota_image_try_esp32(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    uint8_t head[HEADER];
    struct espota_walk walk;
    struct espota_walk short_walk;
    bool good;

    if (!espota_part_read(in, 0, head, sizeof(head)) || head[23] > 1 ||
        espota_chip_by_id((uint16_t)(head[12] | head[13] << 8)) == ESPOTA_CHIP_UNKNOWN)
        return false;
    espota_part_walk(in, 0, HEADER, &walk);
    if (!walk.plausible)
        return false;
    good = walk.whole && walk.stored == walk.computed;
    if (!good) { /* then the other reading may be the right one */
        espota_part_walk(in, 0, 8, &short_walk);
        if ((short_walk.whole && short_walk.stored == short_walk.computed) ||
            espota_chip_is_esp32(espota_image_chip_by_head(head, sizeof(head))) == false)
            return false;
    }
    take_header(in, head);
    espota_part_take_walk(in, &walk);
    take_kind(in, &walk);
    if (!walk.whole)
        return true;
    if (head[23] == 1) {
        if (in->source->length - walk.end < ESPOTA_SHA256_SIZE) {
            espota_part_problem(in, ESPOTA_PROBLEM_CUT, (uint32_t)walk.end + ESPOTA_SHA256_SIZE,
                                in->source->length);
            return true;
        }
        image->hash = espota_part_hash(in, (uint32_t)walk.end);
        if (image->hash == ESPOTA_CHECK_WRONG)
            espota_part_problem(in, ESPOTA_PROBLEM_HASH, 0, 0);
        walk.end += ESPOTA_SHA256_SIZE;
    }
    take_tail(in, walk.end);
    return true;
}

/* An entry of a partition table: AA 50, type, subtype, offset, size, label, flags. */
static bool is_table(struct espota_inspection *in, uint32_t offset)
{
    uint8_t entry[32];
    struct espota_reader reader;
    uint8_t type;
    uint32_t place;
    uint32_t size;

    if (!espota_part_read(in, offset, entry, sizeof(entry)))
        return false;
    espota_reader_init(&reader, entry, sizeof(entry));
    if (espota_read_u16le(&reader) != 0x50aa)
        return false;
    type = espota_read_u8(&reader);
    (void)espota_read_u8(&reader);
    place = espota_read_u32le(&reader);
    size = espota_read_u32le(&reader);
    return (type <= 1 || type >= 0x40) && place != 0 && place % SECTOR == 0 && size != 0;
}

bool espota_image_try_esp32_merged(struct espota_inspection *in)
{
    static const uint16_t starts[] = {0, 0x1000, 0x2000};
    struct espota_image *image = in->image;

    if (is_table(in, 0)) {
        image->kind = ESPOTA_IMAGE_ESP32_PARTITION;
        espota_part_problem(in, ESPOTA_PROBLEM_PARTITION, 0, 0);
        return true;
    }
    if (!is_table(in, TABLE))
        return false;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        uint8_t head[HEADER];

        if (!espota_part_read(in, starts[i], head, sizeof(head)) ||
            !espota_chip_is_esp32(espota_image_chip_by_head(head, sizeof(head))))
            continue;
        take_header(in, head);
        image->kind = ESPOTA_IMAGE_ESP32_MERGED;
        espota_part_problem(in, ESPOTA_PROBLEM_MERGED, 0, 0);
        return true;
    }
    return false;
}
