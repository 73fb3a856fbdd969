/* SPDX-License-Identifier: MIT */
/* What the image parser's own files share. Nobody else includes this. */
#ifndef ESPOTA_IMAGE_PARTS_H
#define ESPOTA_IMAGE_PARTS_H

#include "image/format.h"

/* A source over `length` bytes of memory, which must stay. */
struct espota_image_source espota_image_memory(const void *data, uint32_t length);

/*
 * The chip by the first bytes alone: `length` is what there is of the head (48 bytes are plenty).
 * Never reads a checksum, so it takes the header's word.
 */
enum espota_chip espota_image_chip_by_head(const void *head, size_t length);

/* Adds a problem, or a note; beyond the room the rest is dropped. */
void espota_image_tell(struct espota_image *image, enum espota_image_problem_kind kind, uint32_t a,
                       uint32_t b);

/* One inspection under way. */
struct espota_inspection {
    const struct espota_image_source *source;
    const struct espota_crypto *crypto;
    struct espota_image *image;
    enum espota_status status; /* the source's first failure; from then on every read fails */
};

enum {
    ESPOTA_PIECE = 1024, /* bytes read at a time */
    ESPOTA_HEADER_ESP8266 = 8,
    ESPOTA_HEADER_ESP32 = 24,
};

/* Reads inside the file; false beyond its end or after a failure of the source. */
bool espota_part_read(struct espota_inspection *in, uint64_t offset, void *out, size_t length);
/* A little-endian word; 0 where there is none. */
uint32_t espota_part_u32(struct espota_inspection *in, uint64_t offset);

/* The segments of an E9 image with a header of either size. */
struct espota_walk {
    bool plausible; /* the header could be one */
    bool whole;     /* the file holds all of it */
    uint32_t unit;  /* segments come in multiples of it */
    uint32_t count;
    uint64_t end; /* behind the checksum; where it would be if the file were whole */
    uint8_t stored;
    uint8_t computed;
    uint32_t entry;
    struct espota_image_segment segments[ESPOTA_IMAGE_SEGMENTS_MAX];
};

/* Walks the image whose E9 stands at `start`. */
void espota_part_walk(struct espota_inspection *in, uint32_t start, uint32_t header_size,
                      struct espota_walk *walk);
/*
 * Takes what was found over as the application's, with the problems that follow from it. False: it
 * cannot be one, and that is told.
 */
bool espota_part_take_walk(struct espota_inspection *in, const struct espota_walk *walk);

/*
 * The next piece of [*at, end), which *at moves behind; returns its length, 0 at the end or where
 * it cannot be read.
 */
uint32_t espota_part_piece(struct espota_inspection *in, uint32_t *at, uint32_t end,
                           uint8_t piece[ESPOTA_PIECE]);
/* CRC-32 over [0, end), of either kind. */
uint32_t espota_part_crc(struct espota_inspection *in, uint32_t end, bool mpeg2);
/* Checks the SHA-256 behind *end, which then moves behind it. False: cut, which is told. */
bool espota_part_take_hash(struct espota_inspection *in, uint64_t *end);
uint32_t espota_part_flash_mhz(unsigned code); /* 0: not known */
/* esp_app_desc_t at `offset`; false if its magic word is not there. */
bool espota_part_app_description(struct espota_inspection *in, uint32_t offset);
/*
 * The length of a signature in ESP8266's form if one seems to end the file: the last word says a
 * plausible RSA length and the file is longer than that. 0: none.
 */
uint32_t espota_part_trailer_length(struct espota_inspection *in);
/* Takes such a signature behind `end`; leaves the image unsigned otherwise. */
void espota_part_trailer_esp8266(struct espota_inspection *in, uint64_t end);

/* Tells that the file is shorter than `need`. */
void espota_part_cut(struct espota_inspection *in, uint64_t need);
/* The last word on a file that is nothing known here. */
void espota_part_unknown(struct espota_inspection *in);

/* Each: looks whether the file is of its kind and fills the image if so. */
bool espota_image_try_esp32(struct espota_inspection *in);
bool espota_image_try_esp32_merged(struct espota_inspection *in);
bool espota_image_try_esp8266_v2(struct espota_inspection *in);
bool espota_image_try_pico(struct espota_inspection *in);
bool espota_image_try_uf2(struct espota_inspection *in);
bool espota_image_try_filesystem(struct espota_inspection *in);
/* The last word on a file that starts with E9. */
void espota_image_take_esp8266(struct espota_inspection *in);

/* The ESP32 family's chip of this number in an image's header; UNKNOWN if there is none. */
enum espota_chip espota_chip_by_id(uint16_t id);
/* The chip of a UF2 family; UNKNOWN if it is not known here. */
enum espota_chip espota_chip_by_family(uint32_t family);

#endif
