/* SPDX-License-Identifier: MIT */
/* Reading an image: from a file, memory and a callback, with the same findings. */
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "images.h"
#include "unit.h"

static struct espota_crypto_openssl crypto;
static struct espota_error err;

/* What a callback gives: `piece` bytes a call, and a failure or too much instead of the last. */
struct giving {
    const struct test_image *image;
    size_t given, piece;
    enum giving_end { WHOLE, FAILS, FAILS_WITHOUT_A_WORD, TOO_MUCH } end;
};

static enum espota_status give(void *context, void *out, size_t room, size_t *length,
                               struct espota_error *why)
{
    struct giving *giving = context;
    size_t left = giving->image->length - giving->given;

    *length = giving->piece < left ? giving->piece : left;
    if (*length > room)
        *length = room;
    if (*length > 0) /* an empty image has no bytes, not even at NULL */
        memcpy(out, giving->image->bytes + giving->given, *length);
    giving->given += *length;
    if (*length < left || giving->end == WHOLE)
        return ESPOTA_OK;
    *length = room + 1;
    if (giving->end == FAILS_WITHOUT_A_WORD)
        return ESPOTA_E_BROKEN;
    return giving->end == TOO_MUCH ? ESPOTA_OK
                                   : espota_error_set(why, ESPOTA_E_BROKEN, "the store is closed");
}

static struct espota_image_file load(const struct espota_image_input *from, bool keep)
{
    struct espota_image_file file;

    ck_assert_int_eq(espota_image_load(&file, from, keep, &crypto.table, &err), ESPOTA_OK);
    return file;
}

static void expect_same(struct espota_image_file *file, const struct espota_image_file *model,
                        bool keep)
{
    ck_assert_str_eq(file->md5, model->md5);
    ck_assert_str_eq(file->sha256, model->sha256);
    ck_assert_uint_eq(file->length, model->length);
    ck_assert_int_eq(memcmp(&file->outer, &model->outer, sizeof(file->outer)), 0);
    ck_assert_int_eq(file->packed, model->packed);
    ck_assert_int_eq(memcmp(&file->inner, &model->inner, sizeof(file->inner)), 0);
    ck_assert_int_eq(file->least_staging, model->least_staging);
    if (keep && model->length > 0)
        ck_assert_int_eq(memcmp(file->bytes, model->bytes, model->length), 0);
    else if (!keep)
        ck_assert_ptr_null(file->bytes);
    espota_image_free(file);
    ck_assert_ptr_null(file->bytes);
}

/* Every way, with and without the bytes; frees the image. */
static void every_way(struct test_image image)
{
    char path[] = "/tmp/espota-image-XXXXXX";
    int fd = mkstemp(path);
    const uint8_t *data = image.bytes != NULL ? image.bytes : (const uint8_t *)"";
    const struct espota_image_input memory = {.data = data, .length = image.length};
    const struct espota_image_input named = {.name = path};
    struct espota_image_file model = load(&memory, true), file;

    ck_assert_ptr_eq(model.bytes, data);
    ck_assert_int_eq(write(fd, data, image.length), (ssize_t)image.length);
    close(fd);
    for (int keep = 0; keep < 2; keep++) {
        file = load(&named, keep);
        expect_same(&file, &model, keep);
        for (size_t piece = 1; piece <= 100000; piece = piece * 50 + 7) {
            struct giving giving = {&image, 0, piece, WHOLE};
            const struct espota_image_input called = {.read = give, .context = &giving};

            file = load(&called, keep);
            expect_same(&file, &model, keep);
        }
    }
    unlink(path);
    espota_image_free(&model);
    test_image_free(&image);
}

START_TEST(test_every_way_finds_the_same)
{
    struct test_image sketch = test_esp8266(0x1000, 2, 0x40), large = {NULL, 0};
    struct test_image packed = test_gzip(&sketch, 0);

    espota_crypto_openssl_init(&crypto);
    every_way(sketch);
    every_way(packed);
    every_way(test_esp32(5, 0x800, 1));
    every_way((struct test_image){NULL, 0});
    test_image_append(&large, NULL, 3 * 65536); /* whole pieces: the end is a read of its own */
    every_way(large);
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

START_TEST(test_digests_are_of_the_bytes)
{
    const struct espota_image_input from = {.data = "abc", .length = 3};
    struct espota_image_file file;

    espota_crypto_openssl_init(&crypto);
    file = load(&from, false);
    ck_assert_str_eq(file.md5, "900150983cd24fb0d6963f7d28e17f72");
    ck_assert_str_eq(file.sha256,
                     "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    espota_image_free(&file);
    ck_assert_int_eq(espota_image_load(&file, &from, false, NULL, &err), ESPOTA_OK);
    ck_assert_str_eq(file.md5, "");
    espota_image_free(&file);
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

START_TEST(test_a_callback_that_fails_is_told)
{
    static const char *const said[] = {[FAILS] = "cannot read my image: the store is closed",
                                       [FAILS_WITHOUT_A_WORD] = "cannot read my image",
                                       [TOO_MUCH] =
                                           "cannot read my image: more came than was asked"};
    struct test_image image = test_esp8266(0x1000, 2, 0x40);

    espota_crypto_openssl_init(&crypto);
    for (enum giving_end end = FAILS; end <= TOO_MUCH; end++) {
        struct giving giving = {&image, 0, 100, end};
        const struct espota_image_input from = {
            .name = "my image", .read = give, .context = &giving};
        struct espota_image_file file;

        ck_assert_int_eq(espota_image_load(&file, &from, true, &crypto.table, &err),
                         end == TOO_MUCH ? ESPOTA_E_LOCAL : ESPOTA_E_BROKEN);
        ck_assert_str_eq(err.message, said[end]);
        ck_assert_ptr_null(file.bytes);
    }
    espota_crypto_openssl_deinit(&crypto);
    test_image_free(&image);
}
END_TEST

/* That it is too large inside is found, and it can still be kept and sent by who insists. */
START_TEST(test_a_bomb_is_a_finding)
{
    struct test_image zeros = {NULL, 0};
    struct espota_image_input from = {.name = "bomb"};
    struct espota_image_file file;
    void *bytes;

    espota_crypto_openssl_init(&crypto);
    test_image_append(&zeros, NULL, ESPOTA_GZIP_UNPACKED_MAX + 1);
    ck_assert_int_eq(espota_gzip_pack(zeros.bytes, zeros.length, &bytes, &from.length, &err),
                     ESPOTA_OK);
    from.data = bytes;
    file = load(&from, true);
    ck_assert_int_eq(file.outer.kind, ESPOTA_IMAGE_GZIP);
    ck_assert_uint_eq(file.outer.problem_count, 1);
    ck_assert_int_eq(file.outer.problems[0].kind, ESPOTA_PROBLEM_GZIP_LARGE);
    ck_assert(!file.packed);
    espota_image_free(&file);
    free(bytes);
    test_image_free(&zeros);
    espota_crypto_openssl_deinit(&crypto);
}
END_TEST

UNIT_MAIN("image/file", test_every_way_finds_the_same, test_digests_are_of_the_bytes,
          test_a_callback_that_fails_is_told, test_a_bomb_is_a_finding)
