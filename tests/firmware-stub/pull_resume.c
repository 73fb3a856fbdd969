/* SPDX-License-Identifier: MIT */
/* A pull whose power goes at each change of the flash in turn, and whose connections break. */
#include "unit.h"

#include "core/pull_client.h"

#include <stdio.h>

#include "chip.h"
#include "crypto/crypto.h"
#include "wire/wire.h"

enum { SIZE = 90000, BOOKMARK = 16 * ESPOTA_SECTOR_SIZE, STEP = 1460, MOST = 400 };

static struct chip chip;
static struct espota_crypto_openssl openssl;
static struct espota_updater_config update;
static struct espota_pull_client_config config;
static struct espota_pull_client client;
static uint8_t image[SIZE];
static char md5[ESPOTA_MD5_HEX + 1];

static void setup(void)
{
    struct espota_digest digest;
    const struct espota_crypto *crypto = &openssl.table;

    chip_init(&chip);
    if (openssl.table.digest_start == NULL)
        espota_crypto_openssl_init(&openssl);
    chip_pattern(image, SIZE, 1);
    image[0] = 0xe9;
    image[2] = 0; /* the device has another mode, and puts it there */
    image[3] = 0;
    ck_assert_int_eq(crypto->digest_start(crypto->context, ESPOTA_DIGEST_MD5, &digest), ESPOTA_OK);
    crypto->digest_add(crypto->context, &digest, image, SIZE);
    ck_assert_int_eq(espota_digest_finish_hex(crypto, &digest, md5), ESPOTA_OK);
    update = chip_update(&chip, crypto, 5000);
    update.flash_mode = 2;
    config = (struct espota_pull_client_config){
        .update = &update,
        .host = "server",
        .target = "/up",
        .sketch_md5 = "",
        .sdk_version = "",
        .bookmark_at = BOOKMARK,
    };
}

static void power_up(void)
{
    espota_pull_client_deinit(&client);
    chip_power_up(&chip);
}

/* Sends the request; where what it asks for begins. */
static uint32_t ask(void)
{
    size_t length;
    const char *request;
    const char *range;
    uint32_t from = 0;

    espota_pull_client_connected(&client, 0);
    request = espota_pull_client_tx(&client, &length);
    ck_assert_ptr_nonnull(request);
    range = memmem(request, length, "Range: bytes=", 13);
    if (range != NULL) {
        ck_assert(sscanf(range, "Range: bytes=%u-\r\nIf-Range: \"v1\"\r\n", &from) == 1);
        ck_assert_ptr_nonnull(memmem(request, length, "If-Range: \"v1\"\r\n", 16));
    }
    espota_pull_client_tx_ack(&client, length, 0);
    return from;
}

/* As a good server does, up to byte `end` of the image. */
static void answer(uint32_t from, uint32_t end)
{
    char head[300];

    if (from > 0)
        snprintf(head, sizeof(head),
                 "HTTP/1.1 206 Partial Content\r\nContent-Length: %u\r\nContent-Range: bytes "
                 "%u-%d/%d\r\nETag: \"v1\"\r\nx-MD5: %s\r\n\r\n",
                 SIZE - from, from, SIZE - 1, SIZE, md5);
    else
        snprintf(head, sizeof(head),
                 "HTTP/1.1 200 OK\r\nContent-Length: %d\r\nETag: \"v1\"\r\nx-MD5: %s\r\n\r\n", SIZE,
                 md5);
    espota_pull_client_rx(&client, (const uint8_t *)head, strlen(head), 0);
    for (uint32_t at = from; at < end; at += STEP)
        espota_pull_client_rx(&client, image + at, end - at < STEP ? end - at : STEP, 0);
}

static void begin(void)
{
    ck_assert_int_eq(espota_pull_client_init(&client, &config, 0), ESPOTA_OK);
}

static void check_installed(void)
{
    struct espota_eboot command;

    ck_assert_int_eq(client.result, ESPOTA_PULL_UPDATED);
    ck_assert_uint_eq(chip.stores, 1);
    ck_assert_int_eq(espota_eboot_parse(chip.record, &command), ESPOTA_OK);
    ck_assert_uint_eq(command.argument[2], SIZE);
    ck_assert_uint_eq(chip.bytes[command.argument[0] + 2], 2);
    ck_assert_mem_eq(chip.bytes + command.argument[0] + 3, image + 3, SIZE - 3);
    ck_assert(!chip.abused);
}

/* The power goes during change N, in a run that began with an empty flash, and then once more. */
static uint32_t cut_twice(unsigned first, unsigned second)
{
    uint32_t kept;

    setup();
    begin();
    chip.cut_at = first;
    answer(ask(), SIZE);
    if (client.result == ESPOTA_PULL_UPDATED)
        return SIZE; /* only its bookmark was still to be taken away */
    power_up();
    begin();
    chip.cut_at = second;
    kept = ask();
    answer(kept, SIZE);
    if (client.result != ESPOTA_PULL_UPDATED) {
        power_up();
        begin();
        answer(ask(), SIZE);
    }
    check_installed();
    espota_pull_client_deinit(&client);
    return kept;
}

START_TEST(test_the_power_goes_at_each_change)
{
    unsigned changes = 0;
    uint32_t kept = 0;
    uint32_t last = 0;

    while ((kept = cut_twice(changes + 1, 0)) != SIZE && changes < MOST) {
        ck_assert_uint_ge(kept, last); /* the later the cut, the more is kept */
        last = kept;
        changes++;
        for (unsigned second = 1; second < 60; second += 7)
            cut_twice(changes, second);
    }
    ck_assert_uint_gt(changes, 2 * SIZE / ESPOTA_SECTOR_SIZE);
    ck_assert_uint_gt(last, SIZE * 9 / 10);
}
END_TEST

/* Notes fit into their sector for any size, and come every so many sectors. */
START_TEST(test_notes)
{
    setup();
    begin();
    answer(ask(), SIZE - 1);
    ck_assert_uint_gt(client.bookmark.notes, ESPOTA_PULL_NOTES / 2);
    ck_assert_uint_le(client.bookmark.notes, ESPOTA_PULL_NOTES);
    power_up();
    begin();
    ck_assert_uint_eq(ask(), client.bookmark.done);
    espota_pull_client_deinit(&client);
}
END_TEST

/* Every bit of the bookmark counts, and so does every byte that it speaks of. */
START_TEST(test_what_was_kept_is_damaged)
{
    uint32_t start;

    setup();
    begin();
    answer(ask(), SIZE / 2);
    start = client.bookmark.start;
    power_up();
    for (unsigned i = 0; i < 80; i++) {
        chip.bytes[BOOKMARK + i] ^= 0x10;
        begin();
        ck_assert_uint_eq(ask(), 0);
        espota_pull_client_deinit(&client);
        chip.bytes[BOOKMARK + i] ^= 0x10;
    }
    begin();
    ck_assert_uint_gt(ask(), 0);
    espota_pull_client_deinit(&client);
    chip.bytes[start + 12345] ^= 1;
    begin();
    ck_assert_uint_eq(ask(), 0);
    answer(0, SIZE);
    check_installed();
    espota_pull_client_deinit(&client);
}
END_TEST

/* A bookmark that would lie in the image is none. */
START_TEST(test_no_place_for_a_bookmark)
{
    setup();
    config.bookmark_at = CHIP_FS_START - ESPOTA_SECTOR_SIZE;
    begin();
    answer(ask(), SIZE);
    check_installed();
    espota_pull_client_deinit(&client);
}
END_TEST

START_TEST(test_lines_break)
{
    uint64_t at;

    setup();
    config.retries = 2;
    config.retry_ms = 100;
    begin();
    answer(ask(), 30001);
    espota_pull_client_rx_end(&client);
    ck_assert_uint_eq(espota_pull_client_want(&client), 0);
    ck_assert(espota_pull_client_deadline(&client, &at) && at == 100);
    espota_pull_client_tick(&client, 99);
    ck_assert_uint_eq(espota_pull_client_want(&client), 0);
    espota_pull_client_tick(&client, 100);
    ck_assert_uint_eq(espota_pull_client_want(&client), ESPOTA_WANT_CONNECT);
    ck_assert_uint_eq(ask(), 30001); /* not only whole sectors: nothing was lost but the line */
    answer(30001, 30002);
    espota_pull_client_rx_end(&client);
    for (int i = 0; i < 2; i++) { /* the waiting grows, and a byte more counts anew */
        ck_assert_uint_eq(espota_pull_client_want(&client), 0);
        ck_assert(espota_pull_client_deadline(&client, &at));
        espota_pull_client_tick(&client, at);
        espota_pull_client_connect_failed(&client);
    }
    ck_assert_uint_eq(espota_pull_client_want(&client), ESPOTA_WANT_FAILED);
    ck_assert_uint_eq(chip.stores, 0);
    espota_pull_client_deinit(&client);
}
END_TEST

/* Between the head and the first byte, and the RTOS SDK's client begins with the head. */
START_TEST(test_a_line_breaks_behind_the_head)
{
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 90000\r\nETag: \"v1\"\r\n"
                               "Content-Type: application/octet-stream\r\n\r\n";
    uint32_t crc;
    uint64_t at;

    setup();
    config.dialect = ESPOTA_PULL_RTOS;
    config.retries = 1;
    update.fs_start = 65 * ESPOTA_SECTOR_SIZE;
    update.fs_end = update.fs_start + 58 * ESPOTA_SECTOR_SIZE;
    crc = espota_crc32_appended(~espota_crc32_zlib(ESPOTA_CRC32_START, image, SIZE - 4));
    for (int i = 0; i < 4; i++)
        image[SIZE - 4 + i] = (uint8_t)(crc >> 8 * i);
    begin();
    ck_assert_uint_eq(ask(), 0);
    espota_pull_client_rx(&client, (const uint8_t *)head, strlen(head), 0);
    ck_assert_uint_eq(espota_pull_client_want(&client), ESPOTA_WANT_STREAM_IN);
    espota_pull_client_rx_end(&client);
    ck_assert(espota_pull_client_deadline(&client, &at));
    espota_pull_client_tick(&client, at);
    ck_assert_uint_eq(ask(), 0);
    espota_pull_client_rx(&client, (const uint8_t *)head, strlen(head), 0);
    espota_pull_client_rx(&client, image, SIZE, 0);
    ck_assert_int_eq(client.result, ESPOTA_PULL_UPDATED);
    espota_pull_client_deinit(&client);
}
END_TEST

UNIT_MAIN("firmware-stub/pull_resume", test_the_power_goes_at_each_change, test_notes,
          test_what_was_kept_is_damaged, test_no_place_for_a_bookmark, test_lines_break,
          test_a_line_breaks_behind_the_head)
