/* SPDX-License-Identifier: MIT */
/*
 * Gzip as the boot loaders of devices unpack it (PROTOCOL 5.3, 5.4). It is packed by hand around
 * zlib's raw stream: the bytes must be the same on every run, and the whole a multiple of 4 long,
 * which a name in the header of the right length brings about. Unpacking goes sector by sector, as
 * the loader's does, to see whether it would run over what it has yet to read.
 */
#define ZLIB_CONST /* what is only read is const */

#include "image/image.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "wire/wire.h"

enum {
    FIXED_HEADER = 10,
    TRAILER = 8,
    FLAG_NAME = 8,
    RAW = -15,
    SMALL_RAW = -12,
    SMALL_MEMORY = 8, /* more packs worse with so small a window */
    LEVEL = 9,
    MEMORY = 9,
    WRAPPED = 16, /* added to a window's size: in a gzip header */
};

struct espota_packer {
    z_stream stream;
    struct espota_gzip_sink sink;
    uint32_t crc;
    uint32_t length;
    uint64_t sunk;
    uint8_t room[32768];
};

enum espota_status espota_packer_create(struct espota_packer **out,
                                        const struct espota_gzip_sink *sink,
                                        struct espota_error *err)
{
    struct espota_packer *packer = calloc(1, sizeof(*packer));

    *out = NULL;
    if (packer == NULL ||
        deflateInit2(&packer->stream, LEVEL, Z_DEFLATED, RAW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(packer);
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to compress with");
    }
    packer->sink = *sink;
    *out = packer;
    return ESPOTA_OK;
}

static enum espota_status sink(struct espota_packer *packer, const void *data, size_t length,
                               struct espota_error *err)
{
    packer->sunk += length;
    return length > 0 ? packer->sink.write(packer->sink.context, data, length, err) : ESPOTA_OK;
}

static enum espota_status run(struct espota_packer *packer, int flush, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;
    int result = Z_OK;

    do {
        packer->stream.next_out = packer->room;
        packer->stream.avail_out = sizeof(packer->room);
        result = deflate(&packer->stream, flush);
        status = sink(packer, packer->room, sizeof(packer->room) - packer->stream.avail_out, err);
    } while (status == ESPOTA_OK && packer->stream.avail_out == 0 && result == Z_OK);
    return status;
}

enum espota_status espota_packer_add(struct espota_packer *packer, const void *data, size_t length,
                                     struct espota_error *err)
{
    const uint8_t *at = data;
    enum espota_status status = ESPOTA_OK;

    while (length > 0 && status == ESPOTA_OK) {
        uInt now = length < 1u << 30 ? (uInt)length : 1u << 30;

        packer->stream.next_in = at;
        packer->stream.avail_in = now;
        packer->crc = (uint32_t)crc32(packer->crc, at, now);
        packer->length += now; /* modulo 2^32, as the format has it */
        status = run(packer, Z_NO_FLUSH, err);
        at += now;
        length -= now; /* now <= length */
    }
    return status;
}

enum espota_status espota_packer_finish(struct espota_packer *packer,
                                        uint8_t header[ESPOTA_GZIP_HEADER_MAX],
                                        size_t *header_length, struct espota_error *err)
{
    /* By how many bytes the header must grow; each with its terminator is that modulo 4. */
    static const char *const names[4] = {NULL, "blob", "image", "fw.bin"};
    uint8_t trailer[TRAILER];
    struct espota_writer writer;
    const char *name;
    enum espota_status status;

    packer->stream.next_in = NULL;
    packer->stream.avail_in = 0;
    status = run(packer, Z_FINISH, err);
    espota_writer_init(&writer, trailer, sizeof(trailer));
    espota_write_u32le(&writer, packer->crc);
    espota_write_u32le(&writer, packer->length);
    if (status == ESPOTA_OK)
        status = sink(packer, trailer, sizeof(trailer), err);
    name = names[(4 - (packer->sunk + FIXED_HEADER) % 4) % 4]; /* x % 4 <= 3 */
    espota_writer_init(&writer, header, ESPOTA_GZIP_HEADER_MAX);
    espota_write_u16be(&writer, 0x1f8b);
    espota_write_u8(&writer, Z_DEFLATED);
    espota_write_u8(&writer, name != NULL ? FLAG_NAME : 0);
    espota_write_u32le(&writer, 0); /* no time: the same bytes on every run */
    espota_write_u8(&writer, 2);    /* best compression */
    espota_write_u8(&writer, 255);  /* no particular system */
    if (name != NULL)
        espota_write_bytes(&writer, name, strlen(name) + 1);
    *header_length = writer.used;
    return status;
}

void espota_packer_destroy(struct espota_packer *packer)
{
    if (packer == NULL)
        return;
    deflateEnd(&packer->stream);
    free(packer);
}

struct buffer {
    uint8_t *bytes;
    size_t used;
    size_t room;
};

static enum espota_status buffer_write(void *context, const void *data, size_t length,
                                       struct espota_error *err)
{
    struct buffer *buffer = context;

    if (length == 0)
        return ESPOTA_OK;
    if (length > buffer->room - buffer->used) { /* used <= room */
        size_t room = buffer->room * 2 + length + 65536;
        uint8_t *bytes = realloc(buffer->bytes, room);

        if (bytes == NULL)
            return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a compressed image");
        buffer->bytes = bytes;
        buffer->room = room;
    }
    memcpy(buffer->bytes + buffer->used, data, length);
    buffer->used += length;
    return ESPOTA_OK;
}

enum espota_status espota_gzip_pack(const void *data, size_t length, void **out, size_t *out_length,
                                    struct espota_error *err)
{
    /* the longest header first, to be moved against the body in the end */
    uint8_t header[ESPOTA_GZIP_HEADER_MAX] = {0};
    struct buffer buffer = {NULL, 0, 0};
    struct espota_gzip_sink into = {&buffer, buffer_write};
    struct espota_packer *packer = NULL;
    size_t header_length = 0;
    enum espota_status status;

    *out = NULL;
    status = buffer_write(&buffer, header, sizeof(header), err);
    if (status == ESPOTA_OK)
        status = espota_packer_create(&packer, &into, err);
    if (status == ESPOTA_OK)
        status = espota_packer_add(packer, data, length, err);
    if (status == ESPOTA_OK)
        status = espota_packer_finish(packer, header, &header_length, err);
    espota_packer_destroy(packer);
    if (status != ESPOTA_OK) {
        free(buffer.bytes);
        return status;
    }
    memmove(buffer.bytes + header_length, buffer.bytes + sizeof(header),
            buffer.used - sizeof(header)); /* used began with the header's room */
    memcpy(buffer.bytes, header, header_length);
    *out = buffer.bytes;
    *out_length = buffer.used - sizeof(header) + header_length;
    return ESPOTA_OK;
}

enum espota_status espota_deflate_pack(const void *data, size_t length, void **out,
                                       size_t *out_length, struct espota_error *err)
{
    z_stream stream = {0};
    uLong room;
    int result =
        deflateInit2(&stream, LEVEL, Z_DEFLATED, SMALL_RAW, SMALL_MEMORY, Z_DEFAULT_STRATEGY);

    *out = NULL;
    room = deflateBound(&stream, (uLong)length); /* of an image: far below 4 GiB */
    if (result == Z_OK)
        *out = malloc(room);
    stream.next_in = data;
    stream.avail_in = (uInt)length;
    stream.next_out = *out;
    stream.avail_out = (uInt)room;
    if (*out != NULL)
        result = deflate(&stream, Z_FINISH);
    *out_length = stream.total_out;
    deflateEnd(&stream);
    if (result == Z_STREAM_END)
        return ESPOTA_OK;
    free(*out);
    *out = NULL;
    return espota_error_set(err, ESPOTA_E_MEMORY, "no memory for a compressed image");
}

/* The loader reads whole sectors; this many bytes are out of the flash when it writes. */
static void simulate(struct espota_unpacked *out, const z_stream *stream)
{
    /* zlib may hold a few bytes that the loader has not looked at yet */
    uint64_t consumed = stream->total_in > 8 ? stream->total_in - 8 : 0;
    uint64_t read = (consumed + ESPOTA_GZIP_SECTOR - 1) / ESPOTA_GZIP_SECTOR * ESPOTA_GZIP_SECTOR;
    uint64_t end =
        (stream->total_out + ESPOTA_GZIP_SECTOR - 1) / ESPOTA_GZIP_SECTOR * ESPOTA_GZIP_SECTOR;

    if ((int64_t)end - (int64_t)read > out->least_staging)
        out->least_staging = (int64_t)end - (int64_t)read;
}

/* One sector of output; Z_OK as long as more may follow. */
static int unpack_sector(z_stream *stream, struct espota_unpacked *out, struct buffer *buffer,
                         struct espota_error *err, enum espota_status *status)
{
    uint8_t sector[ESPOTA_GZIP_SECTOR];
    size_t got;
    int result;

    stream->next_out = sector;
    stream->avail_out = sizeof(sector);
    result = inflate(stream, Z_SYNC_FLUSH);
    got = sizeof(sector) - stream->avail_out;
    if (result == Z_BUF_ERROR && got > 0)
        result = Z_OK;
    *status = buffer_write(buffer, sector, got, err);
    if (*status == ESPOTA_OK && buffer->used > ESPOTA_GZIP_UNPACKED_MAX)
        *status = espota_error_set(err, ESPOTA_E_IMAGE,
                                   "it unpacks to more than %d bytes, more than any device has",
                                   ESPOTA_GZIP_UNPACKED_MAX);
    if (got > 0)
        simulate(out, stream);
    return result;
}

static void take_trailer(struct espota_unpacked *out, const uint8_t *data, const z_stream *stream)
{
    struct espota_reader reader;

    /* inflate reached the end of the member, so its trailer lies before next_in */
    espota_reader_init(&reader, data + stream->total_in - TRAILER, TRAILER);
    out->crc_stored = espota_read_u32le(&reader);
    out->length_stored = espota_read_u32le(&reader);
    out->whole = true;
}

enum espota_status espota_gzip_unpack(const void *data, size_t length, struct espota_unpacked *out,
                                      struct espota_error *err)
{
    struct buffer buffer = {NULL, 0, 0};
    enum espota_status status = ESPOTA_OK;
    z_stream stream;
    int result = Z_OK;

    memset(out, 0, sizeof(*out));
    memset(&stream, 0, sizeof(stream));
    if (length > UINT32_MAX)
        return espota_error_set(err, ESPOTA_E_IMAGE, "it is larger than any device's flash");
    if (inflateInit2(&stream, 15 + 16) != Z_OK)
        return espota_error_set(err, ESPOTA_E_MEMORY, "no memory to unpack with");
    (void)inflateValidate(&stream, 0); /* the sums are compared by who asks, each on its own */
    stream.next_in = data;
    stream.avail_in = (uInt)length;
    while (status == ESPOTA_OK && result == Z_OK)
        result = unpack_sector(&stream, out, &buffer, err, &status);
    out->bytes = buffer.bytes;
    out->length = buffer.used;
    out->consumed = stream.total_in;
    if (status == ESPOTA_OK && buffer.used > 0)
        out->crc_computed = (uint32_t)crc32(0, buffer.bytes, (uInt)buffer.used);
    if (result == Z_STREAM_END && stream.total_in >= FIXED_HEADER + TRAILER)
        take_trailer(out, data, &stream);
    inflateEnd(&stream);
    if (status != ESPOTA_OK)
        espota_unpacked_free(out);
    return status;
}

void espota_unpacked_free(struct espota_unpacked *unpacked)
{
    free(unpacked->bytes);
    unpacked->bytes = NULL;
}

size_t espota_gzip_head(const void *data, size_t length, void *out, size_t room)
{
    z_stream stream = {.next_in = data, .avail_in = (uInt)length};

    if (inflateInit2(&stream, MAX_WBITS + WRAPPED) != Z_OK)
        return 0;
    stream.next_out = out;
    stream.avail_out = (uInt)room;
    (void)inflate(&stream, Z_SYNC_FLUSH); /* what came out, came out */
    room -= stream.avail_out;             /* avail_out <= room */
    inflateEnd(&stream);
    return room;
}
