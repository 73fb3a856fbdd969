/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>

#include "crypto/crypto.h"
#include "image/image.h"
#include "images.h"
#include "send/preflight.h"
#include "sign/signature.h"

enum { SENT, REFUSED };

static char said[1024];  /* the last error */
static uint32_t ways;    /* what can be done about it */
static char logged[512]; /* the last warning */

static void log_line(void *context, enum espota_log_level level, const char *line)
{
    (void)context;
    (void)level;
    snprintf(logged, sizeof(logged), "%s", line);
}

static const struct espota_log log_to_test = {log_line, NULL};

static struct espota_image_file look_at(const void *bytes, size_t length)
{
    const struct espota_image_input from = {.name = "fw.bin", .data = bytes, .length = length};
    struct espota_crypto_openssl crypto;
    struct espota_image_file file;

    espota_crypto_openssl_init(&crypto);
    ck_assert_int_eq(espota_image_load(&file, &from, true, &crypto.table, NULL), ESPOTA_OK);
    espota_crypto_openssl_deinit(&crypto);
    return file;
}

static int decide(const struct test_image *image, struct espota_preflight request,
                  struct espota_preflight_result *result)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct guarded g = guarded_copy(image->bytes, image->length);
    struct espota_image_file file = look_at(g.bytes, image->length);
    enum espota_status status;

    request.file = &file;
    request.name = "fw.bin";
    request.log = &log_to_test;
    logged[0] = '\0';
    status = espota_preflight(&request, result, &err);
    snprintf(said, sizeof(said), "%s", err.message);
    ways = err.remedy.ways;
    if (status != ESPOTA_OK) {
        ck_assert_int_eq(status, ESPOTA_E_IMAGE);
        ck_assert_ptr_nonnull(strstr(said, "fw.bin is not sent: "));
    }
    espota_image_free(&file);
    guarded_free(&g);
    return status == ESPOTA_OK ? SENT : REFUSED;
}

/* What becomes of an image, with and without --force; frees it. */
static void must(int expected, struct test_image image, struct espota_preflight request,
                 enum espota_chip chip)
{
    struct espota_preflight_result result;

    ck_assert_msg(decide(&image, request, &result) == expected, "%s: %s",
                  expected == SENT ? "refused" : "sent", said);
    if (expected == SENT)
        ck_assert_str_eq(espota_chip_name(result.chip), espota_chip_name(chip));
    request.force = true;
    if (image.length < 100000) { /* large ones take their time under the sanitizers */
        ck_assert_int_eq(decide(&image, request, &result), SENT);
        ck_assert_str_eq(logged, "");
    }
    test_image_free(&image);
}

/* Refused with these words. */
static void must_say(struct test_image image, const char *words)
{
    struct espota_preflight request = {.force = false};
    struct espota_preflight_result result;

    ck_assert_int_eq(decide(&image, request, &result), REFUSED);
    ck_assert_msg(strstr(said, words) != NULL, "%s", said);
    test_image_free(&image);
}

static void must_warn(int expected, struct test_image image, struct espota_preflight request,
                      enum espota_chip chip, const char *words)
{
    struct espota_preflight_result result;

    ck_assert_msg(decide(&image, request, &result) == expected, "%s", said);
    ck_assert_msg(strstr(logged, words) != NULL, "%s", logged);
    must(expected, image, request, chip);
}

static struct test_image packed(struct test_image image)
{
    struct test_image out = test_gzip(&image, 0);

    test_image_free(&image);
    return out;
}

static struct test_image turned(struct test_image image, size_t at)
{
    image.bytes[at] ^= 1;
    return image;
}

static struct test_image text(const char *words)
{
    struct test_image image = {NULL, 0};

    test_image_append(&image, words, strlen(words));
    return image;
}

static const struct espota_preflight flash = {0};
static const struct espota_preflight fs = {.filesystem = true};
static const struct espota_preflight esp8266 = {.chip = ESPOTA_CHIP_ESP8266};
static const struct espota_preflight esp32 = {.chip = ESPOTA_CHIP_ESP32};
static const struct espota_preflight pico = {.chip = ESPOTA_CHIP_RP2040};

START_TEST(test_the_table_esp8266)
{
    must(SENT, test_esp8266(0x1000, 2, 0x40), flash, ESPOTA_CHIP_ESP8266);
    must(SENT, test_esp8266(0x1000, 2, 0x40), esp8266, ESPOTA_CHIP_ESP8266);
    must(SENT, test_esp8266_old(0x1000), flash, ESPOTA_CHIP_ESP8266);
    must(REFUSED, test_esp8266(0x1000, 2, 0x40), esp32, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_esp8266(0x1000, 2, 0x40), pico, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, turned(test_esp8266(0x1000, 2, 0x40), 0x1200), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_esp8266_part(), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_user1(1), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_user2(2), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_rtos(), flash, ESPOTA_CHIP_UNKNOWN);
}
END_TEST

START_TEST(test_the_table_others)
{
    must(SENT, test_esp32(0, 0x1000, 1), flash, ESPOTA_CHIP_ESP32);
    must(SENT, test_esp32(0, 0x1000, 1), esp32, ESPOTA_CHIP_ESP32);
    must(REFUSED, test_esp32(9, 0x1000, 1), esp32, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_esp32(0, 0x1000, 1), esp8266, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, turned(test_esp32(0, 0x1000, 1), 8), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_esp32_merged(0, 0x1000), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_esp32_loader(0), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_partition_table(), flash, ESPOTA_CHIP_UNKNOWN);
    must(SENT, test_pico(0, 1, 0x1000), flash, ESPOTA_CHIP_RP2040);
    must(SENT, test_pico(0, 1, 0x1000), pico, ESPOTA_CHIP_RP2040);
    must(REFUSED, test_pico(0, 1, 0x1000), esp8266, ESPOTA_CHIP_UNKNOWN);
    must_warn(SENT, test_pico(0, 0, 0x1000), pico, ESPOTA_CHIP_RP2040, "no further update");
    must_warn(SENT, test_esp32(14, 0x1000, 1), flash, ESPOTA_CHIP_ESP32_OTHER, "number 14");
    must(REFUSED, test_esp32(14, 0x1000, 1), esp32, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_pico_bare(), pico, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_uf2(0xe48bff56u, 3), pico, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_uf2(0x675a40b0u, 3), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_littlefs(4096, 4), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, text("hello"), flash, ESPOTA_CHIP_UNKNOWN);
}
END_TEST

/* ESPHome's devices take what LibreTiny builds, a program of the host, and two parts of flash. */
START_TEST(test_the_table_esphome)
{
    struct espota_preflight app = {.road = ESPOTA_ROAD_ESPHOME};
    struct espota_preflight table = {.road = ESPOTA_ROAD_ESPHOME,
                                     .type = ESPOTA_UPLOAD_TYPE_PARTITION_TABLE};
    struct espota_preflight loader = {.road = ESPOTA_ROAD_ESPHOME,
                                      .type = ESPOTA_UPLOAD_TYPE_BOOTLOADER};
    struct espota_preflight elsewhere = {.type = ESPOTA_UPLOAD_TYPE_BOOTLOADER};
    struct test_image elf = {NULL, 0};
    struct test_image files = test_littlefs(4096, 8);
    struct espota_preflight_result result;

    must(SENT, test_esp8266(2000, 2, 0x40), app, ESPOTA_CHIP_ESP8266);
    must(SENT, test_esp32(5, 2000, 1), app, ESPOTA_CHIP_ESP32_C3);
    must(SENT, test_uf2(0x675a40b0u, 3), app, ESPOTA_CHIP_LIBRETINY);
    must(SENT, test_uf2(0xa38090a8u, 3), app, ESPOTA_CHIP_LN882H);
    must(REFUSED, test_uf2(0xe48bff56u, 3), app, ESPOTA_CHIP_RP2040);
    must(REFUSED, test_partition_table(), app, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_esp32_loader(0), app, ESPOTA_CHIP_ESP32);
    must(SENT, test_partition_table(), table, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_esp32_loader(0), table, ESPOTA_CHIP_ESP32);
    must(SENT, test_esp32_loader(0), loader, ESPOTA_CHIP_ESP32);
    must(REFUSED, test_esp32(0, 2000, 1), loader, ESPOTA_CHIP_ESP32);
    must(REFUSED, test_esp32_loader(0), elsewhere, ESPOTA_CHIP_ESP32);
    ck_assert_int_eq(decide(&files, app, &result), REFUSED);
    ck_assert_uint_eq(ways, ESPOTA_REMEDY_FORCE); /* not: send it as what it is */
    test_image_free(&files);
    test_image_append(&elf,
                      "\x7f"
                      "ELF\x02\x01\x01",
                      7);
    must(SENT, elf, app, ESPOTA_CHIP_UNKNOWN);
}
END_TEST

START_TEST(test_the_table_file_systems)
{
    must(SENT, test_littlefs(8192, 4), fs, ESPOTA_CHIP_UNKNOWN);
    must(SENT, test_spiffs(8192, 4), fs, ESPOTA_CHIP_UNKNOWN);
    must(SENT, test_fat(0), fs, ESPOTA_CHIP_UNKNOWN);
    must(SENT, text("anything else"), fs, ESPOTA_CHIP_UNKNOWN);
    must_warn(SENT, text("\xe9 and then what nobody knows of"), fs, ESPOTA_CHIP_UNKNOWN, "");
    must_warn(SENT, turned(test_esp32(0, 0x1000, 1), 0x100), fs, ESPOTA_CHIP_ESP32, "begins as");
    must_warn(SENT, text("\x1f\x8b\x08 and no more"), fs, ESPOTA_CHIP_UNKNOWN, "begins as");
    must(REFUSED, test_esp32_merged(0, 0x1000), fs, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, packed(test_littlefs(8192, 4)), fs, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, packed(test_littlefs(8192, 4)), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_esp8266(0x1000, 2, 0x40), fs, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, test_uf2(0xe48bff56u, 3), fs, ESPOTA_CHIP_UNKNOWN);
}
END_TEST

START_TEST(test_the_table_gzip)
{
    struct test_image image;

    must(SENT, packed(test_esp8266(0x1000, 2, 0x40)), flash, ESPOTA_CHIP_ESP8266);
    must(SENT, packed(test_pico(0, 1, 0x1000)), pico, ESPOTA_CHIP_RP2040);
    must(REFUSED, packed(test_pico(0, 1, 0x1000)), esp8266, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, packed(test_esp8266(0x1000, 2, 0x40)), esp32, ESPOTA_CHIP_UNKNOWN);
    must_say(packed(test_esp32(0, 0x1000, 1)),
             "inside gzip: it is for a chip whose devices cannot");
    must(REFUSED, packed(packed(test_esp8266(0x1000, 2, 0x40))), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, packed(turned(test_esp8266(0x1000, 2, 0x40), 0x1200)), flash,
         ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, packed(text("hello")), flash, ESPOTA_CHIP_UNKNOWN);
    image = packed(test_esp8266(0x1000, 2, 0x40));
    must(REFUSED, turned(image, image.length - 8), flash, ESPOTA_CHIP_UNKNOWN); /* its CRC */
    image = packed(test_esp8266(0x1000, 2, 0x40));
    must(REFUSED, turned(image, image.length - 4), flash, ESPOTA_CHIP_UNKNOWN); /* its length */
    image = packed(test_esp8266(0x1000, 2, 0x40));
    test_image_append(&image, NULL, 4);
    must(REFUSED, image, flash, ESPOTA_CHIP_UNKNOWN);
    image = packed(test_esp8266(0x1000, 2, 0x40));
    test_sign_esp8266(&image, 256);
    must(REFUSED, image, flash, ESPOTA_CHIP_UNKNOWN); /* it would destroy the boot loader */
    ck_assert_ptr_null(strstr(said, "boot loader"));  /* that was with `force` */
}
END_TEST

START_TEST(test_espota_py_is_milder_where_it_knows_nothing)
{
    struct espota_preflight lenient = {.lenient = true};
    struct espota_preflight_result result;
    struct test_image image = text("a board nobody heard of");

    ck_assert_int_eq(decide(&image, lenient, &result), SENT);
    ck_assert_ptr_nonnull(strstr(logged, "it is sent as it is"));
    test_image_free(&image);
    image = packed(test_esp8266(0x1000, 2, 0x40));
    test_sign_esp8266(&image, 256);
    ck_assert_int_eq(decide(&image, lenient, &result), REFUSED);
    ck_assert_ptr_nonnull(strstr(said, "destroys its boot loader"));
    ck_assert_uint_eq(ways, ESPOTA_REMEDY_NAME_PUBLICKEY | ESPOTA_REMEDY_FORCE);
    test_image_free(&image);
    must(REFUSED, turned(test_esp8266(0x1000, 2, 0x40), 0x1200), lenient, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, (struct test_image){NULL, 0}, lenient, ESPOTA_CHIP_UNKNOWN);
}
END_TEST

/* A sketch that is a little too long for where its source will lie. */
START_TEST(test_unpacking_over_its_own_source)
{
    uint32_t least;

    must(SENT, packed(test_esp8266(400 * 1024, 2, 0x20)), flash, ESPOTA_CHIP_ESP8266);
    /* built for 512 KiB of flash: 499,696 bytes are the most that any layout takes */
    must(SENT, packed(test_esp8266(470 * 1024, 2, 0x00)), flash, ESPOTA_CHIP_ESP8266);
    must(REFUSED, packed(test_esp8266(490 * 1024, 2, 0x00)), flash, ESPOTA_CHIP_UNKNOWN);
    must(REFUSED, packed(test_esp8266(1030 * 1024, 2, 0x40)), flash, ESPOTA_CHIP_UNKNOWN);
    ck_assert(espota_layout_least(4096, 1000000, &least));
    ck_assert_uint_eq(least, 0x100000);
    ck_assert(espota_layout_least(1024, 400000, &least));
    ck_assert_uint_eq(least, 0x7b000);
    ck_assert(espota_layout_least(1024, 800000, &least));
    ck_assert_uint_eq(least, 0xcb000);
    ck_assert(espota_layout_least(512, 10, &least));
    ck_assert_uint_eq(least, 0x5b000);
    ck_assert(!espota_layout_least(4096, 1044465, &least));
    ck_assert(espota_layout_least(4096, 1044464, &least));
}
END_TEST

/* A gzip that packs badly behind a long run, as no compiler makes them but a stored block may. */
START_TEST(test_a_gzip_that_grows_is_refused)
{
    struct test_image image = test_esp8266(438000, 2, 0x00); /* 512 KiB without a file system */
    struct test_image gz = {NULL, 0};
    uint8_t header[10] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255};
    struct test_image fine = test_gzip(&image, 0);
    static uint8_t empty[50000][5];

    /* the same image, behind it fifty thousand empty stored blocks: 250 kB that unpack to nothing
     */
    for (size_t i = 0; i < 50000; i++)
        memcpy(empty[i], "\0\0\0\xff\xff", 5);
    test_image_append(&gz, header, sizeof(header));
    for (size_t at = 0; at < image.length; at += 32768) {
        size_t now = image.length - at < 32768 ? image.length - at : 32768;
        uint8_t stored[5] = {at + now == image.length, (uint8_t)now, (uint8_t)(now >> 8),
                             (uint8_t)~now, (uint8_t)(~now >> 8)};

        if (at + now == image.length)
            test_image_append(&gz, empty, sizeof(empty));
        test_image_append(&gz, stored, sizeof(stored));
        test_image_append(&gz, image.bytes + at, now);
    }
    test_image_append(&gz, fine.bytes + fine.length - 8, 8);
    must(SENT, fine, flash, ESPOTA_CHIP_ESP8266);
    must(REFUSED, gz, flash, ESPOTA_CHIP_UNKNOWN);
    test_image_free(&image);
}
END_TEST

static void sign(struct test_image *image, const struct espota_key *key,
                 enum espota_sign_format format)
{
    struct espota_tail tail;
    uint8_t trailer[ESPOTA_TRAILER_MAX];
    size_t length;

    ck_assert_int_eq(espota_tail_init(&tail, key, format, NULL), ESPOTA_OK);
    espota_tail_add(&tail, image->bytes, image->length);
    ck_assert_int_eq(espota_tail_sign(&tail, format, ESPOTA_HASH_SHA256, trailer, &length, NULL),
                     ESPOTA_OK);
    espota_tail_deinit(&tail);
    test_image_append(image, trailer, length);
}

static void must_signed(int expected, struct test_image image, const struct espota_key *signer,
                        enum espota_sign_format format, const struct espota_key *publickey)
{
    struct espota_preflight request = {.publickey = publickey};
    struct espota_preflight_result result;

    if (signer != NULL)
        sign(&image, signer, format);
    ck_assert_msg(decide(&image, request, &result) == expected, "%s", said);
    request.force = true; /* --force does not open this */
    ck_assert_int_eq(decide(&image, request, &result), expected);
    test_image_free(&image);
}

START_TEST(test_publickey)
{
    struct espota_key *a;
    struct espota_key *b;
    struct espota_key *big;
    struct espota_key *ec;

    ck_assert_int_eq(espota_key_generate(&a, ESPOTA_KEY_TYPE_RSA_2048, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_key_generate(&b, ESPOTA_KEY_TYPE_RSA_2048, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_key_generate(&big, ESPOTA_KEY_TYPE_RSA_3072, NULL), ESPOTA_OK);
    ck_assert_int_eq(espota_key_generate(&ec, ESPOTA_KEY_TYPE_ECDSA_P256, NULL), ESPOTA_OK);
    must_signed(SENT, test_esp8266(64, 2, 0x40), a, ESPOTA_SIGN_ESP8266, a);
    must_signed(REFUSED, test_esp8266(64, 2, 0x40), a, ESPOTA_SIGN_ESP8266, b);
    must_signed(REFUSED, test_esp8266(64, 2, 0x40), NULL, ESPOTA_SIGN_ESP8266, a);
    must_signed(REFUSED, test_esp8266(64, 2, 0x40), a, ESPOTA_SIGN_ESP8266_LEGACY, a);
    ck_assert_ptr_nonnull(strstr(said, "legacy ESP8266 format"));
    must_signed(REFUSED, test_esp8266(64, 2, 0x40), a, ESPOTA_SIGN_ESP32, a);
    ck_assert_ptr_nonnull(strstr(said, "in the ESP32 format, and the device takes the ESP8266"));
    must_signed(SENT, packed(test_esp8266(64, 2, 0x40)), a, ESPOTA_SIGN_ESP8266, a);
    must_signed(SENT, test_esp32(0, 64, 1), a, ESPOTA_SIGN_ESP32, a);
    must_signed(SENT, test_esp32(5, 64, 1), ec, ESPOTA_SIGN_ESP32, ec);
    must_signed(REFUSED, test_esp32(0, 64, 1), a, ESPOTA_SIGN_ESP8266, a);
    must_signed(SENT, test_pico(0, 1, 64), a, ESPOTA_SIGN_ESP8266, a);
    espota_key_destroy(a);
    espota_key_destroy(b);
    espota_key_destroy(big);
    espota_key_destroy(ec);
}
END_TEST

static enum espota_status pack(const struct test_image *image, struct espota_preflight request,
                               void **out, size_t *length)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_image_file file = look_at(image->bytes, image->length);
    enum espota_status status;

    request.file = &file;
    request.name = "fw.bin";
    status = espota_preflight_pack(&request, out, length, &err);
    espota_image_free(&file);
    snprintf(said, sizeof(said), "%s", err.message);
    ways = err.remedy.ways;
    return status;
}

START_TEST(test_packing_on_the_way)
{
    struct test_image image = test_esp8266(0x1000, 2, 0x40);
    struct espota_preflight_result result;
    struct test_image out = {NULL, 0};
    void *bytes;

    ck_assert_int_eq(pack(&image, flash, &bytes, &out.length), ESPOTA_OK);
    out.bytes = bytes;
    ck_assert_uint_lt(out.length, image.length);
    ck_assert_int_eq(decide(&out, flash, &result), SENT);
    ck_assert(result.gzip);
    ck_assert_int_eq(pack(&out, flash, &bytes, &out.length), ESPOTA_E_IMAGE);
    ck_assert_ptr_nonnull(strstr(said, "compressed already"));
    test_image_free(&out);
    ck_assert_int_eq(pack(&image, fs, &bytes, &out.length), ESPOTA_E_USAGE);
    ck_assert_int_eq(pack(&image, esp32, &bytes, &out.length), ESPOTA_E_IMAGE);
    test_sign_esp8266(&image, 256);
    ck_assert_int_eq(pack(&image, flash, &bytes, &out.length), ESPOTA_E_IMAGE);
    ck_assert_ptr_nonnull(strstr(said, "compress first"));
    test_image_free(&image);
    image = test_esp32(0, 64, 1);
    ck_assert_int_eq(pack(&image, flash, &bytes, &out.length), ESPOTA_E_IMAGE);
    ck_assert_ptr_null(bytes);
    test_image_free(&image);
}
END_TEST

UNIT_MAIN("send/preflight", test_the_table_esp8266, test_the_table_others, test_the_table_esphome,
          test_the_table_file_systems, test_the_table_gzip,
          test_espota_py_is_milder_where_it_knows_nothing, test_unpacking_over_its_own_source,
          test_a_gzip_that_grows_is_refused, test_publickey, test_packing_on_the_way)
