/* SPDX-License-Identifier: MIT */
#include "images.h"

#include <openssl/sha.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

void test_image_free(struct test_image *image)
{
    free(image->bytes);
    image->bytes = NULL;
    image->length = 0;
}

void test_image_append(struct test_image *image, const void *data, size_t length)
{
    image->bytes = must(realloc(image->bytes, image->length + length + 1));
    if (data != NULL)
        memcpy(image->bytes + image->length, data, length);
    else
        memset(image->bytes + image->length, 0, length);
    image->length += length;
}

static void append8(struct test_image *image, uint8_t value)
{
    test_image_append(image, &value, 1);
}

static void append32(struct test_image *image, uint32_t value)
{
    uint8_t bytes[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                        (uint8_t)(value >> 24)};

    test_image_append(image, bytes, sizeof(bytes));
}

static void fill_to(struct test_image *image, size_t length, uint8_t with)
{
    size_t old = image->length;

    if (length <= old)
        return;
    test_image_append(image, NULL, length - old);
    memset(image->bytes + old, with, length - old);
}

void test_image_put32(struct test_image *image, size_t offset, uint32_t value)
{
    for (size_t i = 0; i < 4; i++)
        image->bytes[offset + i] = (uint8_t)(value >> 8 * i);
}

uint32_t test_image_get32(const struct test_image *image, size_t offset)
{
    uint32_t value = 0;

    for (size_t i = 0; i < 4; i++)
        value |= (uint32_t)image->bytes[offset + i] << 8 * i;
    return value;
}

void test_noise(void *out, size_t length, uint32_t seed)
{
    uint8_t *byte = out;
    uint32_t state = seed * 2654435761u + 1;

    for (size_t i = 0; i < length; i++) {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        /* four of eight bytes repeat, so that it compresses as code does */
        byte[i] = i >= 8 && (i & 4) ? byte[i - 8] : (uint8_t)state;
    }
}

static void append_noise(struct test_image *image, size_t length, uint32_t seed)
{
    test_image_append(image, NULL, length);
    test_noise(image->bytes + image->length - length, length, seed);
}

/* One segment; its bytes go into the checksum. */
static void append_segment(struct test_image *image, uint32_t address, size_t length, uint8_t *sum)
{
    append32(image, address);
    append32(image, (uint32_t)length);
    append_noise(image, length, address);
    for (size_t i = 0; i < length; i++)
        *sum ^= image->bytes[image->length - 1 - i];
}

static void append_checksum(struct test_image *image, uint8_t sum)
{
    while (image->length % 16 != 15)
        append8(image, 0);
    append8(image, sum);
}

static uint32_t crc_mpeg2(const uint8_t *data, size_t length)
{
    uint32_t crc = 0xffffffffu;

    for (size_t i = 0; i < length; i++) {
        crc ^= (uint32_t)data[i] << 24;
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 0x80000000u ? crc << 1 ^ 0x04c11db7u : crc << 1;
    }
    return crc;
}

static void append_v1_header(struct test_image *image, uint8_t segments, uint8_t mode,
                             uint8_t size_frequency)
{
    append8(image, 0xe9);
    append8(image, segments);
    append8(image, mode);
    append8(image, size_frequency);
    append32(image, 0x4010f480u);
}

static struct test_image arduino(size_t code, uint8_t mode, uint8_t size_frequency, int with_crc)
{
    struct test_image image = {NULL, 0};
    uint8_t sum = 0xef;
    size_t fields;

    append_v1_header(&image, 2, mode, size_frequency);
    append_segment(&image, 0x4010f000u, 0x308, &sum);
    append_segment(&image, 0x3ffe8000u, 0x10, &sum);
    append_checksum(&image, sum);
    fill_to(&image, 0x1000, 0xaa);

    sum = 0xef;
    append_v1_header(&image, 4, mode, size_frequency);
    append32(&image, 0x40201010u);
    append32(&image, (uint32_t)code);
    fields = image.length;
    append_noise(&image, code, 8266);
    if (with_crc)
        memset(image.bytes + fields, 0, 8);
    for (size_t i = 0; i < code; i++)
        sum ^= image.bytes[fields + i];
    append_segment(&image, 0x4010e000u, 0x40, &sum);
    /* the builder of core 3 does not pad its segments: most real ones have an odd one */
    append_segment(&image, 0x40100000u, 0x201, &sum);
    append_segment(&image, 0x3ffe8000u, 0x94, &sum);
    append_checksum(&image, sum);
    if (with_crc) {
        uint32_t crc = crc_mpeg2(image.bytes, image.length); /* both fields are still zero */
        test_image_put32(&image, 0x1010, (uint32_t)image.length);
        test_image_put32(&image, 0x1014, crc);
    }
    return image;
}

struct test_image test_esp8266(size_t code, uint8_t mode, uint8_t size_frequency)
{
    return arduino(code, mode, size_frequency, 1);
}

struct test_image test_esp8266_old(size_t code)
{
    return arduino(code, 2, 0x40, 0);
}

static struct test_image v1(uint8_t third, uint8_t mode)
{
    struct test_image image = {NULL, 0};
    uint8_t sum = 0xef;

    append_v1_header(&image, 3, mode, third);
    append_segment(&image, 0x40100000u, 0x100, &sum);
    append_segment(&image, 0x3ffe8000u, 0x24, &sum);
    append_segment(&image, 0x3ffe8400u, 0x30, &sum);
    append_checksum(&image, sum);
    return image;
}

struct test_image test_esp8266_part(void)
{
    return v1(0x20, 0);
}

/* abs(int32(~z)), as the SDKs' tools write it */
static void append_user_crc(struct test_image *image)
{
    uint32_t z = (uint32_t)crc32(0, image->bytes, (uInt)image->length);

    append32(image, z & 0x80000000u ? ~z : z + 1);
}

struct test_image test_user1(uint8_t user)
{
    struct test_image image = v1(user, 0);

    fill_to(&image, 0x800, 0xff);
    append_noise(&image, 0x100, user);
    append_user_crc(&image);
    return image;
}

struct test_image test_user2(uint8_t user)
{
    struct test_image image = {NULL, 0};
    struct test_image inner = v1(0x40, 0);

    append8(&image, 0xea);
    append8(&image, 4);
    append8(&image, 0);
    append8(&image, user != 0 ? user : 0x40);
    append32(&image, 0x40100004u);
    append32(&image, 0);
    append32(&image, 0x400);
    append_noise(&image, 0x400, 7);
    test_image_append(&image, inner.bytes, inner.length);
    test_image_free(&inner);
    append_user_crc(&image);
    return image;
}

struct test_image test_rboot(void)
{
    struct test_image image = test_user2(0);

    image.length -= 4;
    return image;
}

static void append_text(struct test_image *image, const char *text, size_t size)
{
    size_t length = strlen(text);

    test_image_append(image, text, length);
    fill_to(image, image->length + size - length, 0);
}

/* esp_app_desc_t */
static void append_description(struct test_image *image, uint8_t *sum)
{
    size_t start = image->length;

    append32(image, 0xabcd5432u);
    append32(image, 3);
    append32(image, 0);
    append32(image, 0);
    append_text(image, "2.1.0", 32);
    append_text(image, "door", 32);
    append_text(image, "12:34:56", 16);
    append_text(image, "Nov 21 2026", 16);
    append_text(image, "v5.5.1", 32);
    fill_to(image, start + 256, 0);
    for (size_t i = start; i < image->length; i++)
        *sum ^= image->bytes[i];
}

static void append_hash(struct test_image *image)
{
    uint8_t hash[32];

    SHA256(image->bytes, image->length, hash);
    test_image_append(image, hash, sizeof(hash));
}

struct test_image test_rtos(void)
{
    struct test_image image = {NULL, 0};
    uint8_t sum = 0xef;

    append_v1_header(&image, 2, 2, 0x20);
    append32(&image, 0x40210010u);
    append32(&image, 256);
    append_description(&image, &sum);
    append_segment(&image, 0x40100000u, 0x100, &sum);
    append_checksum(&image, sum);
    append_hash(&image);
    return image;
}

static void append_esp32_header(struct test_image *image, uint16_t chip, uint8_t segments,
                                uint8_t hash)
{
    append8(image, 0xe9);
    append8(image, segments);
    append8(image, 2);
    append8(image, 0x20);
    append32(image, 0x40081234u);
    append8(image, 0xee);
    append8(image, 0);
    append8(image, 0);
    append8(image, 0);
    append8(image, (uint8_t)chip);
    append8(image, (uint8_t)(chip >> 8));
    append8(image, 0);
    append8(image, 3); /* at least 0.3 */
    append8(image, 0);
    append8(image, 199); /* at most 1.99 */
    append8(image, 0);
    append32(image, 0);
    append8(image, hash);
}

struct test_image test_esp32(uint16_t chip, size_t code, int hash)
{
    struct test_image image = {NULL, 0};
    uint8_t sum = 0xef;

    append_esp32_header(&image, chip, 3, hash != 0);
    append32(&image, chip == 0 ? 0x3f400020u : 0x3c000020u);
    append32(&image, 256);
    append_description(&image, &sum);
    append_segment(&image, chip == 0 ? 0x3ffb0000u : 0x3fc80000u, 0x80, &sum);
    append_segment(&image, chip == 0 ? 0x400d0020u : 0x42000020u, code, &sum);
    append_checksum(&image, sum);
    if (hash)
        append_hash(&image);
    return image;
}

struct test_image test_esp32_loader(uint16_t chip)
{
    struct test_image image = {NULL, 0};
    uint8_t sum = 0xef;

    append_esp32_header(&image, chip, 2, 1);
    append_segment(&image, 0x3fff0030u, 0x100, &sum);
    append_segment(&image, 0x40078000u, 0x300, &sum);
    append_checksum(&image, sum);
    append_hash(&image);
    return image;
}

static void append_partition(struct test_image *image, uint8_t type, uint32_t place,
                             const char *name)
{
    append8(image, 0xaa);
    append8(image, 0x50);
    append8(image, type);
    append8(image, 2);
    append32(image, place);
    append32(image, 0x5000);
    append_text(image, name, 16);
    append32(image, 0);
}

struct test_image test_partition_table(void)
{
    struct test_image image = {NULL, 0};

    append_partition(&image, 1, 0x9000, "nvs");
    append_partition(&image, 0, 0x10000, "app0");
    fill_to(&image, 0xc00, 0xff);
    return image;
}

struct test_image test_esp32_loader_table(uint16_t chip, size_t loader_at)
{
    struct test_image image = {NULL, 0};
    struct test_image loader = test_esp32_loader(chip);
    struct test_image table = test_partition_table();

    fill_to(&image, loader_at, 0xff);
    test_image_append(&image, loader.bytes, loader.length);
    fill_to(&image, 0x8000, 0xff);
    test_image_append(&image, table.bytes, table.length);
    fill_to(&image, 0x10000, 0xff);
    test_image_free(&loader);
    test_image_free(&table);
    return image;
}

struct test_image test_esp32_merged(uint16_t chip, size_t loader_at)
{
    struct test_image image = test_esp32_loader_table(chip, loader_at);
    struct test_image app = test_esp32(chip, 0x400, 1);

    test_image_append(&image, app.bytes, app.length);
    test_image_free(&app);
    return image;
}

struct test_image test_pico(int rp2350, int fs, size_t code)
{
    static const char name[] = "blink";
    struct test_image image = {NULL, 0};
    size_t info;

    append_noise(&image, 252, 2040);
    append32(&image, crc_mpeg2(image.bytes, 252));
    if (rp2350) {
        memset(image.bytes, 0, image.length);
        test_image_put32(&image, 0x40, 0xffffded3u);
        test_image_put32(&image, 0x60, 0xab123579u);
    }
    append_noise(&image, 0x2ff0 - image.length, 1);
    append32(&image, 0x10100000u);
    append32(&image, fs ? 0x10180000u : 0x10100000u);
    fill_to(&image, 0x3000, 0);
    append32(&image, 0x20042000u);
    append32(&image, 0x100031f7u);
    append_noise(&image, 0xc8, 3);
    info = image.length;
    append32(&image, 0x7188ebf2u);
    append32(&image, 0x10000000u + (uint32_t)info + 20);
    append32(&image, 0x10000000u + (uint32_t)info + 28);
    append32(&image, 0);
    append32(&image, 0xe71aa390u);
    append32(&image, 0x10000000u + (uint32_t)info + 28);
    append32(&image, 0x10000000u + (uint32_t)info + 40);
    append32(&image, 0x50520005u); /* an entry: a number of the SDK's */
    append32(&image, 0x68f465deu); /* where the program ends */
    append32(&image, 0x10000000u + (uint32_t)(info + 60 + code));
    append32(&image, 0x50520006u);
    append32(&image, 0x02031c86u); /* its name */
    append32(&image, 0x10000000u + (uint32_t)info + 52);
    append_text(&image, name, 8);
    append_noise(&image, code, 4);
    return image;
}

struct test_image test_pico_bare(void)
{
    struct test_image image = {NULL, 0};

    append32(&image, 0x20082000u);
    append32(&image, 0x10000149u);
    append_noise(&image, 0x4000, 2350);
    test_image_put32(&image, 0x124, 0xffffded3u);
    return image;
}

static void append_uf2(struct test_image *image, uint32_t family, uint32_t blocks)
{
    size_t start = image->length;

    for (uint32_t i = 0; i < blocks; i++) {
        append32(image, 0x0a324655u);
        append32(image, 0x9e5d5157u);
        append32(image, 0x2000);
        append32(image, 0x10000000u + 256 * i);
        append32(image, 256);
        append32(image, i);
        append32(image, blocks);
        append32(image, family);
        append_noise(image, 256, i + 1);
        fill_to(image, start + (size_t)i * 512 + 508, 0);
        append32(image, 0x0ab16f30u);
    }
}

struct test_image test_uf2(uint32_t family, uint32_t blocks)
{
    struct test_image image = {NULL, 0};

    append_uf2(&image, family, blocks);
    return image;
}

struct test_image test_uf2_rp2350(uint32_t blocks)
{
    struct test_image image = {NULL, 0};

    append_uf2(&image, 0xe48bff57u, 1);
    test_image_put32(&image, 24, 2); /* it says so of itself, and is alone */
    append_uf2(&image, 0xe48bff59u, blocks);
    return image;
}

struct test_image test_littlefs(uint32_t block_size, uint32_t blocks)
{
    struct test_image image = {NULL, 0};

    append32(&image, 1);
    append32(&image, 0xf00ffff7u);
    append_text(&image, "littlefs", 8);
    append32(&image, 0x2fe00010u);
    append32(&image, 0x00020000u);
    append32(&image, block_size);
    append32(&image, blocks);
    append32(&image, 32);
    fill_to(&image, (size_t)block_size * blocks, 0xff);
    return image;
}

static struct test_image spiffs(uint32_t block_size, uint32_t blocks, int counted)
{
    struct test_image image = {NULL, 0};

    fill_to(&image, (size_t)block_size * blocks, 0xff);
    for (uint32_t i = 0; i < blocks; i++) {
        uint32_t magic = 0x20140529u ^ 256u ^ (counted ? blocks - i : 0);

        image.bytes[(size_t)i * block_size + 252] = (uint8_t)magic;
        image.bytes[(size_t)i * block_size + 253] = (uint8_t)(magic >> 8);
    }
    return image;
}

struct test_image test_spiffs(uint32_t block_size, uint32_t blocks)
{
    return spiffs(block_size, blocks, 1);
}

struct test_image test_spiffs_esp8266(uint32_t block_size, uint32_t blocks)
{
    struct test_image image = spiffs(block_size, blocks, 0);

    fill_to(&image, image.length + block_size / 2, 0xff);
    return image;
}

struct test_image test_fat(int wear_levelling)
{
    struct test_image image = {NULL, 0};
    size_t start = wear_levelling ? 4096 : 0;

    fill_to(&image, start + 128 * 512, 0);
    if (wear_levelling)
        memset(image.bytes, 0xff, start);
    image.bytes[start] = 0xeb;
    image.bytes[start + 1] = 0xfe;
    image.bytes[start + 2] = 0x90;
    memcpy(image.bytes + start + 3, "MSDOS5.0", 8);
    image.bytes[start + 12] = 2;
    image.bytes[start + 13] = 1;
    image.bytes[start + 19] = 128;
    image.bytes[start + 510] = 0x55;
    image.bytes[start + 511] = 0xaa;
    return image;
}

struct test_image test_gzip(const struct test_image *image, size_t name)
{
    static const uint8_t head[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 3};
    struct test_image packed = {NULL, 0};
    z_stream stream;
    size_t body;

    test_image_append(&packed, head, sizeof(head));
    if (name > 0) {
        packed.bytes[3] = 8;
        for (size_t i = 0; i < name; i++)
            append8(&packed, 'n');
        append8(&packed, 0);
    }
    memset(&stream, 0, sizeof(stream));
    if (deflateInit2(&stream, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        abort();
    body = packed.length;
    test_image_append(&packed, NULL, deflateBound(&stream, image->length));
    stream.next_in = image->bytes;
    stream.avail_in = (uInt)image->length;
    stream.next_out = packed.bytes + body;
    stream.avail_out = (uInt)(packed.length - body);
    if (deflate(&stream, Z_FINISH) != Z_STREAM_END)
        abort();
    packed.length = body + stream.total_out;
    deflateEnd(&stream);
    append32(&packed, (uint32_t)crc32(0, image->bytes, (uInt)image->length));
    append32(&packed, (uint32_t)image->length);
    return packed;
}

void test_sign_esp8266(struct test_image *image, uint32_t signature)
{
    append_noise(image, signature, 99);
    append32(image, signature);
}

void test_sign_esp32(struct test_image *image, uint32_t signature)
{
    if (signature == 0) {
        append8(image, 0x30);
        append8(image, 69);
        append8(image, 2);
        append8(image, 33);
        append8(image, 0);
        append_noise(image, 32, 5);
        append8(image, 2);
        append8(image, 32);
        append_noise(image, 32, 6);
        fill_to(image, image->length + 512 - 71, 0);
        return;
    }
    append_noise(image, signature, 98);
    image->bytes[image->length - 1] |= 1;
    fill_to(image, image->length + 512 - signature, 0);
}

void test_secure_boot_v1(struct test_image *image, int padded)
{
    append32(image, 0);
    append_noise(image, 64, 1);
    if (padded)
        append_noise(image, 12, 2);
}

void test_secure_boot_v2(struct test_image *image, int ecdsa)
{
    fill_to(image, (image->length + 4095) / 4096 * 4096, 0xff);
    append32(image, ecdsa ? 0x000003e7u : 0x000002e7u);
    append_noise(image, 1212, 3);
    fill_to(image, (image->length + 4095) / 4096 * 4096, 0xff);
}
