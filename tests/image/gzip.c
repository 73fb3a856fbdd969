/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "image/image.h"
#include "images.h"

static struct test_image pack(const struct test_image *image)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct test_image out = {NULL, 0};
    void *bytes;

    ck_assert_int_eq(espota_gzip_pack(image->bytes, image->length, &bytes, &out.length, &err),
                     ESPOTA_OK);
    out.bytes = bytes;
    return out;
}

static struct espota_unpacked unpack(const struct test_image *packed)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_unpacked out;

    ck_assert_int_eq(espota_gzip_unpack(packed->bytes, packed->length, &out, &err), ESPOTA_OK);
    return out;
}

START_TEST(test_packs_to_a_multiple_of_four_and_back)
{
    for (size_t code = 8; code < 400; code += 4) {
        struct test_image image = test_esp8266(code, 2, 0x40);
        struct test_image packed = pack(&image);
        struct test_image again = pack(&image);
        struct espota_unpacked out = unpack(&packed);

        ck_assert_uint_eq(packed.length % 4, 0);
        ck_assert_uint_eq(packed.length, again.length);
        ck_assert_mem_eq(packed.bytes, again.bytes, packed.length);
        ck_assert_mem_eq(packed.bytes, "\x1f\x8b\x08", 3);
        ck_assert_mem_eq(packed.bytes + 4, "\0\0\0\0", 4); /* no time of day */
        ck_assert(out.whole);
        ck_assert_uint_eq(out.consumed, packed.length);
        ck_assert_uint_eq(out.length, image.length);
        ck_assert_uint_eq(out.length_stored, image.length);
        ck_assert_uint_eq(test_image_get32(&packed, packed.length - 4), image.length);
        ck_assert_uint_eq(out.crc_stored, out.crc_computed);
        ck_assert_mem_eq(out.bytes, image.bytes, image.length);
        espota_unpacked_free(&out);
        test_image_free(&again);
        test_image_free(&packed);
        test_image_free(&image);
    }
}
END_TEST

/* Every length of the padding occurs, and gunzip takes each (the black-box tests ask gzip -t). */
START_TEST(test_every_padding_occurs)
{
    unsigned seen = 0;

    for (size_t code = 8; code < 4000 && seen != 15; code += 4) {
        struct test_image image = test_esp8266(code, 2, 0x40);
        struct test_image packed = pack(&image);

        if (packed.bytes[3] == 0)
            seen |= 1;
        else
            seen |= 1u << (strlen((char *)packed.bytes + 10) + 1) % 4;
        test_image_free(&packed);
        test_image_free(&image);
    }
    ck_assert_uint_eq(seen, 15);
}
END_TEST

START_TEST(test_cut_and_turned)
{
    struct test_image image = test_esp8266(0x400, 2, 0x40);
    struct test_image packed = pack(&image);

    for (size_t length = 0; length < packed.length; length++) {
        struct guarded g = guarded_copy(packed.bytes, length);
        struct test_image cut = {g.bytes, length};
        struct espota_unpacked out = unpack(&cut);

        ck_assert(!out.whole);
        espota_unpacked_free(&out);
        guarded_free(&g);
    }
    for (size_t i = 10; i < packed.length; i++) {
        struct espota_unpacked out;

        packed.bytes[i] ^= 4;
        out = unpack(&packed);
        if (out.whole && out.consumed == packed.length && out.crc_stored == out.crc_computed &&
            out.length_stored == out.length)
            ck_assert_mem_eq(out.bytes, image.bytes, image.length); /* the name in the header */
        espota_unpacked_free(&out);
        packed.bytes[i] ^= 4;
    }
    test_image_free(&packed);
    test_image_free(&image);
}
END_TEST

START_TEST(test_what_follows_is_seen)
{
    struct test_image image = test_esp8266(0x400, 2, 0x40);
    struct test_image packed = pack(&image);
    size_t length = packed.length;
    struct espota_unpacked out;

    test_image_append(&packed, "tail", 4);
    out = unpack(&packed);
    ck_assert(out.whole);
    ck_assert_uint_eq(out.consumed, length);
    espota_unpacked_free(&out);
    test_image_free(&packed);
    test_image_free(&image);
}
END_TEST

/* A second way to the same number: unpack one byte after the other, in the loader's order. */
START_TEST(test_a_long_run_at_the_start_runs_ahead)
{
    struct test_image image = {NULL, 0};
    struct test_image packed;
    struct espota_unpacked out;
    uint8_t noise[65536];
    size_t even;

    test_image_append(&image, NULL, 512 * 1024);
    for (size_t i = 0; i < sizeof(noise); i++)
        noise[i] = (uint8_t)(i * i * 2654435761u >> 11);
    test_image_append(&image, noise, sizeof(noise));
    packed = pack(&image);
    out = unpack(&packed);
    ck_assert(out.whole);
    /* when half a megabyte is out, no more than the first sector has been read */
    ck_assert_int_ge(out.least_staging, 512 * 1024 - 2 * 4096);
    ck_assert_int_le(out.least_staging, 512 * 1024 + 65536);
    espota_unpacked_free(&out);
    test_image_free(&packed);
    test_image_free(&image);

    image = test_esp8266(0x20000, 2, 0x40);
    packed = pack(&image);
    out = unpack(&packed);
    even = image.length - packed.length;
    /* code that packs evenly runs ahead by what it grows by, give or take its lengths' sectors */
    ck_assert_int_le(out.least_staging, (int64_t)even + 3 * 4096);
    ck_assert_int_ge(out.least_staging, (int64_t)even - 3 * 4096);
    espota_unpacked_free(&out);
    test_image_free(&packed);
    test_image_free(&image);
}
END_TEST

START_TEST(test_a_bomb_is_refused)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct test_image zeros = {NULL, 0};
    struct test_image packed;
    struct espota_unpacked out;

    test_image_append(&zeros, NULL, ESPOTA_GZIP_UNPACKED_MAX + 1);
    packed = pack(&zeros);
    ck_assert_int_eq(espota_gzip_unpack(packed.bytes, packed.length, &out, &err), ESPOTA_E_IMAGE);
    ck_assert_ptr_null(out.bytes);
    test_image_free(&packed);
    test_image_free(&zeros);
}
END_TEST

static enum espota_status full(void *context, const void *data, size_t length,
                               struct espota_error *err)
{
    (void)context;
    (void)data;
    (void)length;
    return espota_error_set(err, ESPOTA_E_LOCAL, "full");
}

START_TEST(test_a_sink_that_fails_ends_it)
{
    struct espota_error err = ESPOTA_ERROR_INIT;
    struct espota_gzip_sink sink = {NULL, full};
    struct espota_packer *packer;
    uint8_t header[ESPOTA_GZIP_HEADER_MAX];
    size_t length;

    ck_assert_int_eq(espota_packer_create(&packer, &sink, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_packer_add(packer, "abc", 3, &err), ESPOTA_OK);
    ck_assert_int_eq(espota_packer_finish(packer, header, &length, &err), ESPOTA_E_LOCAL);
    ck_assert_str_eq(err.message, "full");
    espota_packer_destroy(packer);
}
END_TEST

START_TEST(test_the_beginning)
{
    uint8_t plain[5000], out[5001];
    void *packed;
    size_t length, got, before = 0;
    struct guarded g;

    for (size_t i = 0; i < sizeof(plain); i++)
        plain[i] = (uint8_t)(i * i / 7);
    ck_assert_int_eq(espota_gzip_pack(plain, sizeof(plain), &packed, &length, NULL), ESPOTA_OK);
    for (size_t cut = 0; cut <= length; cut += cut < 40 ? 1 : 97) {
        g = guarded_copy(packed, cut);
        got = espota_gzip_head(g.bytes, cut, out, sizeof(out));
        ck_assert_uint_ge(got, before);
        ck_assert_int_eq(memcmp(out, plain, got), 0);
        before = got;
        guarded_free(&g);
    }
    ck_assert_uint_eq(espota_gzip_head(packed, length, out, sizeof(out)), sizeof(plain));
    ck_assert_uint_eq(espota_gzip_head(packed, length, out, 100), 100);
    ck_assert_uint_eq(espota_gzip_head(packed, length, out, 0), 0);
    ck_assert_uint_eq(espota_gzip_head(plain, sizeof(plain), out, sizeof(out)), 0);
    free(packed);
}
END_TEST

UNIT_MAIN("image/gzip", test_packs_to_a_multiple_of_four_and_back, test_every_padding_occurs,
          test_cut_and_turned, test_what_follows_is_seen, test_a_long_run_at_the_start_runs_ahead,
          test_a_bomb_is_refused, test_a_sink_that_fails_ends_it, test_the_beginning)
