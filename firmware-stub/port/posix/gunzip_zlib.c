/* SPDX-License-Identifier: MIT */
/*
 * zlib reads the gzip header and unpacks what follows as if there were none, since with one it
 * wants the trailer, too. A boot loader has no room for checks, so what it would spoil has to be
 * spoilt here as well, unless it is asked about beforehand.
 */
#define ZLIB_CONST /* what is only read is const */

#include "port/posix/gunzip_zlib.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "image/image.h"

enum { GZIP_WINDOW = 15 + 16, RAW_WINDOW = -15 }; /* of 32 KiB, behind a gzip header or none */

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

/* Nothing comes out yet: zlib stops in front of the first block, and says so. */
static bool skip_header(struct stub_gunzip *gunzip)
{
    enum { IN_FRONT_OF_BLOCK = 128 };
    z_stream *stream = gunzip->stream;
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
    if (inflateInit2((z_stream *)gunzip->stream, GZIP_WINDOW) != Z_OK ||
        inflateValidate(gunzip->stream, 0) != Z_OK) { /* a header's checksum may be wrong */
        forget(gunzip);
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
