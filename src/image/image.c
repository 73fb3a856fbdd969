/* SPDX-License-Identifier: MIT */
/*
 * The parser: which kind an image is, and what all kinds share. Kinds are tried from the one with
 * the most certain mark to the one with the least; the first that recognises its own decides, and
 * what is wrong is then told as that kind's problem. A read that fails gives zeros and is kept as
 * the inspection's status: no parser has to look at each.
 */
#include "image/parts.h"

#include <string.h>

#include "wire/wire.h"

enum { CHECKSUM_SEED = 0xef, SEGMENT_BOUND = 16 * 1024 * 1024 };

static enum espota_status memory_read(void *context, uint32_t offset, void *out, size_t length)
{
    memcpy(out, (const uint8_t *)context + offset, length);
    return ESPOTA_OK;
}

struct espota_image_source espota_image_memory(const void *data, uint32_t length)
{
    /* Only memory_read sees the pointer again, and it does not write. */
    struct espota_image_source source = {(void *)(uintptr_t)data, length, memory_read};

    return source;
}

bool espota_part_read(struct espota_inspection *in, uint64_t offset, void *out, size_t length)
{
    memset(out, 0, length);
    if (in->status != ESPOTA_OK || offset > in->source->length ||
        length > in->source->length - offset) /* offset <= length was checked before it */
        return false;
    in->status = in->source->read(in->source->context, (uint32_t)offset, out, length);
    return in->status == ESPOTA_OK;
}

uint32_t espota_part_u32(struct espota_inspection *in, uint64_t offset)
{
    uint8_t bytes[4];
    struct espota_reader reader;

    if (!espota_part_read(in, offset, bytes, sizeof(bytes)))
        return 0;
    espota_reader_init(&reader, bytes, sizeof(bytes));
    return espota_read_u32le(&reader);
}

void espota_image_tell(struct espota_image *image, enum espota_image_problem_kind kind, uint32_t a,
                       uint32_t b)
{
    struct espota_image_problem problem = {kind, a, b};

    if (kind >= ESPOTA_NOTE_FIRST && image->note_count < ESPOTA_IMAGE_NOTES_MAX)
        image->notes[image->note_count++] = problem;
    else if (kind < ESPOTA_NOTE_FIRST && image->problem_count < ESPOTA_IMAGE_PROBLEMS_MAX)
        image->problems[image->problem_count++] = problem;
}

void espota_part_cut(struct espota_inspection *in, uint64_t need)
{
    espota_image_tell(in->image, ESPOTA_PROBLEM_CUT,
                      need > UINT32_MAX ? UINT32_MAX : (uint32_t)need, in->source->length);
}

void espota_part_unknown(struct espota_inspection *in)
{
    in->image->kind = ESPOTA_IMAGE_UNKNOWN;
    in->image->chip = ESPOTA_CHIP_UNKNOWN;
    espota_part_trailer_esp8266(in, 0);
    espota_image_tell(in->image, ESPOTA_PROBLEM_UNKNOWN, 0, 0);
}

uint32_t espota_part_piece(struct espota_inspection *in, uint32_t *at, uint32_t end,
                           uint8_t piece[ESPOTA_PIECE])
{
    uint32_t length = end - *at < ESPOTA_PIECE ? end - *at : ESPOTA_PIECE; /* *at <= end */

    if (length == 0 || !espota_part_read(in, *at, piece, length))
        return 0;
    *at += length;
    return length;
}

static uint8_t xor_range(struct espota_inspection *in, uint32_t at, uint32_t end)
{
    uint8_t piece[ESPOTA_PIECE];
    uint32_t length;
    uint8_t sum = 0;

    while ((length = espota_part_piece(in, &at, end, piece)) > 0)
        for (uint32_t i = 0; i < length; i++)
            sum ^= piece[i];
    return sum;
}

/* One segment header at *at. False: the walk ends here. */
static bool walk_segment(struct espota_inspection *in, struct espota_walk *walk, uint32_t index,
                         uint64_t *at)
{
    struct espota_image_segment *segment = &walk->segments[index];
    uint8_t bytes[8];
    struct espota_reader reader;

    if (!espota_part_read(in, *at, bytes, sizeof(bytes))) {
        walk->whole = false;
        walk->end = *at + sizeof(bytes);
        return false;
    }
    espota_reader_init(&reader, bytes, sizeof(bytes));
    segment->address = espota_read_u32le(&reader);
    segment->length = espota_read_u32le(&reader);
    segment->offset = (uint32_t)(*at + sizeof(bytes)); /* inside the file, which has 32 bits */
    /* an ESP32's loader wants whole words; Arduino's builder for the ESP8266 does not pad */
    if (segment->length > SEGMENT_BOUND || segment->length % walk->unit != 0) {
        walk->plausible = false;
        walk->whole = false;
        return false;
    }
    *at += sizeof(bytes) + segment->length;
    walk->count = index + 1;
    if (*at > in->source->length) {
        walk->whole = false;
        walk->end = *at + 1; /* at least its checksum is missing too */
    }
    return walk->whole;
}

void espota_part_walk(struct espota_inspection *in, uint32_t start, uint32_t header_size,
                      struct espota_walk *walk)
{
    uint8_t head[8];
    uint64_t at = (uint64_t)start + header_size;
    uint32_t count;

    memset(walk, 0, sizeof(*walk));
    walk->unit = header_size == ESPOTA_HEADER_ESP32 ? 4 : 1;
    if (!espota_part_read(in, start, head, sizeof(head)) || head[0] != 0xe9)
        return;
    count = head[1];
    walk->entry = espota_part_u32(in, (uint64_t)start + 4);
    walk->plausible = count >= 1 && count <= ESPOTA_IMAGE_SEGMENTS_MAX;
    walk->whole = walk->plausible;
    for (uint32_t i = 0; walk->plausible && i < count; i++)
        if (!walk_segment(in, walk, i, &at))
            return;
    if (!walk->plausible)
        return;
    walk->end = (at / 16 + 1) * 16; /* the checksum is the last byte of a multiple of 16 */
    if (!espota_part_read(in, walk->end - 1, &walk->stored, 1)) {
        walk->whole = false;
        return;
    }
    walk->computed = CHECKSUM_SEED;
    for (uint32_t i = 0; i < count; i++) {
        const struct espota_image_segment *segment = &walk->segments[i];

        walk->computed ^= xor_range(in, segment->offset, segment->offset + segment->length);
    }
}

bool espota_part_take_walk(struct espota_inspection *in, const struct espota_walk *walk)
{
    struct espota_image *image = in->image;

    if (!walk->plausible) {
        espota_image_tell(image, ESPOTA_PROBLEM_SEGMENTS, 0, 0);
        return false;
    }
    image->segment_count = walk->count;
    memcpy(image->segments, walk->segments, walk->count * sizeof(walk->segments[0]));
    image->entry = walk->entry;
    if (!walk->whole) {
        espota_part_cut(in, walk->end);
        return true;
    }
    image->checksum = walk->stored == walk->computed ? ESPOTA_CHECK_GOOD : ESPOTA_CHECK_WRONG;
    if (image->checksum == ESPOTA_CHECK_WRONG)
        espota_image_tell(image, ESPOTA_PROBLEM_CHECKSUM, walk->stored, walk->computed);
    return true;
}

uint32_t espota_part_crc(struct espota_inspection *in, uint32_t end, bool mpeg2)
{
    uint8_t piece[ESPOTA_PIECE];
    uint32_t crc = ESPOTA_CRC32_START;
    uint32_t at = 0;
    uint32_t length;

    while ((length = espota_part_piece(in, &at, end, piece)) > 0)
        crc =
            mpeg2 ? espota_crc32_mpeg2(crc, piece, length) : espota_crc32_zlib(crc, piece, length);
    return crc;
}

/* SHA-256 over [0, end) against the 32 bytes that stand there. NONE without a digest. */
static enum espota_image_check check_hash(struct espota_inspection *in, uint32_t end)
{
    const struct espota_crypto *crypto = in->crypto;
    struct espota_digest digest;
    uint8_t piece[ESPOTA_PIECE];
    uint8_t stored[ESPOTA_SHA256_SIZE];
    uint8_t computed[ESPOTA_SHA256_SIZE];
    uint32_t at = 0;
    uint32_t length;

    if (crypto == NULL || !espota_part_read(in, end, stored, sizeof(stored)) ||
        crypto->digest_start(crypto->context, ESPOTA_DIGEST_SHA256, &digest) != ESPOTA_OK)
        return ESPOTA_CHECK_NONE;
    while ((length = espota_part_piece(in, &at, end, piece)) > 0)
        crypto->digest_add(crypto->context, &digest, piece, length);
    if (crypto->digest_finish(crypto->context, &digest, computed) != ESPOTA_OK)
        return ESPOTA_CHECK_NONE;
    return memcmp(stored, computed, sizeof(stored)) == 0 ? ESPOTA_CHECK_GOOD : ESPOTA_CHECK_WRONG;
}

bool espota_part_take_hash(struct espota_inspection *in, uint64_t *end)
{
    struct espota_image *image = in->image;

    if (in->source->length - *end < ESPOTA_SHA256_SIZE) { /* the image before it is whole */
        espota_part_cut(in, *end + ESPOTA_SHA256_SIZE);
        return false;
    }
    image->hash = check_hash(in, (uint32_t)*end);
    if (image->hash == ESPOTA_CHECK_WRONG)
        espota_image_tell(image, ESPOTA_PROBLEM_HASH, 0, 0);
    *end += ESPOTA_SHA256_SIZE;
    return true;
}

uint32_t espota_part_flash_mhz(unsigned code)
{
    return code == 0 ? 40 : code == 1 ? 26 : code == 2 ? 20 : code == 15 ? 80 : 0;
}

/* A terminated copy of a field of `size` bytes; zeros where there is nothing. */
static void take_text(struct espota_inspection *in, uint64_t offset, size_t size, char *out)
{
    (void)espota_part_read(in, offset, out, size);
    out[size] = '\0';
}

bool espota_part_app_description(struct espota_inspection *in, uint32_t offset)
{
    struct espota_image *image = in->image;
    char date[17];
    char time[17];
    struct espota_writer writer;

    if (espota_part_u32(in, offset) != 0xabcd5432u)
        return false;
    take_text(in, (uint64_t)offset + 16, 32, image->version);
    take_text(in, (uint64_t)offset + 48, 32, image->project);
    take_text(in, (uint64_t)offset + 80, 16, time);
    take_text(in, (uint64_t)offset + 96, 16, date);
    take_text(in, (uint64_t)offset + 112, 32, image->sdk);
    espota_writer_init(&writer, image->built, sizeof(image->built) - 1);
    espota_write_text(&writer, date);
    if (date[0] != '\0' && time[0] != '\0')
        espota_write_u8(&writer, ' ');
    espota_write_text(&writer, time);
    image->built[writer.used] = '\0';
    return true;
}

uint32_t espota_part_trailer_length(struct espota_inspection *in)
{
    uint32_t whole = in->source->length;
    uint32_t length = whole > 4 ? espota_part_u32(in, whole - 4) : 0;

    return length >= 64 && length <= 1024 && length % 64 == 0 && whole > length + 4 ? length : 0;
}

void espota_part_trailer_esp8266(struct espota_inspection *in, uint64_t end)
{
    struct espota_image *image = in->image;
    uint32_t length = espota_part_trailer_length(in);
    uint32_t payload = in->source->length - length - 4; /* longer than that, or length is 0 */

    if (length == 0 || end > payload)
        return;
    image->signature = ESPOTA_SIGNATURE_ESP8266;
    image->signature_length = length;
    image->payload = payload;
}

static void inspect_gzip(struct espota_inspection *in)
{
    uint8_t method[1];

    in->image->kind = ESPOTA_IMAGE_GZIP;
    if (!espota_part_read(in, 2, method, 1) || method[0] != 8)
        espota_image_tell(in->image, ESPOTA_PROBLEM_GZIP_DATA, 0, 0);
    /* 18 bytes are the least that a gzip file has */
    espota_part_trailer_esp8266(in, 18);
}

static void inspect_kind(struct espota_inspection *in, const uint8_t head[4])
{
    if (head[0] == 0x1f && head[1] == 0x8b)
        inspect_gzip(in);
    else if (espota_image_try_uf2(in) || espota_image_try_esp32_merged(in))
        return;
    else if (head[0] == 0xe9) {
        if (!espota_image_try_esp32(in))
            espota_image_take_esp8266(in);
    } else if (!(head[0] == 0xea && espota_image_try_esp8266_v2(in)) &&
               !espota_image_try_filesystem(in) && !espota_image_try_pico(in))
        espota_part_unknown(in);
}

enum espota_status espota_image_inspect(const struct espota_image_source *source,
                                        const struct espota_crypto *crypto,
                                        struct espota_image *image)
{
    struct espota_inspection in = {source, crypto, image, ESPOTA_OK};
    uint8_t head[4] = {0};

    memset(image, 0, sizeof(*image));
    image->length = source->length;
    image->payload = source->length;
    image->flash_mode = ESPOTA_FLASH_NONE;
    if (source->length == 0)
        espota_image_tell(image, ESPOTA_PROBLEM_EMPTY, 0, 0);
    else {
        /* a file of fewer than four bytes gets zeros for the rest */
        (void)espota_part_read(&in, 0, head, source->length < 4 ? source->length : sizeof(head));
        inspect_kind(&in, head);
    }
    return in.status;
}

enum espota_chip espota_image_chip_by_head(const void *head, size_t length)
{
    const uint8_t *byte = head;
    enum espota_chip chip;
    bool esp32;

    if (length < 24 || byte[0] != 0xe9)
        return length >= 2 && (byte[0] == 0xe9 || byte[0] == 0xea) ? ESPOTA_CHIP_ESP8266
                                                                   : ESPOTA_CHIP_UNKNOWN;
    chip = espota_chip_by_id((uint16_t)(byte[12] | byte[13] << 8));
    /*
     * An ESP8266 header ends after 8 bytes: 11 is the top byte of its first segment's address,
     * 0x3f or more. In an ESP32's header that byte holds SPI drive settings and is 0; 19 to 22
     * are reserved.
     */
    esp32 = byte[23] <= 1 && byte[11] < 0x3f && byte[19] == 0 && byte[20] == 0 && byte[21] == 0 &&
            byte[22] == 0;
    if (esp32)
        return chip != ESPOTA_CHIP_UNKNOWN ? chip : ESPOTA_CHIP_ESP32_OTHER;
    return ESPOTA_CHIP_ESP8266;
}
