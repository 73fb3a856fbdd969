/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "crypto/crypto.h"
#include "image/image.h"
#include "image/parts.h"
#include "images.h"

static struct espota_image inspect(const struct test_image *file)
{
    struct espota_crypto_openssl crypto;
    struct guarded g = guarded_copy(file->bytes, file->length);
    struct espota_image_source source = espota_image_memory(g.bytes, (uint32_t)file->length);
    struct espota_image image;

    espota_crypto_openssl_init(&crypto);
    ck_assert_int_eq(espota_image_inspect(&source, &crypto.table, &image), ESPOTA_OK);
    espota_crypto_openssl_deinit(&crypto);
    guarded_free(&g);
    return image;
}

static int has(const struct espota_image *image, enum espota_image_problem_kind kind)
{
    for (size_t i = 0; i < image->problem_count; i++)
        if (image->problems[i].kind == kind)
            return 1;
    return 0;
}

static void must_be(struct test_image file, enum espota_image_kind kind, enum espota_chip chip)
{
    struct espota_image image = inspect(&file);

    ck_assert_str_eq(espota_image_kind_word(image.kind), espota_image_kind_word(kind));
    ck_assert_str_eq(espota_chip_name(image.chip), espota_chip_name(chip));
    ck_assert_uint_eq(image.problem_count, 0);
    ck_assert_int_eq(image.signature, ESPOTA_SIGNATURE_NONE);
    ck_assert_uint_eq(image.length, file.length);
    test_image_free(&file);
}

static void must_have(struct test_image file, enum espota_image_kind kind,
                      enum espota_image_problem_kind problem)
{
    struct espota_image image = inspect(&file);

    ck_assert_str_eq(espota_image_kind_word(image.kind), espota_image_kind_word(kind));
    ck_assert_msg(has(&image, problem), "%s has not problem %d", espota_image_kind_word(image.kind),
                  problem);
    test_image_free(&file);
}

START_TEST(test_good_images_of_every_kind)
{
    must_be(test_esp8266(0x1000, 2, 0x40), ESPOTA_IMAGE_ESP8266, ESPOTA_CHIP_ESP8266);
    must_be(test_esp8266_old(0x1000), ESPOTA_IMAGE_ESP8266, ESPOTA_CHIP_ESP8266);
    must_be(test_user1(1), ESPOTA_IMAGE_ESP8266_USER, ESPOTA_CHIP_ESP8266);
    must_be(test_user2(2), ESPOTA_IMAGE_ESP8266_USER, ESPOTA_CHIP_ESP8266);
    must_be(test_user2(0), ESPOTA_IMAGE_ESP8266_USER, ESPOTA_CHIP_ESP8266);
    must_be(test_rboot(), ESPOTA_IMAGE_ESP8266_USER, ESPOTA_CHIP_ESP8266);
    must_be(test_rtos(), ESPOTA_IMAGE_ESP8266_RTOS, ESPOTA_CHIP_ESP8266);
    must_be(test_esp32(0, 0x800, 1), ESPOTA_IMAGE_ESP32, ESPOTA_CHIP_ESP32);
    must_be(test_esp32(0, 0x800, 0), ESPOTA_IMAGE_ESP32, ESPOTA_CHIP_ESP32);
    must_be(test_esp32(5, 0x804, 1), ESPOTA_IMAGE_ESP32, ESPOTA_CHIP_ESP32_C3);
    must_be(test_esp32(9, 0x808, 1), ESPOTA_IMAGE_ESP32, ESPOTA_CHIP_ESP32_S3);
    must_be(test_esp32(13, 0x80c, 1), ESPOTA_IMAGE_ESP32, ESPOTA_CHIP_ESP32_C6);
    must_be(test_esp32(14, 0x800, 1), ESPOTA_IMAGE_ESP32, ESPOTA_CHIP_ESP32_OTHER);
    must_be(test_pico(0, 1, 0x400), ESPOTA_IMAGE_PICO, ESPOTA_CHIP_RP2040);
    must_be(test_pico(0, 0, 0x400), ESPOTA_IMAGE_PICO, ESPOTA_CHIP_RP2040);
    must_be(test_pico(1, 1, 0x400), ESPOTA_IMAGE_PICO, ESPOTA_CHIP_RP2350);
    must_be(test_uf2(0x675a40b0u, 3), ESPOTA_IMAGE_UF2, ESPOTA_CHIP_LIBRETINY);
    must_be(test_littlefs(8192, 3), ESPOTA_IMAGE_LITTLEFS, ESPOTA_CHIP_UNKNOWN);
    must_be(test_spiffs(8192, 4), ESPOTA_IMAGE_SPIFFS, ESPOTA_CHIP_UNKNOWN);
    must_be(test_spiffs(4096, 5), ESPOTA_IMAGE_SPIFFS, ESPOTA_CHIP_UNKNOWN);
    must_be(test_spiffs_esp8266(8192, 4), ESPOTA_IMAGE_SPIFFS, ESPOTA_CHIP_UNKNOWN);
    must_be(test_spiffs_esp8266(4096, 5), ESPOTA_IMAGE_SPIFFS, ESPOTA_CHIP_UNKNOWN);
    must_be(test_fat(0), ESPOTA_IMAGE_FAT, ESPOTA_CHIP_UNKNOWN);
    must_be(test_fat(1), ESPOTA_IMAGE_FAT, ESPOTA_CHIP_UNKNOWN);
}
END_TEST

START_TEST(test_what_is_wrong_with_what_is_no_update)
{
    must_have(test_esp8266_part(), ESPOTA_IMAGE_ESP8266_SINGLE, ESPOTA_PROBLEM_PART);
    must_have(test_esp32_loader(0), ESPOTA_IMAGE_ESP32_LOADER, ESPOTA_PROBLEM_LOADER);
    must_have(test_esp32_merged(0, 0x1000), ESPOTA_IMAGE_ESP32_MERGED, ESPOTA_PROBLEM_MERGED);
    must_have(test_esp32_merged(5, 0), ESPOTA_IMAGE_ESP32_MERGED, ESPOTA_PROBLEM_MERGED);
    must_have(test_esp32_merged(18, 0x2000), ESPOTA_IMAGE_ESP32_MERGED, ESPOTA_PROBLEM_MERGED);
    must_have(test_esp32_loader_table(0, 0x1000), ESPOTA_IMAGE_ESP32_LOADER,
              ESPOTA_PROBLEM_LOADER_TABLE);
    must_have(test_esp32_loader_table(5, 0), ESPOTA_IMAGE_ESP32_LOADER,
              ESPOTA_PROBLEM_LOADER_TABLE);
    must_have(test_partition_table(), ESPOTA_IMAGE_ESP32_PARTITION, ESPOTA_PROBLEM_PARTITION);
    must_have(test_uf2(0xe48bff56u, 3), ESPOTA_IMAGE_UF2, ESPOTA_PROBLEM_UF2_DRIVE);
    must_have(test_pico_bare(), ESPOTA_IMAGE_PICO, ESPOTA_PROBLEM_PICO_NO_OTA);
    must_have(test_uf2_rp2350(3), ESPOTA_IMAGE_UF2, ESPOTA_PROBLEM_UF2_DRIVE);
    must_have(test_esp8266(0x400, 5, 0x40), ESPOTA_IMAGE_ESP8266, ESPOTA_PROBLEM_FLASH_MODE);
    must_have((struct test_image){NULL, 0}, ESPOTA_IMAGE_UNKNOWN, ESPOTA_PROBLEM_EMPTY);
}
END_TEST

START_TEST(test_fields_of_an_esp8266_sketch)
{
    struct test_image file = test_esp8266(0x1000, 2, 0x4f);
    struct espota_image image = inspect(&file);

    ck_assert_uint_eq(image.flash_mode, 2);
    ck_assert_uint_eq(image.flash_kib, 4096);
    ck_assert_uint_eq(image.flash_mhz, 80);
    ck_assert_uint_eq(image.segment_count, 4);
    ck_assert_uint_eq(image.segments[0].address, 0x40201010);
    ck_assert_uint_eq(image.segments[0].length, 0x1000);
    ck_assert_uint_eq(image.segments[0].offset, 0x1010);
    ck_assert_int_eq(image.checksum, ESPOTA_CHECK_GOOD);
    ck_assert_int_eq(image.crc, ESPOTA_CHECK_GOOD);
    test_image_free(&file);
    file = test_esp8266_old(0x1000);
    image = inspect(&file);
    ck_assert_int_eq(image.checksum, ESPOTA_CHECK_GOOD);
    ck_assert_int_eq(image.crc, ESPOTA_CHECK_NONE);
    test_image_free(&file);
}
END_TEST

START_TEST(test_fields_of_an_esp32_application)
{
    struct test_image file = test_esp32(9, 0x1000, 1);
    struct espota_image image = inspect(&file);

    ck_assert_str_eq(image.project, "door");
    ck_assert_str_eq(image.version, "2.1.0");
    ck_assert_str_eq(image.sdk, "v5.5.1");
    ck_assert_str_eq(image.built, "Nov 21 2026 12:34:56");
    ck_assert_uint_eq(image.min_revision, 3);
    ck_assert_uint_eq(image.max_revision, 199);
    ck_assert_uint_eq(image.flash_kib, 4096);
    ck_assert_int_eq(image.hash, ESPOTA_CHECK_GOOD);
    test_image_free(&file);
}
END_TEST

START_TEST(test_fields_of_others)
{
    struct test_image file = test_pico(0, 1, 0x100);
    struct espota_image image = inspect(&file);

    ck_assert_uint_eq(image.fs_start, 0x10100000);
    ck_assert_uint_eq(image.fs_end, 0x10180000);
    ck_assert_str_eq(image.project, "blink");
    test_image_free(&file);
    file = test_littlefs(4096, 3);
    image = inspect(&file);
    ck_assert_uint_eq(image.block_size, 4096);
    ck_assert_uint_eq(image.block_count, 3);
    test_image_free(&file);
    file = test_user2(2);
    image = inspect(&file);
    ck_assert_uint_eq(image.user, 2);
    ck_assert_int_eq(image.crc, ESPOTA_CHECK_GOOD);
    ck_assert_uint_eq(image.flash_kib, 4096);
    ck_assert_uint_eq(image.flash_mhz, 40);
    ck_assert_uint_eq(image.segment_count, 4);
    ck_assert_uint_eq(image.segments[0].length, 0x400); /* the one in flash */
    ck_assert_uint_eq(image.segments[0].offset, 16);
    test_image_free(&file);
    file = test_uf2_rp2350(5);
    image = inspect(&file);
    ck_assert_uint_eq(image.uf2_blocks, 5);
    ck_assert_uint_eq(image.problem_count, 1);
    test_image_free(&file);
}
END_TEST

START_TEST(test_notes_of_good_images)
{
    struct test_image file = test_pico(0, 0, 0x400);
    struct espota_image image = inspect(&file);

    ck_assert_uint_eq(image.note_count, 1);
    ck_assert_int_eq(image.notes[0].kind, ESPOTA_NOTE_PICO_NO_FS);
    test_image_free(&file);
    file = test_esp32(14, 0x400, 1);
    image = inspect(&file);
    ck_assert_uint_eq(image.note_count, 1);
    ck_assert_int_eq(image.notes[0].kind, ESPOTA_NOTE_CHIP_ID);
    ck_assert_uint_eq(image.notes[0].a, 14);
    test_image_free(&file);
}
END_TEST

/* What merely begins as an image does is no damaged one. */
START_TEST(test_data_that_begins_with_a_magic_byte)
{
    for (uint32_t seed = 0; seed < 2000; seed++) {
        struct test_image file = {NULL, 0};
        struct espota_image image;

        test_image_append(&file, NULL, 8192);
        test_noise(file.bytes, file.length, seed);
        file.bytes[0] = seed & 1 ? 0xe9 : 0xea;
        if (seed & 1)
            file.bytes[1] = 3;
        image = inspect(&file);
        ck_assert_int_eq(image.kind, ESPOTA_IMAGE_UNKNOWN);
        ck_assert_int_eq(image.problems[0].kind, ESPOTA_PROBLEM_UNKNOWN);
        test_image_free(&file);
    }
}
END_TEST

/* Cut anywhere: never a good image, and no byte beyond the end is touched. */
static void must_notice_cuts(struct test_image file)
{
    for (size_t length = 0; length < file.length; length++) {
        struct test_image cut = {file.bytes, length};
        struct espota_image image = inspect(&cut);

        ck_assert_msg(image.problem_count > 0, "%s of %zu bytes passes when cut to %zu",
                      espota_image_kind_word(image.kind), file.length, length);
    }
    test_image_free(&file);
}

START_TEST(test_cut_anywhere)
{
    must_notice_cuts(test_esp8266(0x200, 2, 0x40));
    must_notice_cuts(test_esp32(0, 0x100, 1));
    must_notice_cuts(test_esp32(5, 0x100, 0));
    must_notice_cuts(test_rtos());
    must_notice_cuts(test_user2(2));
    must_notice_cuts(test_uf2(0x675a40b0u, 3));
}
END_TEST

START_TEST(test_cut_pico_and_file_systems)
{
    struct test_image file = test_pico(0, 1, 0x400);

    for (size_t length = 257; length < file.length; length += 61) {
        struct test_image cut = {file.bytes, length};
        struct espota_image image;

        if (length > 0x3008 && length < 0x30e4) /* the table that says its length is cut off */
            continue;
        image = inspect(&cut);

        ck_assert_int_eq(image.kind, ESPOTA_IMAGE_PICO);
        ck_assert_uint_gt(image.problem_count, 0);
    }
    test_image_free(&file);
    file = test_littlefs(4096, 4);
    file.length -= 1;
    must_have(file, ESPOTA_IMAGE_LITTLEFS, ESPOTA_PROBLEM_FS_LENGTH);
    file = test_fat(1);
    file.length -= 512 + 4096;
    must_have(file, ESPOTA_IMAGE_FAT, ESPOTA_PROBLEM_FS_LENGTH);
}
END_TEST

/* Any single byte that changes is noticed, but for those that nothing guards. */
static void must_notice_flips(struct test_image file, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++) {
        struct espota_image image;

        file.bytes[i] ^= 0x10;
        image = inspect(&file);
        ck_assert_msg(image.problem_count > 0, "byte %zu of %zu may change", i, file.length);
        file.bytes[i] ^= 0x10;
    }
    test_image_free(&file);
}

START_TEST(test_flip_any_byte)
{
    struct test_image file = test_esp8266(0x200, 2, 0x40);
    size_t length = file.length;

    must_notice_flips(file, 0x1010, length); /* the CRC guards all of it … */
    must_notice_flips(test_esp8266(0x200, 2, 0x40), 16, 0x1000);
    must_notice_flips(test_esp32(0, 0x40, 1), 24, 24 + 8 + 256 + 8 + 0x80 + 8 + 0x40 + 32);
    must_notice_flips(test_user2(2), 16, 0x400);
}
END_TEST

START_TEST(test_flips_are_named)
{
    struct test_image file = test_esp8266(0x200, 2, 0x40);

    file.bytes[0x1100] ^= 1;
    must_have(file, ESPOTA_IMAGE_ESP8266, ESPOTA_PROBLEM_CHECKSUM);
    file = test_esp8266(0x200, 2, 0x40);
    file.bytes[0x800] ^= 1; /* between the two images */
    must_have(file, ESPOTA_IMAGE_ESP8266, ESPOTA_PROBLEM_CRC);
    file = test_esp8266(0x200, 2, 0x40);
    file.bytes[0x1010] ^= 1;
    must_have(file, ESPOTA_IMAGE_ESP8266, ESPOTA_PROBLEM_LENGTH);
    file = test_esp8266(0x200, 2, 0x40);
    file.bytes[0x20] ^= 1;
    must_have(file, ESPOTA_IMAGE_ESP8266, ESPOTA_PROBLEM_BOOT_CHECKSUM);
    file = test_esp32(0, 0x200, 1);
    file.bytes[file.length - 1] ^= 1;
    must_have(file, ESPOTA_IMAGE_ESP32, ESPOTA_PROBLEM_HASH);
    file = test_esp32(0, 0x200, 1);
    file.bytes[0x150] ^= 1;
    must_have(file, ESPOTA_IMAGE_ESP32, ESPOTA_PROBLEM_CHECKSUM);
    file = test_uf2(0x675a40b0u, 3);
    file.bytes[512] ^= 1;
    must_have(file, ESPOTA_IMAGE_UF2, ESPOTA_PROBLEM_UF2_BLOCK);
    file = test_pico(0, 1, 0x100);
    file.bytes[4] ^= 1;
    must_have(file, ESPOTA_IMAGE_PICO, ESPOTA_PROBLEM_PICO_BOOT2);
    file = test_user2(2);
    file.bytes[0x123] ^= 1;
    must_have(file, ESPOTA_IMAGE_ESP8266_USER, ESPOTA_PROBLEM_CRC);
}
END_TEST

static void must_see_esp8266_trailer(struct test_image file, uint32_t length)
{
    struct espota_image before = inspect(&file);
    struct espota_image image;
    size_t payload = file.length;

    test_sign_esp8266(&file, length);
    image = inspect(&file);
    ck_assert_int_eq(image.kind, before.kind);
    ck_assert_uint_eq(image.problem_count, before.problem_count);
    ck_assert_int_eq(image.signature, ESPOTA_SIGNATURE_ESP8266);
    ck_assert_uint_eq(image.signature_length, length);
    ck_assert_uint_eq(image.payload, payload);
    test_image_free(&file);
}

static void must_see_secure_boot(struct test_image file, enum espota_image_signature kind)
{
    struct espota_image image = inspect(&file);

    ck_assert_uint_eq(image.problem_count, 0);
    ck_assert_int_eq(image.signature, kind);
    test_image_free(&file);
}

START_TEST(test_secure_boot)
{
    for (int i = 0; i < 2; i++) {
        struct test_image file = test_esp32(0, 0x200, 1);

        test_secure_boot_v1(&file, i);
        must_see_secure_boot(file, ESPOTA_SIGNATURE_SECURE_BOOT_V1);
        file = test_esp32(5, 0x200, 1);
        test_secure_boot_v2(&file, i);
        must_see_secure_boot(file,
                             i ? ESPOTA_SIGNATURE_SECURE_BOOT_ECDSA : ESPOTA_SIGNATURE_SECURE_BOOT);
    }
}
END_TEST

static void must_see_esp32_trailer(struct test_image file, uint32_t length,
                                   enum espota_image_signature kind)
{
    struct espota_image image;
    size_t payload = file.length;

    test_sign_esp32(&file, length);
    image = inspect(&file);
    ck_assert_uint_eq(image.problem_count, 0);
    ck_assert_int_eq(image.signature, kind);
    ck_assert_uint_eq(image.signature_length, length != 0 ? length : 71);
    ck_assert_uint_eq(image.payload, payload);
    test_image_free(&file);
}

START_TEST(test_trailers)
{
    static const uint32_t lengths[] = {128, 192, 256, 384, 512};

    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        must_see_esp8266_trailer(test_esp8266(0x200, 2, 0x40), lengths[i]);
        must_see_esp8266_trailer(test_esp8266_old(0x200), lengths[i]);
        must_see_esp8266_trailer(test_littlefs(4096, 3), lengths[i]);
        must_see_esp8266_trailer(test_spiffs(8192, 3), lengths[i]);
        must_see_esp8266_trailer(test_spiffs_esp8266(8192, 3), lengths[i]);
        must_see_esp8266_trailer(test_rtos(), lengths[i]);
    }
    must_see_esp8266_trailer(test_pico(0, 1, 0x200), 256);
    must_see_esp32_trailer(test_esp32(0, 0x200, 1), 256, ESPOTA_SIGNATURE_ESP32_RSA);
    must_see_esp32_trailer(test_esp32(0, 0x200, 1), 384, ESPOTA_SIGNATURE_ESP32_RSA);
    must_see_esp32_trailer(test_esp32(0, 0x200, 0), 512, ESPOTA_SIGNATURE_ESP32_RSA);
    must_see_esp32_trailer(test_esp32(5, 0x200, 1), 0, ESPOTA_SIGNATURE_ESP32_ECDSA);
}
END_TEST

START_TEST(test_gzip_is_seen_and_left_alone)
{
    struct test_image file = test_esp8266(0x1000, 2, 0x40);
    struct test_image packed = test_gzip(&file, 3);
    struct espota_image image = inspect(&packed);

    ck_assert_int_eq(image.kind, ESPOTA_IMAGE_GZIP);
    ck_assert_uint_eq(image.problem_count, 0);
    ck_assert_int_eq(image.signature, ESPOTA_SIGNATURE_NONE);
    test_image_free(&file);
    must_see_esp8266_trailer(packed, 256);
}
END_TEST

START_TEST(test_chip_by_head)
{
    static const struct {
        uint16_t id;
        enum espota_chip chip;
    } some[] = {{0, ESPOTA_CHIP_ESP32}, {5, ESPOTA_CHIP_ESP32_C3}, {32, ESPOTA_CHIP_ESP32_S31}};
    struct test_image file = test_esp8266(0x200, 2, 0x40);

    ck_assert_int_eq(espota_image_chip_by_head(file.bytes, 48), ESPOTA_CHIP_ESP8266);
    ck_assert_int_eq(espota_image_chip_by_head(file.bytes, 2), ESPOTA_CHIP_ESP8266);
    ck_assert_int_eq(espota_image_chip_by_head(file.bytes, 0), ESPOTA_CHIP_UNKNOWN);
    ck_assert_int_eq(espota_image_chip_by_head("UF2\nabcdefghijklmnopqrstuvwxyz", 30),
                     ESPOTA_CHIP_UNKNOWN);
    test_image_free(&file);
    for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
        file = test_esp32(some[i].id, 0x100, 1);
        ck_assert_int_eq(espota_image_chip_by_head(file.bytes, 48), some[i].chip);
        test_image_free(&file);
    }
}
END_TEST

/* A source that fails at its nth read. */
struct failing {
    const struct test_image *file;
    int reads_left;
};

static enum espota_status failing_read(void *context, uint32_t offset, void *out, size_t length)
{
    struct failing *failing = context;

    if (failing->reads_left-- == 0)
        return ESPOTA_E_LOCAL;
    memcpy(out, failing->file->bytes + offset, length);
    return ESPOTA_OK;
}

START_TEST(test_a_source_that_fails_is_told)
{
    struct test_image file = test_esp32(5, 0x800, 1);
    enum espota_status status = ESPOTA_E_LOCAL;
    struct espota_crypto_openssl crypto;
    int reads = 0;

    espota_crypto_openssl_init(&crypto);
    while (status != ESPOTA_OK) {
        struct failing failing = {&file, reads};
        struct espota_image_source source = {&failing, (uint32_t)file.length, failing_read};
        struct espota_image image;

        status = espota_image_inspect(&source, &crypto.table, &image);
        ck_assert(status == ESPOTA_OK || status == ESPOTA_E_LOCAL);
        reads++;
    }
    espota_crypto_openssl_deinit(&crypto);
    ck_assert_int_gt(reads, 10);
    test_image_free(&file);
}
END_TEST

START_TEST(test_sentences)
{
    struct espota_image_problem problem = {ESPOTA_PROBLEM_CRC, 0x0376e6e7, 0xcbf43926};
    char text[ESPOTA_PROBLEM_TEXT_MAX];

    espota_image_problem_text(&problem, text);
    ck_assert_str_eq(text, "The CRC is wrong: it says 0376e6e7, its bytes give cbf43926.");
    problem = (struct espota_image_problem){ESPOTA_PROBLEM_CUT, 4096, 17};
    espota_image_problem_text(&problem, text);
    ck_assert_str_eq(text, "It is cut short: it needs at least 4096 bytes and has 17.");
    problem = (struct espota_image_problem){ESPOTA_PROBLEM_CHECKSUM, 0xef, 0x01};
    espota_image_problem_text(&problem, text);
    ck_assert_str_eq(text, "The checksum is wrong: it says ef, its bytes give 01.");
    for (int i = ESPOTA_PROBLEM_EMPTY; i < ESPOTA_PROBLEM_COUNT; i++) {
        problem = (struct espota_image_problem){(enum espota_image_problem_kind)i, UINT32_MAX,
                                                UINT32_MAX};
        espota_image_problem_text(&problem, text);
        ck_assert_uint_gt(strlen(text), 10);
        ck_assert_int_eq(text[strlen(text) - 1], '.'); /* and so it was not cut */
    }
}
END_TEST

UNIT_MAIN("image/image", test_good_images_of_every_kind, test_what_is_wrong_with_what_is_no_update,
          test_fields_of_an_esp8266_sketch, test_fields_of_an_esp32_application,
          test_fields_of_others, test_notes_of_good_images, test_data_that_begins_with_a_magic_byte,
          test_secure_boot, test_cut_anywhere, test_cut_pico_and_file_systems, test_flip_any_byte,
          test_flips_are_named, test_trailers, test_gzip_is_seen_and_left_alone, test_chip_by_head,
          test_a_source_that_fails_is_told, test_sentences)
