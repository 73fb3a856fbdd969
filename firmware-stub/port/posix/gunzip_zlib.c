/* SPDX-License-Identifier: MIT */
#define ZLIB_CONST /* what is only read is const */

#include "port/posix/gunzip_zlib.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "image/image.h"

enum {
    FIXED_HEADER = 10,
    FLAG_CRC = 2,
    FLAG_EXTRA = 4,
    FLAG_NAME = 8,
    FLAG_COMMENT = 16,
    FLAGS_UNKNOWN = 0xe0,
    RAW = -15, /* a window of 32 KiB, no header */
};

/* One sector more, as the original reads: whole ones, in order, each when it is needed. */
static bool refill(struct stub_gunzip *gunzip)
{
    z_stream *stream = gunzip->stream;

    if (gunzip->flash->read(gunzip->flash->context, gunzip->at, gunzip->sector,
                            sizeof(gunzip->sector)) != ESPOTA_OK)
        return false;
    gunzip->at += sizeof(gunzip->sector);
    stream->next_in = gunzip->sector;
    stream->avail_in = sizeof(gunzip->sector);
    return true;
}

/* The next byte of the header; -1 at the end of the flash. */
static int header_byte(struct stub_gunzip *gunzip)
{
    z_stream *stream = gunzip->stream;

    if (stream->avail_in == 0 && !refill(gunzip))
        return -1;
    stream->avail_in--;
    return *stream->next_in++;
}

static bool skip(struct stub_gunzip *gunzip, unsigned count)
{
    while (count-- > 0)
        if (header_byte(gunzip) < 0)
            return false;
    return true;
}

static bool skip_text(struct stub_gunzip *gunzip)
{
    int byte;

    do
        byte = header_byte(gunzip);
    while (byte > 0);
    return byte == 0;
}

static bool skip_header(struct stub_gunzip *gunzip)
{
    int head[FIXED_HEADER];
    int low;
    int high;

    for (size_t i = 0; i < FIXED_HEADER; i++)
        head[i] = header_byte(gunzip);
    if (head[0] != 0x1f || head[1] != 0x8b || head[2] != Z_DEFLATED || head[3] < 0 ||
        (head[3] & FLAGS_UNKNOWN) != 0 || head[FIXED_HEADER - 1] < 0)
        return false;
    if (head[3] & FLAG_EXTRA) {
        low = header_byte(gunzip);
        high = header_byte(gunzip);
        if (low < 0 || high < 0 || !skip(gunzip, (unsigned)(low | high << 8)))
            return false;
    }
    return (!(head[3] & FLAG_NAME) || skip_text(gunzip)) &&
           (!(head[3] & FLAG_COMMENT) || skip_text(gunzip)) &&
           (!(head[3] & FLAG_CRC) || skip(gunzip, 2));
}

static void forget(struct stub_gunzip *gunzip)
{
    if (gunzip->stream != NULL)
        inflateEnd(gunzip->stream);
    free(gunzip->stream);
    gunzip->stream = NULL;
}

static enum espota_status start(void *context, const struct espota_flash *flash, uint32_t source)
{
    struct stub_gunzip *gunzip = context;

    forget(gunzip);
    gunzip->flash = flash;
    gunzip->at = source;
    gunzip->finished = false;
    gunzip->unpacked = 0;
    if (gunzip->refuse)
        return ESPOTA_E_IMAGE;
    gunzip->stream = calloc(1, sizeof(z_stream));
    if (gunzip->stream == NULL)
        return ESPOTA_E_MEMORY;
    if (inflateInit2((z_stream *)gunzip->stream, RAW) != Z_OK) {
        free(gunzip->stream);
        gunzip->stream = NULL;
        return ESPOTA_E_MEMORY;
    }
    return skip_header(gunzip) ? ESPOTA_OK : ESPOTA_E_IMAGE;
}

static enum espota_status next(void *context, uint8_t *out, size_t room, size_t *length)
{
    struct stub_gunzip *gunzip = context;
    z_stream *stream = gunzip->stream;

    *length = 0;
    if (stream == NULL)
        return ESPOTA_E_IMAGE;
    stream->next_out = out;
    stream->avail_out = (uInt)room; /* at most a sector */
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

void stub_gunzip_init(struct stub_gunzip *gunzip)
{
    memset(gunzip, 0, sizeof(*gunzip));
    gunzip->table = (struct espota_gunzip){.context = gunzip, .start = start, .next = next};
}

void stub_gunzip_deinit(struct stub_gunzip *gunzip)
{
    forget(gunzip);
}

bool stub_gunzip_is_safe(const struct espota_flash *flash, uint32_t source, uint32_t size)
{
    struct espota_unpacked unpacked;
    uint8_t *bytes = size > 0 ? malloc(size) : NULL;
    bool safe = false;

    if (bytes == NULL || flash->read(flash->context, source, bytes, size) != ESPOTA_OK)
        goto done;
    safe = size < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b;
    if (safe || espota_gzip_unpack(bytes, size, &unpacked, NULL) != ESPOTA_OK)
        goto done;
    safe = unpacked.whole && unpacked.consumed == size &&
           unpacked.length_stored == unpacked.length &&
           unpacked.crc_stored == unpacked.crc_computed && unpacked.least_staging <= source;
    espota_unpacked_free(&unpacked);
done:
    free(bytes);
    return safe;
}
