/* SPDX-License-Identifier: MIT */
/*
 * What an image is and what is wrong with it (PROTOCOL 7 and 8.1), a part of the room's door. The
 * parser is freestanding and reads through a callback, in small pieces at any offset, so that
 * neither a file nor a flash chip need be in memory. Everything it reads is hostile.
 */
#ifndef ESPOTA_IMAGE_FORMAT_H
#define ESPOTA_IMAGE_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"
#include "espota/status.h"
#include "wire/wire.h"

/* Where the bytes come from. */
struct espota_image_source {
    void *context;
    uint32_t length;
    /* Exactly `length` bytes from `offset`; never asked for bytes beyond the end. */
    enum espota_status (*read)(void *context, uint32_t offset, void *out,
                               size_t length) ESPOTA_MUST_CHECK;
};

enum espota_chip {
    ESPOTA_CHIP_UNKNOWN,
    ESPOTA_CHIP_ESP8266,
    ESPOTA_CHIP_ESP32,
    ESPOTA_CHIP_ESP32_S2,
    ESPOTA_CHIP_ESP32_C3,
    ESPOTA_CHIP_ESP32_S3,
    ESPOTA_CHIP_ESP32_C2,
    ESPOTA_CHIP_ESP32_C6,
    ESPOTA_CHIP_ESP32_H2,
    ESPOTA_CHIP_ESP32_P4,
    ESPOTA_CHIP_ESP32_C61,
    ESPOTA_CHIP_ESP32_C5,
    ESPOTA_CHIP_ESP32_H21,
    ESPOTA_CHIP_ESP32_H4,
    ESPOTA_CHIP_ESP32_E22,
    ESPOTA_CHIP_ESP32_S31,
    ESPOTA_CHIP_ESP32_OTHER, /* of the family, by a number that is not known here */
    ESPOTA_CHIP_RP2040,
    ESPOTA_CHIP_RP2350,
    ESPOTA_CHIP_LIBRETINY, /* BK72xx, RTL87xx, …: their images are UF2, as are those of: */
    ESPOTA_CHIP_LN882H,
};

/* "ESP8266", "ESP32-C3", …; "unknown" where it is. */
const char *espota_chip_name(enum espota_chip chip);
bool espota_chip_is_esp32(enum espota_chip chip); /* any of the family */
bool espota_chip_is_pico(enum espota_chip chip);
bool espota_chip_is_libretiny(enum espota_chip chip);
/* The port, of UDP or TCP, that devices of this chip listen on; 0: not known. */
uint16_t espota_chip_port(enum espota_chip chip);

enum espota_image_kind {
    ESPOTA_IMAGE_UNKNOWN,
    ESPOTA_IMAGE_ESP8266,         /* Arduino's two images in one file */
    ESPOTA_IMAGE_ESP8266_SINGLE,  /* one v1 image alone: a boot loader, or a part for a cable */
    ESPOTA_IMAGE_ESP8266_USER,    /* NONOS or RTOS SDK 2 user1/user2 image, v1 or v2, with CRC */
    ESPOTA_IMAGE_ESP8266_RTOS,    /* RTOS SDK 3 */
    ESPOTA_IMAGE_ESP32,           /* an application */
    ESPOTA_IMAGE_ESP32_LOADER,    /* a boot loader */
    ESPOTA_IMAGE_ESP32_MERGED,    /* boot loader, partition table and application in one */
    ESPOTA_IMAGE_ESP32_PARTITION, /* a partition table */
    ESPOTA_IMAGE_PICO,            /* flat flash contents */
    ESPOTA_IMAGE_UF2,
    ESPOTA_IMAGE_GZIP, /* what is inside is for who can unpack it */
    ESPOTA_IMAGE_LITTLEFS,
    ESPOTA_IMAGE_SPIFFS,
    ESPOTA_IMAGE_FAT,
    ESPOTA_IMAGE_KIND_COUNT
};

/* A short word for scripts ("esp8266", "esp32-merged", …) and a phrase for people. */
const char *espota_image_kind_word(enum espota_image_kind kind);
const char *espota_image_kind_text(enum espota_image_kind kind);
bool espota_image_is_filesystem(enum espota_image_kind kind);

enum espota_image_problem_kind {
    ESPOTA_PROBLEM_NONE,
    ESPOTA_PROBLEM_EMPTY,
    ESPOTA_PROBLEM_UNKNOWN,       /* no format that is known here */
    ESPOTA_PROBLEM_CUT,           /* needs `a` bytes, has `b` */
    ESPOTA_PROBLEM_SEGMENTS,      /* those that it lists cannot be right */
    ESPOTA_PROBLEM_CHECKSUM,      /* says `a`, its bytes give `b` */
    ESPOTA_PROBLEM_BOOT_CHECKSUM, /* the same of the boot loader in front */
    ESPOTA_PROBLEM_CRC,           /* says `a`, its bytes give `b` */
    ESPOTA_PROBLEM_LENGTH,        /* its header says `a` bytes, its segments `b` */
    ESPOTA_PROBLEM_HASH,          /* the appended SHA-256 is not that of the bytes */
    ESPOTA_PROBLEM_FLASH_MODE,    /* mode byte `a`, above 3 */
    ESPOTA_PROBLEM_PART,          /* one v1 image where a device wants two */
    ESPOTA_PROBLEM_LOADER,        /* a boot loader, or a program for RAM */
    ESPOTA_PROBLEM_LOADER_TABLE,  /* a boot loader with a partition table behind it */
    ESPOTA_PROBLEM_MERGED,        /* with its loader and partition table: for a cable */
    ESPOTA_PROBLEM_PARTITION,     /* a partition table */
    ESPOTA_PROBLEM_UF2_DRIVE,     /* UF2 is for the drag-and-drop drive */
    ESPOTA_PROBLEM_UF2_BLOCK,     /* block `a` is damaged */
    ESPOTA_PROBLEM_UF2_COUNT,     /* says `a` blocks, holds `b` */
    ESPOTA_PROBLEM_PICO_BOOT2,    /* the CRC of boot2: says `a`, its bytes give `b` */
    ESPOTA_PROBLEM_PICO_NO_OTA,   /* no application where the OTA loader would start it */
    ESPOTA_PROBLEM_FS_LENGTH,     /* the file system says `a` bytes, the file holds `b` */
    /* gzip, found by who unpacks */
    ESPOTA_PROBLEM_GZIP_DATA,   /* damaged */
    ESPOTA_PROBLEM_GZIP_CRC,    /* says `a`, its bytes give `b` */
    ESPOTA_PROBLEM_GZIP_LENGTH, /* the last four bytes say `a`, unpacked it is `b` */
    ESPOTA_PROBLEM_GZIP_MORE,   /* `a` bytes after the first member: eboot reads its length there */
    ESPOTA_PROBLEM_GZIP_TWICE,  /* gzip in gzip */
    ESPOTA_PROBLEM_GZIP_CHIP,   /* what is inside is for a chip that does not unpack */
    ESPOTA_PROBLEM_GZIP_LARGE,  /* it unpacks to more than `a` bytes */
    /* notes: the image is good all the same */
    ESPOTA_NOTE_FIRST,
    ESPOTA_NOTE_PICO_NO_FS =
        ESPOTA_NOTE_FIRST, /* built without a file system: cannot take an update later */
    ESPOTA_NOTE_CHIP_ID,   /* `a`, a number of the ESP32 family that is not known here */
    ESPOTA_PROBLEM_COUNT
};

struct espota_image_problem {
    enum espota_image_problem_kind kind;
    uint32_t a, b;
};

enum { ESPOTA_PROBLEM_TEXT_MAX = 256 };

/* One sentence, terminated. */
void espota_image_problem_text(const struct espota_image_problem *problem,
                               char out[ESPOTA_PROBLEM_TEXT_MAX]);

enum espota_image_check {
    ESPOTA_CHECK_NONE, /* this kind, or this file, has none */
    ESPOTA_CHECK_GOOD,
    ESPOTA_CHECK_WRONG
};

enum espota_image_signature {
    ESPOTA_SIGNATURE_NONE,
    ESPOTA_SIGNATURE_ESP8266,     /* RSA, current or legacy: only the public key can tell */
    ESPOTA_SIGNATURE_ESP32_RSA,   /* 512-byte trailer */
    ESPOTA_SIGNATURE_ESP32_ECDSA, /* 512-byte trailer */
    /* ESP32 secure boot: v2's sector, behind which an OTA trailer may follow, or v1's 68 bytes */
    ESPOTA_SIGNATURE_SECURE_BOOT,
    ESPOTA_SIGNATURE_SECURE_BOOT_ECDSA,
    ESPOTA_SIGNATURE_SECURE_BOOT_V1,
};

enum {
    ESPOTA_IMAGE_SEGMENTS_MAX = 16,
    ESPOTA_IMAGE_PROBLEMS_MAX = 8,
    ESPOTA_IMAGE_NOTES_MAX = 2,
    ESPOTA_IMAGE_TEXT_MAX = 33,
    ESPOTA_SIGNATURE_ESP32_SIZE = 512
};
#define ESPOTA_FLASH_NONE 0xff
#define ESPOTA_FLASH_MODE_MAX 3 /* above it an ESP8266 cannot restore the byte for its MD5 */

struct espota_image_segment {
    uint32_t address;
    uint32_t length;
    uint32_t offset; /* in the file */
};

/* What the parser found. Fields that a kind does not have stay zero. */
struct espota_image {
    enum espota_image_kind kind;
    enum espota_chip chip;
    uint32_t length;  /* the whole file */
    uint32_t payload; /* without a signature trailer */

    uint32_t entry;
    uint8_t flash_mode; /* 0 QIO 1 QOUT 2 DIO 3 DOUT; ESPOTA_FLASH_NONE: the kind has none */
    uint8_t user;       /* ESP8266_USER: 1 or 2 where the image says so */
    uint32_t flash_kib; /* the size that it was built for; 0: unknown */
    uint32_t flash_mhz;
    uint16_t chip_id;      /* ESP32: the number in its header */
    uint16_t min_revision; /* ESP32: major * 100 + minor */
    uint16_t max_revision;
    size_t segment_count; /* of the application */
    struct espota_image_segment segments[ESPOTA_IMAGE_SEGMENTS_MAX];

    enum espota_image_check checksum;
    enum espota_image_check crc;
    enum espota_image_check hash; /* NONE as well where no digest was given */

    /* ESP32 and RTOS applications, Pico programs; raw and hostile, terminated */
    char project[ESPOTA_IMAGE_TEXT_MAX];
    char version[ESPOTA_IMAGE_TEXT_MAX];
    char sdk[ESPOTA_IMAGE_TEXT_MAX];
    char built[ESPOTA_IMAGE_TEXT_MAX];

    uint32_t fs_start; /* PICO: the file system's place in flash */
    uint32_t fs_end;
    uint32_t block_size; /* file systems */
    uint32_t block_count;
    uint32_t uf2_family;
    uint32_t uf2_blocks;

    enum espota_image_signature signature;
    uint32_t signature_length; /* of the signature alone; 0: cannot be told */

    size_t problem_count; /* 0: a good image */
    struct espota_image_problem problems[ESPOTA_IMAGE_PROBLEMS_MAX];
    size_t note_count; /* what its user should know of a good one */
    struct espota_image_problem notes[ESPOTA_IMAGE_NOTES_MAX];
};

/*
 * Looks at an image. OK: `image` says what it is and what is wrong with it; an error is the
 * source's own. `crypto` may be NULL: then appended hashes are not checked.
 */
enum espota_status espota_image_inspect(const struct espota_image_source *source,
                                        const struct espota_crypto *crypto,
                                        struct espota_image *image) ESPOTA_MUST_CHECK;

#endif
