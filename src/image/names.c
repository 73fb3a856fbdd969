/* SPDX-License-Identifier: MIT */
/*
 * What chips, kinds and problems are called. A problem is one sentence with its numbers in it,
 * because `info`, `serve` and a refused upload say the same; freestanding as the parser is, so no
 * printf.
 */
#include "image/parts.h"
#include "wire/wire.h"

enum { NO_ID = 0xffff };

/* What a chip is called, and by what numbers images name it. */
static const struct {
    const char *name;
    uint16_t id;     /* in the header of an ESP32 family's image */
    uint32_t family; /* in a UF2 file; 0: none, or several */
} chips[] = {
    [ESPOTA_CHIP_UNKNOWN] = {"unknown", NO_ID, 0},
    [ESPOTA_CHIP_ESP8266] = {"ESP8266", NO_ID, 0x7eab61edu},
    [ESPOTA_CHIP_ESP32] = {"ESP32", 0, 0x1c5f21b0u},
    [ESPOTA_CHIP_ESP32_S2] = {"ESP32-S2", 2, 0xbfdd4eeeu},
    [ESPOTA_CHIP_ESP32_C3] = {"ESP32-C3", 5, 0xd42ba06cu},
    [ESPOTA_CHIP_ESP32_S3] = {"ESP32-S3", 9, 0xc47e5767u},
    [ESPOTA_CHIP_ESP32_C2] = {"ESP32-C2", 12, 0x2b88d29cu},
    [ESPOTA_CHIP_ESP32_C6] = {"ESP32-C6", 13, 0x540ddf62u},
    [ESPOTA_CHIP_ESP32_H2] = {"ESP32-H2", 16, 0x332726f6u},
    [ESPOTA_CHIP_ESP32_P4] = {"ESP32-P4", 18, 0x3d308e94u},
    [ESPOTA_CHIP_ESP32_C61] = {"ESP32-C61", 20, 0x77d850c4u},
    [ESPOTA_CHIP_ESP32_C5] = {"ESP32-C5", 23, 0xf71c0343u},
    [ESPOTA_CHIP_ESP32_H21] = {"ESP32-H21", 25, 0xb6dd00afu},
    [ESPOTA_CHIP_ESP32_H4] = {"ESP32-H4", 28, 0x9e0baa8au},
    [ESPOTA_CHIP_ESP32_E22] = {"ESP32-E22", 31, 0},
    [ESPOTA_CHIP_ESP32_S31] = {"ESP32-S31", 32, 0x3101f7c1u},
    [ESPOTA_CHIP_ESP32_OTHER] = {"ESP32 family", NO_ID, 0},
    [ESPOTA_CHIP_RP2040] = {"RP2040", NO_ID, 0xe48bff56u},
    [ESPOTA_CHIP_RP2350] = {"RP2350", NO_ID, 0},
    [ESPOTA_CHIP_LIBRETINY] = {"LibreTiny", NO_ID, 0},
    [ESPOTA_CHIP_LN882H] = {"LN882H", NO_ID, 0xa38090a8u},
};
enum { CHIPS = sizeof(chips) / sizeof(chips[0]) };

const char *espota_chip_name(enum espota_chip chip)
{
    return chips[chip].name;
}

enum espota_chip espota_chip_by_id(uint16_t id)
{
    for (size_t i = 0; i < CHIPS && id != NO_ID; i++)
        if (chips[i].id == id)
            return (enum espota_chip)i;
    return ESPOTA_CHIP_UNKNOWN;
}

enum espota_chip espota_chip_by_family(uint32_t family)
{
    static const uint32_t libretiny[] = {0x675a40b0u, 0x7b3ef230u, 0x6a82cc42u, 0x22e0d6fcu,
                                         0x9fffd543u, 0xe08f7564u, 0x3379cfe2u, 0xafe81d49u,
                                         0x159ac324u, 0xde1270b7u};

    for (size_t i = 0; i < CHIPS && family != 0; i++)
        if (chips[i].family == family)
            return (enum espota_chip)i;
    for (size_t i = 0; i < sizeof(libretiny) / sizeof(libretiny[0]); i++)
        if (libretiny[i] == family)
            return ESPOTA_CHIP_LIBRETINY;
    /* secure and not, Arm and RISC-V */
    return family >= 0xe48bff59u && family <= 0xe48bff5bu ? ESPOTA_CHIP_RP2350
                                                          : ESPOTA_CHIP_UNKNOWN;
}

bool espota_chip_is_esp32(enum espota_chip chip)
{
    return chip >= ESPOTA_CHIP_ESP32 && chip <= ESPOTA_CHIP_ESP32_OTHER;
}

bool espota_chip_is_pico(enum espota_chip chip)
{
    return chip == ESPOTA_CHIP_RP2040 || chip == ESPOTA_CHIP_RP2350;
}

bool espota_chip_is_libretiny(enum espota_chip chip)
{
    return chip == ESPOTA_CHIP_LIBRETINY || chip == ESPOTA_CHIP_LN882H;
}

uint16_t espota_chip_port(enum espota_chip chip)
{
    if (chip == ESPOTA_CHIP_ESP8266)
        return 8266;
    if (espota_chip_is_esp32(chip))
        return 3232;
    if (espota_chip_is_libretiny(chip))
        return chip == ESPOTA_CHIP_LN882H ? 8820 : 8892;
    return espota_chip_is_pico(chip) ? 2040 : 0;
}

static const struct {
    const char *word;
    const char *text;
} kinds[ESPOTA_IMAGE_KIND_COUNT] = {
    [ESPOTA_IMAGE_UNKNOWN] = {"unknown", "a file of no known kind"},
    [ESPOTA_IMAGE_ESP8266] = {"esp8266", "an ESP8266 sketch with its boot loader"},
    [ESPOTA_IMAGE_ESP8266_SINGLE] = {"esp8266-part", "a single ESP8266 image"},
    [ESPOTA_IMAGE_ESP8266_USER] = {"esp8266-user", "an ESP8266 NONOS or RTOS SDK user image"},
    [ESPOTA_IMAGE_ESP8266_RTOS] = {"esp8266-rtos", "an ESP8266 RTOS SDK 3 application"},
    [ESPOTA_IMAGE_ESP32] = {"esp32", "an ESP32 family application"},
    [ESPOTA_IMAGE_ESP32_LOADER] = {"esp32-bootloader", "an ESP32 family boot loader"},
    [ESPOTA_IMAGE_ESP32_MERGED] = {"esp32-merged", "a merged ESP32 family factory image"},
    [ESPOTA_IMAGE_ESP32_PARTITION] = {"esp32-partitions", "an ESP32 family partition table"},
    [ESPOTA_IMAGE_PICO] = {"pico", "a Raspberry Pi Pico flash image"},
    [ESPOTA_IMAGE_UF2] = {"uf2", "a UF2 file"},
    [ESPOTA_IMAGE_GZIP] = {"gzip", "a gzip file"},
    [ESPOTA_IMAGE_LITTLEFS] = {"littlefs", "a LittleFS file system"},
    [ESPOTA_IMAGE_SPIFFS] = {"spiffs", "a SPIFFS file system"},
    [ESPOTA_IMAGE_FAT] = {"fat", "a FAT file system"},
};

const char *espota_image_kind_word(enum espota_image_kind kind)
{
    return kinds[kind].word;
}

const char *espota_image_kind_text(enum espota_image_kind kind)
{
    return kinds[kind].text;
}

bool espota_image_is_filesystem(enum espota_image_kind kind)
{
    return kind == ESPOTA_IMAGE_LITTLEFS || kind == ESPOTA_IMAGE_SPIFFS || kind == ESPOTA_IMAGE_FAT;
}

/*
 * Sentences with up to two numbers: %a and %b in decimal, %A and %B as eight, %x and %y as two
 * hex digits of a and b.
 */
static const char *const sentences[ESPOTA_PROBLEM_COUNT] = {
    [ESPOTA_PROBLEM_NONE] = "",
    [ESPOTA_PROBLEM_EMPTY] = "The file is empty.",
    [ESPOTA_PROBLEM_UNKNOWN] = "It is in no format that an OTA device is known to take.",
    [ESPOTA_PROBLEM_CUT] = "It is cut short: it needs at least %a bytes and has %b.",
    [ESPOTA_PROBLEM_SEGMENTS] =
        "Its header is damaged: the segments that it lists cannot be right.",
    [ESPOTA_PROBLEM_CHECKSUM] = "The checksum is wrong: it says %x, its bytes give %y.",
    [ESPOTA_PROBLEM_BOOT_CHECKSUM] =
        "The checksum of the boot loader in front is wrong: it says %x, its bytes give %y.",
    [ESPOTA_PROBLEM_CRC] = "The CRC is wrong: it says %A, its bytes give %B.",
    [ESPOTA_PROBLEM_LENGTH] = "Its header says %a bytes, its segments come to %b.",
    [ESPOTA_PROBLEM_HASH] = "The appended SHA-256 is not that of its bytes.",
    [ESPOTA_PROBLEM_FLASH_MODE] =
        "The flash mode in its header is %x: a device computes another MD5 than its sender.",
    [ESPOTA_PROBLEM_PART] = "It is a single ESP8266 image, the kind that is written by cable: an "
                            "update for a device that runs Arduino needs the boot loader in front.",
    [ESPOTA_PROBLEM_LOADER] = "It is a boot loader or a program for RAM, not an application.",
    [ESPOTA_PROBLEM_LOADER_TABLE] =
        "It is a boot loader with a partition table, and no application: write it by cable.",
    [ESPOTA_PROBLEM_MERGED] = "It is a merged factory image (boot loader, partition table and "
                              "application): write it by cable, send the application alone.",
    [ESPOTA_PROBLEM_PARTITION] = "It is a partition table: write it by cable.",
    [ESPOTA_PROBLEM_UF2_DRIVE] =
        "UF2 is for the drag-and-drop drive: send the .bin that was built beside it.",
    [ESPOTA_PROBLEM_UF2_BLOCK] = "UF2 block %a is damaged.",
    [ESPOTA_PROBLEM_UF2_COUNT] = "It is cut short: it announces %a UF2 blocks and holds %b.",
    [ESPOTA_PROBLEM_PICO_BOOT2] =
        "The CRC of the second-stage boot loader is wrong: it says %A, its bytes give %B.",
    [ESPOTA_PROBLEM_PICO_NO_OTA] =
        "No program stands at 0x3000, where the OTA loader of a Pico starts it.",
    [ESPOTA_PROBLEM_FS_LENGTH] = "It is cut short: the file system says %a bytes, the file has %b.",
    [ESPOTA_PROBLEM_GZIP_DATA] = "The compressed data is damaged or cut short.",
    [ESPOTA_PROBLEM_GZIP_CRC] =
        "The CRC of the compressed file is wrong: it says %A, its bytes give %B.",
    [ESPOTA_PROBLEM_GZIP_LENGTH] = "Its last four bytes say that it unpacks to %a bytes, it "
                                   "unpacks to %b: a boot loader believes the former.",
    [ESPOTA_PROBLEM_GZIP_MORE] = "%a bytes follow the compressed data: a boot loader takes the "
                                 "last four of them for the unpacked length.",
    [ESPOTA_PROBLEM_GZIP_TWICE] = "It is compressed twice: a boot loader unpacks once.",
    [ESPOTA_PROBLEM_GZIP_CHIP] = "It is for a chip whose devices cannot unpack gzip.",
    [ESPOTA_PROBLEM_GZIP_LARGE] = "It unpacks to more than %a bytes, more than any device has.",
    [ESPOTA_NOTE_PICO_NO_FS] = "It was built without a file system: a device that runs it can take "
                               "no further update over the air.",
    [ESPOTA_NOTE_CHIP_ID] = "Its chip, number %a of the ESP32 family, is not known here: no more "
                            "than its form is checked.",
};

static void write_number(struct espota_writer *writer, char form,
                         const struct espota_image_problem *problem)
{
    uint32_t value = form == 'a' || form == 'A' || form == 'x' ? problem->a : problem->b;
    uint8_t bytes[4] = {(uint8_t)(value >> 24), (uint8_t)(value >> 16), (uint8_t)(value >> 8),
                        (uint8_t)value};

    if (form == 'a' || form == 'b')
        espota_write_decimal(writer, value);
    else if (form == 'A' || form == 'B')
        espota_write_hex(writer, bytes, sizeof(bytes));
    else
        espota_write_hex(writer, bytes + 3, 1);
}

void espota_image_problem_text(const struct espota_image_problem *problem,
                               char out[ESPOTA_PROBLEM_TEXT_MAX])
{
    struct espota_writer writer;

    espota_writer_init(&writer, out, ESPOTA_PROBLEM_TEXT_MAX - 1);
    for (const char *at = sentences[problem->kind]; *at != '\0'; at++) {
        if (*at != '%')
            espota_write_u8(&writer, (uint8_t)*at);
        else
            write_number(&writer, *++at, problem);
    }
    out[writer.used] = '\0';
}
