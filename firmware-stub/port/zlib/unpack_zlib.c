/* SPDX-License-Identifier: MIT */
/*
 * zlib reads the gzip header and unpacks what follows as if there were none, since with one it
 * wants the trailer, too. A boot loader has no room for checks, so what it would spoil has to be
 * spoilt here as well, unless it is asked about beforehand.
 */
#define ZLIB_CONST /* what is only read is const */

#include <string.h>
#include <zlib.h>

#include "port/zlib/zlib.h"

/* Of 32 KiB, behind a gzip header or none, and of 4. */
enum { GZIP_WINDOW = 15 + 16, RAW_WINDOW = -15, SMALL_WINDOW = -12, PIECE = 512 };

static void *take(void *context, unsigned count, unsigned size)
{
    struct espota_zlib_room *room = context;
    uint32_t left = room->size - room->used; /* used <= all of it */
    uint8_t *at = room->memory + room->used;

    if (size != 0 && count > (left & ~UINT32_C(7)) / size)
        return NULL;
    room->used += (count * size + 7) & ~UINT32_C(7); /* no more than there is room for */
    return at;
}

static void give_back(void *context, void *memory)
{
    (void)context;
    (void)memory;
}

/* A new stream, at the beginning of the memory. */
static z_stream *begin(struct espota_zlib_room *room, uint8_t *memory, uint32_t size)
{
    z_stream *stream;

    *room = (struct espota_zlib_room){memory, size, 0};
    stream = take(room, 1, sizeof(*stream)); /* there is room for it */
    memset(stream, 0, sizeof(*stream));
    stream->zalloc = take;
    stream->zfree = give_back;
    stream->opaque = room;
    return stream;
}

/* It lies at the beginning of the memory: the first thing that was taken. */
static z_stream *stream_of(struct espota_gunzip_zlib *gunzip)
{
    return (void *)gunzip->memory;
}

/* One sector more, as the original reads: whole ones, in order, each when it is needed. */
static bool refill(struct espota_gunzip_zlib *gunzip)
{
    z_stream *stream = stream_of(gunzip);

    if (gunzip->flash->read(gunzip->flash->context, gunzip->at, gunzip->sector,
                            sizeof(gunzip->sector)) != ESPOTA_OK)
        return false;
    gunzip->at += sizeof(gunzip->sector);
    stream->next_in = gunzip->sector;
    stream->avail_in = sizeof(gunzip->sector);
    return true;
}

/* Nothing comes out yet: zlib stops in front of the first block, and says so. */
static bool skip_header(struct espota_gunzip_zlib *gunzip)
{
    enum { IN_FRONT_OF_BLOCK = 128 };
    z_stream *stream = stream_of(gunzip);
    uint8_t none;
    int result = Z_OK;

    stream->next_out = &none;
    while ((stream->data_type & IN_FRONT_OF_BLOCK) == 0) {
        if ((stream->avail_in == 0 && !refill(gunzip)) || (result != Z_OK && result != Z_BUF_ERROR))
            return false;
        result = inflate(stream, Z_BLOCK);
    }
    return inflateReset2(stream, RAW_WINDOW) == Z_OK;
}

static enum espota_status start(void *context, const struct espota_flash *flash, uint32_t source)
{
    struct espota_gunzip_zlib *gunzip = context;
    z_stream *stream = begin(&gunzip->room, gunzip->memory, sizeof(gunzip->memory));

    gunzip->flash = flash;
    gunzip->at = source;
    gunzip->finished = false;
    gunzip->unpacked = 0;
    if (inflateInit2(stream, GZIP_WINDOW) != Z_OK ||
        inflateValidate(stream, 0) != Z_OK) /* a header's checksum may be wrong */
        return ESPOTA_E_MEMORY;
    return skip_header(gunzip) ? ESPOTA_OK : ESPOTA_E_IMAGE;
}

static enum espota_status next(void *context, uint8_t *out, size_t room, size_t *length)
{
    struct espota_gunzip_zlib *gunzip = context;
    z_stream *stream = stream_of(gunzip);

    stream->next_out = out;
    stream->avail_out = (uInt)room; /* at most a sector */
    *length = 0;
    while (stream->avail_out > 0 && !gunzip->finished) {
        int result;

        if (stream->avail_in == 0 && !refill(gunzip))
            return ESPOTA_E_LOCAL;
        result = inflate(stream, Z_NO_FLUSH);
        gunzip->finished = result == Z_STREAM_END;
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return ESPOTA_E_IMAGE;
    }
    *length = room - stream->avail_out;
    gunzip->unpacked += (uint32_t)*length;
    return ESPOTA_OK;
}

void espota_gunzip_zlib_init(struct espota_gunzip_zlib *gunzip)
{
    memset(gunzip, 0, sizeof(*gunzip));
    gunzip->table = (struct espota_gunzip){.context = gunzip, .start = start, .next = next};
}

/* --- as it comes --- */

static void inflate_start(void *context)
{
    struct espota_inflate_zlib *unpacker = context;
    z_stream *stream = begin(&unpacker->room, unpacker->memory, sizeof(unpacker->memory));

    (void)inflateInit2(stream, SMALL_WINDOW); /* there is room for it */
}

static enum espota_status
inflate_add(void *context, const uint8_t *data, size_t length,
            enum espota_status (*take_bytes)(void *owner, const uint8_t *bytes, size_t length),
            void *owner)
{
    z_stream *stream = (void *)((struct espota_inflate_zlib *)context)->memory;
    uint8_t out[PIECE];
    enum espota_status status = ESPOTA_OK;

    stream->next_in = data;
    stream->avail_in = (uInt)length; /* a chunk at the most */
    do {
        int result;

        stream->next_out = out;
        stream->avail_out = sizeof(out);
        result = inflate(stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
            return ESPOTA_BAD;
        status = take_bytes(owner, out, sizeof(out) - stream->avail_out);
        if (result == Z_STREAM_END && stream->avail_in > 0)
            return ESPOTA_BAD; /* something stands behind the image */
    } while (status == ESPOTA_OK && stream->avail_out == 0);
    return status;
}

void espota_inflate_zlib_init(struct espota_inflate_zlib *unpacker)
{
    memset(unpacker, 0, sizeof(*unpacker));
    unpacker->table = (struct espota_inflate){unpacker, inflate_start, inflate_add};
}
