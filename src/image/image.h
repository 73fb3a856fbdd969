/* SPDX-License-Identifier: MIT */
/*
 * The door of `image`: one way to read an image, wherever it comes from; what was found; and
 * packing it.
 */
#ifndef ESPOTA_IMAGE_IMAGE_H
#define ESPOTA_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image/format.h"
#include "sys/sys.h"

/* Where an image comes from: memory, else a callback, else the file of this name. */
struct espota_image_input {
    const char *name; /* the path, "-": standard input; of the others what messages call them */
    const void *data; /* NULL: not in memory */
    size_t length;
    /* The next bytes, at most `room`; *length 0: there are no more. NULL: no callback. */
    enum espota_status (*read)(void *context, void *out, size_t room, size_t *length,
                               struct espota_error *err);
    void *context;
};

/* An image as it comes, for who needs to see each byte once. The name, and data, are borrowed. */
struct espota_image_stream {
    struct espota_image_input from;
    struct espota_input file; /* of a path: what it is; its `stop` may be set */
    const char *name;         /* for messages */
};

enum espota_status espota_image_stream_init(struct espota_image_stream *stream,
                                            const struct espota_image_input *from,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;
/* The next bytes; fewer than `room` only at the end. */
enum espota_status espota_image_stream_read(struct espota_image_stream *stream, void *out,
                                            size_t room, size_t *length,
                                            struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_image_stream_deinit(struct espota_image_stream *stream); /* after a failed init too */

enum { ESPOTA_IMAGE_MAX = 128 << 20 }; /* the largest flash of any device */

/* An image that was read: its digests, what it is outside and inside, and what is wrong with it. */
struct espota_image_file {
    const uint8_t *bytes; /* NULL: they were not to be kept */
    uint32_t length;
    char md5[2 * ESPOTA_MD5_SIZE + 1]; /* "" without crypto */
    char sha256[2 * ESPOTA_SHA256_SIZE + 1];
    struct espota_image outer; /* the file; the problems of its compression are among its own */
    bool packed;               /* it is gzip and something came out: */
    struct espota_image inner;
    uint8_t *unpacked;     /* the bytes of `inner` */
    int64_t least_staging; /* see espota_gzip_unpack */
    void *own; /* what `bytes` lie in if they are the image's to free; whoever hands over sets it */
};

/*
 * Reads and looks. With `keep` the bytes are in `file` afterwards, of memory the caller's own;
 * without it a file is looked at where it lies, of any size. OK as well for an image that is not
 * good, even an empty one. `crypto` NULL: no digests, and appended hashes are not checked. After a
 * failure there is nothing to free.
 */
enum espota_status espota_image_load(struct espota_image_file *file,
                                     const struct espota_image_input *from, bool keep,
                                     const struct espota_crypto *crypto,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;
void espota_image_free(struct espota_image_file *file); /* zeros are fine */

/* Gzip as the devices' boot loaders need it (PROTOCOL 5.3, 5.4, 5.7). */

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

/* The beginning of what is packed, as far as `data` (cut anywhere, below 4 GiB) and `room` go; its
 * length, 0 for what is no gzip. */
size_t espota_gzip_head(const void *data, size_t length, void *out, size_t room);

/* A raw stream of deflate, with the window of 4 KiB that devices have who unpack as it comes. */
enum espota_status espota_deflate_pack(const void *data, size_t length, void **out,
                                       size_t *out_length,
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
