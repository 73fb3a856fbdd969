/* SPDX-License-Identifier: MIT */
/*
 * The ESP32 family: applications, boot loaders, merged images (PROTOCOL 7.2), trailers (1.6). Its
 * images begin with the same E9 as an ESP8266's, with another header behind it, and no field says
 * which: the chip's number and bytes that are reserved decide, and where they do not, which of the
 * two readings gives a checksum that is right.
 */

#include "image/parts.h"
#include "wire/wire.h"

enum {
    HEADER = ESPOTA_HEADER_ESP32,
    DESCRIPTION = 0x20, /* the start of the first segment */
    TABLE = 0x8000,     /* where partition tables usually are */
    SECTOR = 4096,
    APPLICATION = 0, /* the type of a partition */
    ENTRY = 32,
    ENTRIES_MAX = 95,
};

/* Only the first four chips are known to share the coding of the frequency. */
static uint32_t flash_mhz(enum espota_chip chip, unsigned code)
{
    if (chip != ESPOTA_CHIP_ESP32 && chip != ESPOTA_CHIP_ESP32_S2 && chip != ESPOTA_CHIP_ESP32_S3 &&
        chip != ESPOTA_CHIP_ESP32_C3)
        return 0;
    return espota_part_flash_mhz(code);
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

/* A word of zeros and 64 bytes of ECDSA; a builder that pads to whole 64 KiB has 12 bytes more. */
static bool is_v1_signature(struct espota_inspection *in, uint64_t at, uint64_t left)
{
    uint8_t bytes[68];
    uint8_t all = 0;
    uint8_t every = 0xff;

    if ((left != 68 && left != 80) || !espota_part_read(in, at, bytes, sizeof(bytes)))
        return false;
    for (size_t i = 4; i < sizeof(bytes); i++) {
        all |= bytes[i];
        every &= bytes[i];
    }
    return espota_part_u32(in, at) == 0 && all != 0 && every != 0xff;
}

/* What stands behind the image: secure boot's sector, the trailer of an OTA signature. */
static void take_tail(struct espota_inspection *in, uint64_t end)
{
    struct espota_image *image = in->image;
    uint64_t sector = (end + SECTOR - 1) / SECTOR * SECTOR;
    uint32_t magic = espota_part_u32(in, sector);
    uint64_t left;

    if ((magic == 0x000002e7u || magic == 0x000003e7u) && sector + SECTOR <= in->source->length) {
        image->signature = magic == 0x000002e7u ? ESPOTA_SIGNATURE_SECURE_BOOT
                                                : ESPOTA_SIGNATURE_SECURE_BOOT_ECDSA;
        end = sector + SECTOR;
    }
    left = in->source->length - end; /* the image is whole, the sector too */
    if (left == ESPOTA_SIGNATURE_ESP32_SIZE)
        take_trailer(in);
    else if (is_v1_signature(in, end, left))
        image->signature = ESPOTA_SIGNATURE_SECURE_BOOT_V1;
    else if (left > 0)
        espota_part_trailer_esp8266(in, end); /* signed for the wrong device, but signed */
}

static void take_header(struct espota_inspection *in, const uint8_t head[HEADER])
{
    struct espota_image *image = in->image;
    unsigned size = head[3] >> 4;

    image->chip_id = (uint16_t)(head[12] | head[13] << 8);
    image->chip = espota_chip_by_id(image->chip_id);
    if (image->chip == ESPOTA_CHIP_UNKNOWN)
        image->chip = ESPOTA_CHIP_ESP32_OTHER; /* the caller saw that it is of the family */
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

    if (espota_part_app_description(in, DESCRIPTION) || image->chip == ESPOTA_CHIP_ESP32_OTHER)
        return; /* nobody knows what an unknown chip maps */
    for (uint32_t i = 0; i < walk->count; i++)
        if (is_mapped(image->chip, walk->segments[i].address))
            return;
    if (walk->whole) { /* of a file that was cut the mapped segments may be missing */
        image->kind = ESPOTA_IMAGE_ESP32_LOADER;
        espota_image_tell(image, ESPOTA_PROBLEM_LOADER, 0, 0);
    }
}

static bool is_good(const struct espota_walk *walk)
{
    return walk->whole && walk->stored == walk->computed;
}

/*
 * Whether this reading is the right one. A known number and a good checksum say so; otherwise the
 * header alone does, unless it is a good image by the ESP8266's reading.
 */
static bool is_esp32(struct espota_inspection *in, const uint8_t head[HEADER],
                     const struct espota_walk *walk)
{
    struct espota_walk other;

    if (is_good(walk) &&
        espota_chip_by_id((uint16_t)(head[12] | head[13] << 8)) != ESPOTA_CHIP_UNKNOWN)
        return head[23] <= 1;
    espota_part_walk(in, 0, ESPOTA_HEADER_ESP8266, &other);
    return !is_good(&other) && espota_chip_is_esp32(espota_image_chip_by_head(head, HEADER));
}

bool espota_image_try_esp32(struct espota_inspection *in)
{
    struct espota_image *image = in->image;
    uint8_t head[HEADER];
    struct espota_walk walk;
    bool hashed;

    if (!espota_part_read(in, 0, head, sizeof(head)))
        return false;
    espota_part_walk(in, 0, HEADER, &walk);
    if (!is_esp32(in, head, &walk))
        return false;
    take_header(in, head);
    if (image->chip == ESPOTA_CHIP_ESP32_OTHER)
        espota_image_tell(image, ESPOTA_NOTE_CHIP_ID, image->chip_id, 0);
    if (!espota_part_take_walk(in, &walk))
        return true;
    take_kind(in, &walk);
    hashed = head[23] == 1;
    if (walk.whole && (!hashed || espota_part_take_hash(in, &walk.end)))
        take_tail(in, walk.end);
    return true;
}

/* An entry of a partition table: AA 50, type, subtype, offset, size, label, flags. */
struct partition {
    uint8_t type;
    uint32_t place;
};

static bool read_partition(struct espota_inspection *in, uint32_t offset,
                           struct partition *partition)
{
    uint8_t entry[ENTRY];
    struct espota_reader reader;
    uint32_t size;

    if (!espota_part_read(in, offset, entry, sizeof(entry)))
        return false;
    espota_reader_init(&reader, entry, sizeof(entry));
    if (espota_read_u16le(&reader) != 0x50aa)
        return false;
    partition->type = espota_read_u8(&reader);
    (void)espota_read_u8(&reader);
    partition->place = espota_read_u32le(&reader);
    size = espota_read_u32le(&reader);
    return (partition->type <= 1 || partition->type >= 0x40) && partition->place != 0 &&
           partition->place % SECTOR == 0 && size != 0;
}

/* Whether something starts where the table at TABLE has a place for an application. */
static bool has_application(struct espota_inspection *in)
{
    struct partition partition;

    for (uint32_t i = 0; i < ENTRIES_MAX; i++) {
        uint8_t first;

        if (!read_partition(in, TABLE + i * ENTRY, &partition))
            return false;
        if (partition.type == APPLICATION && espota_part_read(in, partition.place, &first, 1) &&
            first == 0xe9)
            return true;
    }
    return false;
}

bool espota_image_try_esp32_merged(struct espota_inspection *in)
{
    static const uint16_t starts[] = {0, 0x1000, 0x2000};
    struct espota_image *image = in->image;
    struct partition first;

    if (read_partition(in, 0, &first)) {
        image->kind = ESPOTA_IMAGE_ESP32_PARTITION;
        espota_image_tell(image, ESPOTA_PROBLEM_PARTITION, 0, 0);
        return true;
    }
    if (!read_partition(in, TABLE, &first))
        return false;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        uint8_t head[HEADER];
        bool application;

        if (!espota_part_read(in, starts[i], head, sizeof(head)) ||
            !espota_chip_is_esp32(espota_image_chip_by_head(head, sizeof(head))))
            continue;
        application = has_application(in);
        take_header(in, head);
        image->kind = application ? ESPOTA_IMAGE_ESP32_MERGED : ESPOTA_IMAGE_ESP32_LOADER;
        espota_image_tell(image, application ? ESPOTA_PROBLEM_MERGED : ESPOTA_PROBLEM_LOADER_TABLE,
                          0, 0);
        return true;
    }
    return false;
}
