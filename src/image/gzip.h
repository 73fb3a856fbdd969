/* SPDX-License-Identifier: MIT */
/* Gzip as the devices' boot loaders need it (PROTOCOL 5.3, 5.4, 5.7). */
#ifndef ESPOTA_IMAGE_GZIP_H
#define ESPOTA_IMAGE_GZIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "espota/error.h"

enum {
    ESPOTA_GZIP_HEADER_MAX = 20,
    /* No flash of a device that unpacks holds more. */
    ESPOTA_GZIP_UNPACKED_MAX = 32 * 1024 * 1024,
    ESPOTA_GZIP_SECTOR = 4096,
};

/* Where packed bytes go; any status but OK ends the packing with it. */
struct espota_gzip_sink {
    void *context;
    enum espota_status (*write)(void *context, const void *data, size_t length,
                                struct espota_error *err);
};

struct espota_packer;

/*
 * Packs a stream at the best level, the same bytes on every run. The header comes out last,
 * because its length makes the whole a multiple of 4: the file is `header`, then what the sink
 * got.
 */
enum espota_status espota_packer_create(struct espota_packer **out,
                                        const struct espota_gzip_sink *sink,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
enum espota_status espota_packer_add(struct espota_packer *packer, const void *data, size_t length,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
enum espota_status espota_packer_finish(struct espota_packer *packer,
                                        uint8_t header[ESPOTA_GZIP_HEADER_MAX],
                                        size_t *header_length,
                                        struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_packer_destroy(struct espota_packer *packer);

/* The same in memory; free(*out). */
enum espota_status espota_gzip_pack(const void *data, size_t length, void **out, size_t *out_length,
                                    struct espota_error *err) ESPOTA_MUST_CHECK;

/* What came out of a gzip file, and what a boot loader would make of it. */
struct espota_unpacked {
    uint8_t *bytes; /* freed by espota_unpacked_free; of damaged data what came out before */
    size_t length;
    bool whole;      /* the compressed data is good and reached its end */
    size_t consumed; /* bytes of the first member, its 8-byte trailer included */
    uint32_t crc_stored;
    uint32_t crc_computed;
    uint32_t length_stored; /* the member's own; a boot loader reads the last four bytes instead */
    /*
     * The simulation of PROTOCOL 5.3: the loader unpacks from the staging address S down to 0.
     * It never writes over what it has yet to read if S is at least this.
     */
    int64_t least_staging;
};

/* E_MEMORY, or E_IMAGE for what would be larger than any flash; damage is no error here. */
enum espota_status espota_gzip_unpack(const void *data, size_t length, struct espota_unpacked *out,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_unpacked_free(struct espota_unpacked *unpacked);

#endif
