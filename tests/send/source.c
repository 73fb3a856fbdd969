/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>
#include <sys/stat.h>
#include <zlib.h>

#include "crypto/crypto.h"
#include "images.h"
#include "send/send.h"

static char folder[] = "/tmp/espota-source-XXXXXX";
static char image_path[64], signed_path[80];
static char warnings[1024];
static struct espota_crypto_openssl crypto;

static void on_log(void *context, enum espota_log_level level, const char *line)
{
    (void)context;
    if (level == ESPOTA_LOG_WARNING)
        strncat(warnings, line, sizeof(warnings) - strlen(warnings) - 1);
}

static const struct espota_log log_here = {on_log, NULL};

static void enter(void)
{
    strcpy(folder + sizeof(folder) - 7, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(image_path, sizeof(image_path), "%s/a.bin", folder);
    snprintf(signed_path, sizeof(signed_path), "%s.signed", image_path);
    warnings[0] = '\0';
    espota_crypto_openssl_init(&crypto);
}

static void leave(void)
{
    espota_crypto_openssl_deinit(&crypto);
    unlink(image_path);
    unlink(signed_path);
    ck_assert_int_eq(rmdir(folder), 0);
}

static void write_bytes(const char *path, const struct test_image *image)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    if (image->length > 0) /* an empty image has no bytes to point to */
        ck_assert_uint_eq(fwrite(image->bytes, 1, image->length, file), image->length);
    fclose(file);
}

static struct espota_sources sources_of(bool legacy)
{
    static struct espota_upload_options options;

    options = (struct espota_upload_options){.log = log_here, .legacy_tool = legacy};
    return (struct espota_sources){.options = &options, .crypto = &crypto.table};
}

static const struct espota_source *get(struct espota_sources *sources, const char *path)
{
    const struct espota_source *source;

    const struct espota_image_input from = {.name = path};

    ck_assert_int_eq(espota_sources_get(sources, &from, false, ESPOTA_ROAD_CALLBACK, &source, NULL),
                     ESPOTA_OK);
    return source;
}

START_TEST(test_read_once_and_shared)
{
    struct espota_sources sources;
    const struct espota_source *first, *files;
    const struct espota_image_input from = {.name = image_path};
    struct test_image image = test_esp8266(3000, 2, 0x40);

    enter();
    sources = sources_of(false);
    write_bytes(image_path, &image);
    first = get(&sources, image_path);
    ck_assert_int_eq(first->error.status, ESPOTA_OK);
    ck_assert_uint_eq(first->length, image.length);
    ck_assert_int_eq(memcmp(first->sent.bytes, image.bytes, image.length), 0);
    ck_assert_int_eq(first->chip, ESPOTA_CHIP_ESP8266);
    ck_assert_uint_eq(strlen(first->md5), 32);
    ck_assert_uint_eq(strlen(first->sent.sha256), 64);
    ck_assert_int_eq(unlink(image_path), 0);
    ck_assert_ptr_eq(get(&sources, image_path), first); /* though the file is gone */
    ck_assert_int_eq(espota_sources_get(&sources, &from, true, ESPOTA_ROAD_CALLBACK, &files, NULL),
                     ESPOTA_OK);
    ck_assert_ptr_ne(files, first); /* another kind of image is checked by itself */
    ck_assert_int_eq(files->error.status, ESPOTA_E_LOCAL);
    espota_sources_deinit(&sources);
    test_image_free(&image);
    leave();
}
END_TEST

START_TEST(test_known_digests)
{
    struct espota_upload_options options = {.force = true};
    struct espota_sources sources = {.options = &options, .crypto = &crypto.table};
    const struct espota_source *source;
    struct test_image image = {NULL, 0};

    enter();
    test_image_append(&image, "abc", 3);
    write_bytes(image_path, &image);
    source = get(&sources, image_path);
    ck_assert_str_eq(source->md5, "900150983cd24fb0d6963f7d28e17f72");
    ck_assert_str_eq(source->sent.sha256,
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    espota_sources_deinit(&sources);
    test_image_free(&image);
    leave();
}
END_TEST

struct beside {
    const char *name;
    bool gzip, stale;
    bool takes_signed; /* espota.py's stand-in */
    enum espota_status legacy, native;
    const char *legacy_says, *native_says; /* NULL: nothing */
};

static const struct beside besides[] = {
    {"fresh", false, false, true, ESPOTA_OK, ESPOTA_OK, NULL, "lies beside"},
    {"stale", false, true, false, ESPOTA_E_IMAGE, ESPOTA_OK, NULL, NULL},
    {"gzip", true, false, false, ESPOTA_OK, ESPOTA_OK, "destroys", "lies beside"},
    {"stale gzip", true, true, false, ESPOTA_OK, ESPOTA_OK, "destroys", NULL},
};

static void expect_beside(const struct beside *row, bool legacy)
{
    struct test_image image = test_esp8266(3000, 2, 0x40);
    struct test_image plain = row->gzip ? test_gzip(&image, 0) : test_esp8266(3000, 2, 0x40);
    struct test_image with = {NULL, 0};
    struct espota_sources sources;
    const struct espota_source *source;
    const char *says = legacy ? row->legacy_says : row->native_says;

    enter();
    test_image_append(&with, plain.bytes, plain.length);
    test_sign_esp8266(&with, 256);
    with.bytes[100] ^= row->stale;
    write_bytes(image_path, &plain);
    write_bytes(signed_path, &with);
    sources = sources_of(legacy);
    source = get(&sources, image_path);
    ck_assert_msg(source->error.status == (legacy ? row->legacy : row->native), "%s: %s", row->name,
                  source->error.message);
    if (source->error.status == ESPOTA_OK)
        ck_assert_uint_eq(source->length, legacy && row->takes_signed ? with.length : plain.length);
    else
        ck_assert_ptr_nonnull(strstr(source->error.message, "stale"));
    if (says == NULL)
        ck_assert_msg(strstr(warnings, ".signed") == NULL, "%s: %s", row->name, warnings);
    else
        ck_assert_msg(strstr(warnings, says) != NULL, "%s: %s", row->name, warnings);
    espota_sources_deinit(&sources);
    test_image_free(&image);
    test_image_free(&plain);
    test_image_free(&with);
    leave();
}

START_TEST(test_signed_file_beside)
{
    for (size_t i = 0; i < sizeof(besides) / sizeof(besides[0]); i++) {
        expect_beside(&besides[i], false);
        expect_beside(&besides[i], true);
    }
}
END_TEST

START_TEST(test_is_signed)
{
    static const uint8_t image[] = {1, 2, 3};
    static const uint8_t good[] = {1, 2, 3, 9, 9, 2, 0, 0, 0};

    ck_assert(espota_source_is_signed(image, 3, good, sizeof(good)));
    ck_assert(!espota_source_is_signed(image, 3, good, sizeof(good) - 1));
    ck_assert(!espota_source_is_signed(image, 3, image, 3));
    ck_assert(!espota_source_is_signed(good, 9, good, 9));
    ck_assert(!espota_source_is_signed(image, 3, (const uint8_t[]){1, 2, 3, 0, 0, 0, 0}, 7));
    ck_assert(!espota_source_is_signed(image, 3, (const uint8_t[]){1, 2, 4, 9, 1, 0, 0, 0}, 8));
    ck_assert(!espota_source_is_signed(image, 3, (const uint8_t[]){1, 2, 3, 9, 2, 0, 0, 0}, 8));
}
END_TEST

START_TEST(test_what_cannot_be_sent)
{
    struct test_image empty = {NULL, 0};
    struct espota_sources sources;

    enter();
    sources = sources_of(false);
    ck_assert_int_eq(get(&sources, folder)->error.status, ESPOTA_E_LOCAL);
    ck_assert_int_eq(get(&sources, "/nonexistent")->error.status, ESPOTA_E_LOCAL);
    write_bytes(image_path, &empty);
    ck_assert_int_eq(get(&sources, image_path)->error.status, ESPOTA_E_IMAGE);
    ck_assert_ptr_null(get(&sources, image_path)->sent.bytes);
    espota_sources_deinit(&sources);
    leave();
}
END_TEST

/* Once for all who ask, and what comes out is what went in. */
START_TEST(test_packed_for_devices_that_unpack)
{
    struct espota_sources sources;
    const struct espota_source *source;
    const struct espota_image_input from = {.name = image_path};
    struct test_image image = test_esp8266(30000, 2, 0x40);
    const struct espota_packed *packed, *again;
    static uint8_t out[65536];
    z_stream stream;

    enter();
    sources = sources_of(false);
    write_bytes(image_path, &image);
    ck_assert_int_eq(espota_sources_get(&sources, &from, false, ESPOTA_ROAD_ESPHOME, &source, NULL),
                     ESPOTA_OK);
    for (enum espota_packing packing = ESPOTA_PACKING_GZIP; packing < ESPOTA_PACKINGS; packing++) {
        ck_assert(espota_source_packs(source, packing));
        ck_assert_int_eq(espota_source_pack(source, packing, &packed, NULL), ESPOTA_OK);
        ck_assert_int_eq(espota_source_pack(source, packing, &again, NULL), ESPOTA_OK);
        ck_assert_ptr_eq(packed, again);
        ck_assert_uint_eq(strlen(packed->md5), 32);
        stream = (z_stream){.next_in = packed->bytes,
                            .avail_in = packed->length,
                            .next_out = out,
                            .avail_out = sizeof(out)};
        ck_assert_int_eq(inflateInit2(&stream, packing == ESPOTA_PACKING_GZIP ? 31 : -12), Z_OK);
        ck_assert_int_eq(inflate(&stream, Z_FINISH), Z_STREAM_END);
        ck_assert_uint_eq(stream.total_out, image.length);
        ck_assert_int_eq(memcmp(out, image.bytes, image.length), 0);
        ck_assert_int_eq(inflateEnd(&stream), Z_OK);
    }
    espota_sources_deinit(&sources);
    test_image_free(&image);
    leave();
}
END_TEST

START_TEST(test_not_packed_where_that_would_harm)
{
    const struct {
        struct test_image image;
        bool gzip, deflate;
    } cases[] = {
        {test_esp32(0, 3000, 1), false, true},             /* none of the family unpacks gzip */
        {test_uf2(0x675a40b0u, 3), false, true},           /* nor LibreTiny */
        {test_esp8266(1020 * 1024, 2, 0x40), false, true}, /* larger than any layout's sketch */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct espota_sources sources = sources_of(false);
        const struct espota_image_input from = {
            .name = "a", .data = cases[i].image.bytes, .length = cases[i].image.length};
        const struct espota_source *source;

        enter();
        ck_assert_int_eq(
            espota_sources_get(&sources, &from, false, ESPOTA_ROAD_ESPHOME, &source, NULL),
            ESPOTA_OK);
        ck_assert_int_eq(source->error.status, ESPOTA_OK);
        ck_assert(espota_source_packs(source, ESPOTA_PACKING_NONE));
        ck_assert_msg(espota_source_packs(source, ESPOTA_PACKING_GZIP) == cases[i].gzip, "%zu", i);
        ck_assert(espota_source_packs(source, ESPOTA_PACKING_DEFLATE) == cases[i].deflate);
        espota_sources_deinit(&sources);
        leave();
        test_image_free((struct test_image *)&cases[i].image);
    }
}
END_TEST

UNIT_MAIN("send/source", test_read_once_and_shared, test_known_digests, test_signed_file_beside,
          test_is_signed, test_what_cannot_be_sent, test_packed_for_devices_that_unpack,
          test_not_packed_where_that_would_harm)
