/* SPDX-License-Identifier: MIT */
/*
 * Writes images of every kind into a folder: for the black-box tests, and (with "small") as a
 * corpus for fuzzing the parser.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "images.h"

static const char *folder;

/* Writes and frees. */
static void put(const char *name, struct test_image image)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "wb");
    if (file == NULL ||
        (image.length > 0 && fwrite(image.bytes, 1, image.length, file) != image.length) ||
        fclose(file) != 0) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    test_image_free(&image);
}

static struct test_image signed_esp8266(struct test_image image, uint32_t length)
{
    test_sign_esp8266(&image, length);
    return image;
}

static struct test_image signed_esp32(struct test_image image, uint32_t length)
{
    test_sign_esp32(&image, length);
    return image;
}

/* Secure Boot: v1, v2 with RSA (2) or ECDSA (3). */
static struct test_image secure(struct test_image image, int kind)
{
    if (kind == 1)
        test_secure_boot_v1(&image, 1);
    else
        test_secure_boot_v2(&image, kind == 3);
    return image;
}

static struct test_image packed(struct test_image image, size_t name)
{
    struct test_image out = test_gzip(&image, name);

    test_image_free(&image);
    return out;
}

static struct test_image cut(struct test_image image, size_t by)
{
    image.length -= by;
    return image;
}

static struct test_image turned(struct test_image image, size_t at)
{
    image.bytes[at] ^= 1;
    return image;
}

static struct test_image turned_last_word(struct test_image image)
{
    return turned(image, image.length - 4);
}

static struct test_image followed(struct test_image image, const char *by)
{
    test_image_append(&image, by, strlen(by));
    return image;
}

static void put_small(void)
{
    put("esp8266", test_esp8266(0x40, 2, 0x40));
    put("esp8266-signed", signed_esp8266(test_esp8266(0x40, 2, 0x40), 128));
    put("part", test_esp8266_part());
    put("user1", test_user1(1));
    put("user2", test_user2(2));
    put("rtos", test_rtos());
    put("rboot", test_rboot());
    put("esp32-other", test_esp32(14, 0x40, 1));
    put("esp32", test_esp32(0, 0x40, 1));
    put("esp32-c3-ecdsa", signed_esp32(test_esp32(5, 0x40, 1), 0));
    put("esp32-rsa", signed_esp32(test_esp32(9, 0x40, 0), 256));
    put("loader", test_esp32_loader(0));
    put("partitions", cut(test_partition_table(), 0xc00 - 64));
    put("pico", test_pico(0, 1, 0x20));
    put("rp2350", test_pico(1, 1, 0x20));
    put("uf2", test_uf2(0xe48bff56u, 3));
    put("littlefs", test_littlefs(256, 3));
    put("spiffs", test_spiffs(4096, 2));
    put("spiffs-esp8266", test_spiffs_esp8266(4096, 2));
    put("uf2-rp2350", test_uf2_rp2350(2));
    put("fat", cut(test_fat(0), 127 * 512));
    put("gzip", packed(test_user2(2), 5));
}

static void put_good(void)
{
    put("esp8266.bin", test_esp8266(0x8000, 2, 0x40));
    put("esp8266-1m.bin", test_esp8266(0x8000, 3, 0x20));
    put("esp8266-old.bin", test_esp8266_old(0x4000));
    put("user1.bin", test_user1(1));
    put("user2.bin", test_user2(2));
    put("rboot.bin", test_rboot());
    put("rtos.bin", test_rtos());
    put("esp32.bin", test_esp32(0, 0x4000, 1));
    put("esp32-c3.bin", test_esp32(5, 0x4000, 1));
    put("esp32-s3.bin", test_esp32(9, 0x4000, 1));
    put("esp32-other.bin", test_esp32(14, 0x4000, 1));
    put("esp32-secure-v1.bin", secure(test_esp32(0, 0x4000, 1), 1));
    put("esp32-secure-rsa.bin", secure(test_esp32(0, 0x4000, 1), 2));
    put("esp32-secure-ecdsa.bin", secure(test_esp32(5, 0x4000, 1), 3));
    put("pico.bin", test_pico(0, 1, 0x4000));
    put("rp2350.bin", test_pico(1, 1, 0x4000));
    put("pico-no-fs.bin", test_pico(0, 0, 0x4000));
    put("libretiny.uf2", test_uf2(0x675a40b0u, 4));
    put("littlefs.bin", test_littlefs(8192, 4));
    put("spiffs.bin", test_spiffs(8192, 4));
    put("spiffs-esp8266.bin", test_spiffs_esp8266(8192, 4));
    put("fat.bin", test_fat(0));
    put("esp8266.bin.gz", packed(test_esp8266(0x8000, 2, 0x40), 0));
    put("pico.bin.gz", packed(test_pico(0, 1, 0x4000), 3));
    put("esp8266-noise-signed.bin", signed_esp8266(test_esp8266(0x8000, 2, 0x40), 256));
    put("esp8266-noise-signed.bin.gz",
        signed_esp8266(packed(test_esp8266(0x8000, 2, 0x40), 0), 256));
    put("esp32-noise-rsa.bin", signed_esp32(test_esp32(0, 0x4000, 1), 256));
    put("esp32-noise-ecdsa.bin", signed_esp32(test_esp32(0, 0x4000, 1), 0));
}

static void put_bad(void)
{
    put("bad-cut.bin", cut(test_esp8266(0x8000, 2, 0x40), 1000));
    put("bad-checksum.bin", turned(test_esp8266(0x8000, 2, 0x40), 0x2000));
    put("bad-crc.bin", turned(test_esp8266(0x8000, 2, 0x40), 0x800));
    put("bad-esp32-cut.bin", cut(test_esp32(0, 0x4000, 1), 700));
    put("bad-esp32-checksum.bin", turned(test_esp32(0, 0x4000, 1), 0x800));
    put("bad-esp32-hash.bin", turned(test_esp32(0, 0x4000, 1), 8));
    put("bad-merged.bin", test_esp32_merged(0, 0x1000));
    put("bad-loader.bin", test_esp32_loader(0));
    put("bad-loader-table.bin", test_esp32_loader_table(0, 0x1000));
    put("bad-partitions.bin", test_partition_table());
    put("bad-part.bin", test_esp8266_part());
    put("bad-pico.uf2", test_uf2(0xe48bff56u, 4));
    put("bad-pico-no-ota.bin", test_pico_bare());
    put("bad-rp2350.uf2", test_uf2_rp2350(4));
    put("bad-pico-cut.bin", cut(test_pico(0, 1, 0x4000), 100));
    put("bad-empty.bin", (struct test_image){NULL, 0});
    put("bad-text.bin", followed((struct test_image){NULL, 0}, "hello, world\n"));
    put("bad-crc.bin.gz", packed(turned(test_esp8266(0x8000, 2, 0x40), 0x800), 0));
    put("bad-cut.bin.gz", cut(packed(test_esp8266(0x8000, 2, 0x40), 0), 100));
    put("bad-length.bin.gz", turned_last_word(packed(test_esp8266(0x8000, 2, 0x40), 0)));
    put("bad-tail.bin.gz", followed(packed(test_esp8266(0x8000, 2, 0x40), 0), "tail"));
    put("bad-twice.bin.gz", packed(packed(test_esp8266(0x8000, 2, 0x40), 0), 0));
    put("bad-esp32.bin.gz", packed(test_esp32(0, 0x4000, 1), 0));
}

int main(int argc, char **argv)
{
    if (argc != 3 || (strcmp(argv[1], "small") != 0 && strcmp(argv[1], "all") != 0)) {
        fprintf(stderr, "usage: %s small|all FOLDER\n", argv[0]);
        return EXIT_FAILURE;
    }
    folder = argv[2];
    if (strcmp(argv[1], "small") == 0)
        put_small();
    else {
        put_good();
        put_bad();
    }
    return EXIT_SUCCESS;
}
