/* SPDX-License-Identifier: MIT */
/*
 * Images of every kind, built as their tools build them, for tests to use and to damage: the one
 * place where a format is written down a second time. Tests in Python have them as files, through
 * make_images; images.py is for what they need in other sizes.
 */
#ifndef ESPOTA_TEST_IMAGES_H
#define ESPOTA_TEST_IMAGES_H

#include <stddef.h>
#include <stdint.h>

struct test_image {
    uint8_t *bytes; /* freed by test_image_free */
    size_t length;
};

void test_image_free(struct test_image *image);
void test_image_append(struct test_image *image, const void *data, size_t length);
void test_image_put32(struct test_image *image, size_t offset, uint32_t value);
uint32_t test_image_get32(const struct test_image *image, size_t offset);

/*
 * Arduino's file: eboot, 0xAA, an application with `code` bytes in flash (at least 8) and a segment
 * of odd length, length and CRC.
 */
struct test_image test_esp8266(size_t code, uint8_t mode, uint8_t size_frequency);
/* The same as cores made it that knew no CRC. */
struct test_image test_esp8266_old(size_t code);
/* One v1 image, the kind that esptool writes to 0. */
struct test_image test_esp8266_part(void);
struct test_image test_user1(uint8_t user); /* E9 … CRC */
struct test_image test_user2(uint8_t user); /* EA … CRC; user 0: size and frequency instead */
struct test_image test_rboot(void);         /* EA … without a CRC */
struct test_image test_rtos(void);

struct test_image test_esp32(uint16_t chip, size_t code, int hash);
struct test_image test_esp32_loader(uint16_t chip);
struct test_image test_esp32_merged(uint16_t chip, size_t loader_at);
/* the same without the application */
struct test_image test_esp32_loader_table(uint16_t chip, size_t loader_at);
struct test_image test_partition_table(void);

/* rp2350: no boot2, a PICOBIN block; fs: flash for a file system */
struct test_image test_pico(int rp2350, int fs, size_t code);
/* RP2350 without the OTA loader: the program starts at 0 */
struct test_image test_pico_bare(void);
struct test_image test_uf2(uint32_t family, uint32_t blocks);
/* RP2350, with the SDK's block of the absolute family in front */
struct test_image test_uf2_rp2350(uint32_t blocks);

struct test_image test_littlefs(uint32_t block_size, uint32_t blocks);
struct test_image test_spiffs(uint32_t block_size, uint32_t blocks);
/* As the ESP8266 core's: no count in the magic, half a block at the end. */
struct test_image test_spiffs_esp8266(uint32_t block_size, uint32_t blocks);
struct test_image test_fat(int wear_levelling);

/* A gzip file of these bytes; a name of `name` characters stands in the header if it is not 0. */
struct test_image test_gzip(const struct test_image *image, size_t name);

/* Trailers whose signatures are noise. */
void test_sign_esp8266(struct test_image *image, uint32_t signature);
void test_sign_esp32(struct test_image *image, uint32_t signature); /* 0: ECDSA */
void test_secure_boot_v1(struct test_image *image, int padded);
void test_secure_boot_v2(struct test_image *image, int ecdsa);

/* The same bytes on every run. */
void test_noise(void *out, size_t length, uint32_t seed);

#endif
