/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "core/pull_client.h"

#include <stdio.h>

#include "chip.h"
#include "crypto/crypto.h"
#include "wire/wire.h"

enum { SIZE = 10000, FS_START = CHIP_FS_START, FS_END = CHIP_FS_END };

static struct chip chip;
static struct espota_crypto_openssl openssl;
static struct espota_updater_config update;
static struct espota_pull_client_config config;
static struct espota_pull_client client;
static uint8_t image[SIZE];
static char told[512];
static uint64_t now;

static const char *record(void *context, const struct espota_receiver_event *event)
{
    static const char letters[] = "IASPEX";
    size_t used = strlen(told);

    ck_assert_ptr_eq(context, &chip);
    ck_assert_ptr_null(event->peer);
    if (event->kind != ESPOTA_RECEIVER_PROGRESS)
        snprintf(told + used, sizeof(told) - used, "%c%u:%u", letters[event->kind],
                 (unsigned)event->command, (unsigned)event->done);
    return "ignored";
}

static void setup(void)
{
    chip_init(&chip);
    espota_crypto_openssl_init(&openssl);
    chip_pattern(image, SIZE, 1);
    image[0] = 0xe9;
    image[3] = 0;
    update = chip_update(&chip, &openssl.table, 5000);
    config = (struct espota_pull_client_config){
        .update = &update,
        .host = "server:8080",
        .target = "/up",
        .chip_id = 305419896,
        .station_mac = {0x18, 0xfe, 0x34, 0xab, 0xcd, 0xef},
        .access_point_mac = {0x1a, 0xfe, 0x34, 0xab, 0xcd, 0xef},
        .sketch_md5 = "0123456789abcdef0123456789abcdef",
        .sdk_version = "2.2.2",
        .context = &chip,
        .event = record,
    };
    now = 5000;
    told[0] = '\0';
}

/* Connects and takes the request, `step` bytes at a time. */
static const char *request(size_t step)
{
    static char text[ESPOTA_PULL_REQUEST_MAX + 1];
    size_t used = 0;
    size_t length;
    const void *data;

    told[0] = '\0';
    ck_assert_int_eq(espota_pull_client_init(&client, &config, now), ESPOTA_OK);
    ck_assert_uint_eq(espota_pull_client_want(&client), ESPOTA_WANT_CONNECT);
    espota_pull_client_connected(&client, now);
    while ((data = espota_pull_client_tx(&client, &length)) != NULL) {
        length = length < step ? length : step;
        memcpy(text + used, data, length);
        used += length;
        espota_pull_client_tx_ack(&client, length, now);
    }
    text[used] = '\0';
    ck_assert_uint_eq(espota_pull_client_want(&client), ESPOTA_WANT_STREAM_IN);
    return text;
}

static int32_t error(void)
{
    char words[ESPOTA_PULL_MESSAGE_MAX];

    return espota_pull_client_error(&client, words);
}

static void feed(const void *data, size_t length, size_t step)
{
    const uint8_t *bytes = data;

    for (size_t at = 0; at < length; at += step)
        espota_pull_client_rx(&client, bytes + at, length - at < step ? length - at : step, now);
}

static enum espota_pull_result ask(const char *head, const void *body, size_t length, size_t step)
{
    static uint8_t all[4 * SIZE];
    size_t size = strlen(head);

    espota_pull_client_deinit(&client);
    request(SIZE_MAX);
    memcpy(all, head, size);
    memcpy(all + size, body, length);
    feed(all, size + length, step);
    if (espota_pull_client_want(&client) == ESPOTA_WANT_STREAM_IN)
        espota_pull_client_rx_end(&client);
    return client.result;
}

START_TEST(test_request)
{
    setup();
    static const char expected[] = "GET /up HTTP/1.0\r\nHost: server:8080\r\n"
                                   "User-Agent: ESP8266-http-Update\r\n"
                                   "Authorization: Basic YTpi\r\nConnection: close\r\n"
                                   "x-ESP8266-Chip-ID: 305419896\r\n"
                                   "x-ESP8266-STA-MAC: 18:FE:34:AB:CD:EF\r\n"
                                   "x-ESP8266-AP-MAC: 1A:FE:34:AB:CD:EF\r\n"
                                   "x-ESP8266-free-space: 757760\r\n"
                                   "x-ESP8266-sketch-size: 5000\r\n"
                                   "x-ESP8266-sketch-md5: 0123456789abcdef0123456789abcdef\r\n"
                                   "x-ESP8266-chip-size: 1048576\r\n"
                                   "x-ESP8266-sdk-version: 2.2.2\r\nx-ESP8266-mode: sketch\r\n"
                                   "x-ESP8266-version: 1.0\r\nContent-Length: 0\r\n\r\n";
    struct espota_pull_request parsed;
    char line[256];

    config.authorization = "YTpi";
    config.version = "1.0";
    for (size_t step = 1; step < 100; step += 33)
        ck_assert_str_eq(request(step), expected);
    /* and the server's parser takes every header of it */
    espota_pull_request_init(&parsed);
    for (const char *at = expected; *at != '\0'; at = strstr(at, "\r\n") + 2) {
        char *colon;

        snprintf(line, sizeof(line), "%.*s", (int)(strstr(at, "\r\n") - at), at);
        if ((colon = strstr(line, ": ")) != NULL) {
            *colon = '\0';
            espota_pull_request_header(&parsed, line, colon + 2);
        }
    }
    ck_assert_int_eq(parsed.family, ESPOTA_PULL_ESP8266);
    ck_assert_str_eq(parsed.mac, "18fe34abcdef");
    ck_assert_str_eq(parsed.version, "1.0");
    ck_assert_str_eq(parsed.sketch_md5, config.sketch_md5);
    ck_assert_uint_eq(parsed.free_space, 757760);
    ck_assert_uint_eq(parsed.sketch_size, 5000);
    ck_assert_uint_eq(parsed.chip_size, 1048576);
}
END_TEST

START_TEST(test_a_request_that_does_not_fit)
{
    setup();
    static char target[ESPOTA_PULL_REQUEST_MAX];
    size_t over = 0;

    memset(target, 'x', sizeof(target) - 1);
    config.target = target;
    ck_assert_int_eq(espota_pull_client_init(&client, &config, now), ESPOTA_E_USAGE);
    espota_pull_client_deinit(&client);
    config.target = "";
    over = ESPOTA_PULL_REQUEST_MAX - strlen(request(SIZE_MAX));
    target[over] = '\0';
    config.target = target;
    ck_assert_uint_eq(strlen(request(SIZE_MAX)), ESPOTA_PULL_REQUEST_MAX);
    target[over] = 'x';
    target[over + 1] = '\0';
    ck_assert_int_eq(espota_pull_client_init(&client, &config, now), ESPOTA_E_USAGE);
}
END_TEST

START_TEST(test_update)
{
    setup();
    static const size_t steps[] = {1, 3, 4, 5, 1460, SIZE_MAX / 2};

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        chip_init(&chip);
        ck_assert_int_eq(
            ask("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n", image, SIZE, steps[i]),
            ESPOTA_PULL_UPDATED);
        ck_assert_uint_eq(espota_pull_client_want(&client), ESPOTA_WANT_DONE);
        ck_assert_str_eq(told, "S0:0E0:10000");
        ck_assert_mem_eq(chip.bytes + FS_START - 3 * 4096, image, SIZE);
        ck_assert_uint_eq(chip.stores, 1);
        ck_assert(!chip.abused);
    }
    config.mode = ESPOTA_PULL_FILESYSTEM;
    ck_assert_int_eq(ask("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", "ab", 2, 1),
                     ESPOTA_PULL_UPDATED);
    ck_assert_str_eq(told, "S100:0E100:2");
    ck_assert_mem_eq(chip.bytes + FS_START, "ab", 2);
}
END_TEST

START_TEST(test_answers)
{
    setup();
    static const struct {
        const char *head;
        enum espota_pull_mode mode;
        int32_t error; /* 0: see result */
        enum espota_pull_result result;
    } rows[] = {
        {"HTTP/1.0 304 x\r\n\r\n", ESPOTA_PULL_SKETCH, 0, ESPOTA_PULL_NO_UPDATE},
        {"HTTP/1.0 304 x\r\n\r\n", ESPOTA_PULL_FILESYSTEM, 0, ESPOTA_PULL_NO_UPDATE},
        {"HTTP/1.0 401 x\r\n\r\n", ESPOTA_PULL_SKETCH, -108, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 403 x\r\n\r\n", ESPOTA_PULL_SKETCH, -103, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 404 x\r\n\r\n", ESPOTA_PULL_SKETCH, -102, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 302 x\r\nLocation: /\r\n\r\n", ESPOTA_PULL_SKETCH, -104, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 204 x\r\n\r\n", ESPOTA_PULL_SKETCH, -104, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\n\r\n", ESPOTA_PULL_SKETCH, -101, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: 0\r\n\r\n", ESPOTA_PULL_SKETCH, -101,
         ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: -4\r\n\r\n", ESPOTA_PULL_SKETCH, -101,
         ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n",
         ESPOTA_PULL_SKETCH, -101, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nTransfer-Encoding: gzip\r\n\r\n", ESPOTA_PULL_SKETCH, -9,
         ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: 757761\r\n\r\n", ESPOTA_PULL_SKETCH, -100,
         ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: 757760\r\n\r\n", ESPOTA_PULL_SKETCH, -106,
         ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: 262145\r\n\r\n", ESPOTA_PULL_FILESYSTEM, -100,
         ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: 262144\r\n\r\n", ESPOTA_PULL_FILESYSTEM, -106,
         ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: 4294967296\r\n\r\n", ESPOTA_PULL_SKETCH, -101,
         ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nContent-Length: 9\r\n", ESPOTA_PULL_SKETCH, -5, ESPOTA_PULL_FAILED},
        {"", ESPOTA_PULL_SKETCH, -5, ESPOTA_PULL_FAILED},
        {"hello\r\n\r\n", ESPOTA_PULL_SKETCH, -7, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 200 x\r\nx-version: 2\r\n\r\n", ESPOTA_PULL_VERSION, 0,
         ESPOTA_PULL_VERSION_KNOWN},
        {"HTTP/1.0 304 x\r\nX-VERSION: 2\r\n\r\n", ESPOTA_PULL_VERSION, 0,
         ESPOTA_PULL_VERSION_KNOWN},
        {"HTTP/1.0 200 x\r\n\r\n", ESPOTA_PULL_VERSION, -109, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 304 x\r\n\r\n", ESPOTA_PULL_VERSION, -109, ESPOTA_PULL_FAILED},
        {"HTTP/1.0 404 x\r\n\r\n", ESPOTA_PULL_VERSION, -102, ESPOTA_PULL_FAILED},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        enum espota_pull_result result;

        config.mode = rows[i].mode;
        result = ask(rows[i].head, "", 0, i % 2 == 0 ? 1 : SIZE);
        ck_assert_msg(result == rows[i].result && error() == rows[i].error, "%zu: %d, %d", i,
                      (int)result, (int)error());
        ck_assert_uint_eq(espota_pull_client_want(&client),
                          result == ESPOTA_PULL_FAILED ? ESPOTA_WANT_FAILED : ESPOTA_WANT_DONE);
    }
    ck_assert_uint_eq(chip.changes, 0);
}
END_TEST

START_TEST(test_first_bytes)
{
    setup();
    static const struct {
        const char *bytes;
        int32_t error;
    } rows[] = {
        {"\xe9\x01\x02\x20more", 0},    {"\x1f\x8b\x08\xffmore", 0},
        {"\xea\x01\x02\x20more", -106}, {"\xe9\x01\x02\x30more", -107},
        {"\x1f\x00\x00\x00more", 10},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t step = 1; step < 9; step++) {
            ask("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n", rows[i].bytes, 8, step);
            ck_assert_int_eq(error(), rows[i].error);
        }
}
END_TEST

START_TEST(test_md5)
{
    setup();
    static const char wrong[] = "HTTP/1.1 200 OK\r\nx-md5: 0123456789ABCDEF0123456789abcdef\r\n"
                                "Content-Length: 10000\r\n\r\n";
    char words[ESPOTA_PULL_MESSAGE_MAX];

    ck_assert_int_eq(ask(wrong, image, SIZE, 1460), ESPOTA_PULL_FAILED);
    ck_assert_int_eq(espota_pull_client_error(&client, words), 7);
    ck_assert_ptr_nonnull(strstr(words, "Update error: ERROR[7]: MD5 verification failed: "
                                        "expected: 0123456789ABCDEF0123456789abcdef, "));
    ck_assert_uint_eq(words[strlen(words) - 1] == '\n', 0);
    ask("HTTP/1.1 200 OK\r\nx-MD5: 0123\r\nContent-Length: 10000\r\n\r\n", image, SIZE, 1460);
    ck_assert_int_eq(error(), -105);
    ask("HTTP/1.1 200 OK\r\nx-MD5: 0123456789abcdef0123456789abcdef0\r\n"
        "Content-Length: 10000\r\n\r\n",
        image, SIZE, 1460);
    ck_assert_int_eq(error(), -105);
    ck_assert_uint_eq(chip.stores, 0);
}
END_TEST

START_TEST(test_cut_and_time)
{
    setup();
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n";
    uint64_t at;

    ck_assert_int_eq(ask(head, image, SIZE - 1, 1460), ESPOTA_PULL_FAILED);
    ck_assert_int_eq(error(), 6);
    ask(head, image, 3, 1460);
    ck_assert_int_eq(error(), -106);

    request(SIZE_MAX);
    now += ESPOTA_PULL_HEAD_MS - 1;
    espota_pull_client_tick(&client, now);
    feed(head, sizeof(head) - 1, 1460);
    feed(image, 100, 100);
    ck_assert(espota_pull_client_deadline(&client, &at));
    ck_assert_uint_eq(at, now + ESPOTA_PULL_BODY_MS);
    espota_pull_client_tick(&client, at - 1);
    ck_assert_uint_eq(espota_pull_client_want(&client), ESPOTA_WANT_STREAM_IN);
    espota_pull_client_tick(&client, at);
    ck_assert_int_eq(error(), 6);
    ck_assert(!espota_pull_client_deadline(&client, &at));

    request(SIZE_MAX);
    espota_pull_client_tick(&client, now + ESPOTA_PULL_HEAD_MS);
    ck_assert_int_eq(error(), -11);
    ck_assert_int_eq(espota_pull_client_init(&client, &config, now), ESPOTA_OK);
    espota_pull_client_tick(&client, now + ESPOTA_PULL_CONNECT_MS);
    ck_assert_int_eq(error(), -1);
    ck_assert_int_eq(espota_pull_client_init(&client, &config, now), ESPOTA_OK);
    espota_pull_client_connect_failed(&client);
    ck_assert_int_eq(error(), -1);
    ck_assert_uint_eq(chip.stores, 0);
}
END_TEST

START_TEST(test_each_flash_operation_fails_once)
{
    setup();
    static const char head[] = "HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n";

    chip.fail_write = 2;
    ask(head, image, SIZE, 1460);
    ck_assert_int_eq(error(), 1);
    chip_init(&chip);
    chip.fail_erase = 1;
    ask(head, image, SIZE, 1460);
    ck_assert_int_eq(error(), 2);
    chip_init(&chip);
    chip.fail_read = 1;
    ask(head, image, SIZE, 1460);
    ck_assert_int_eq(error(), 3);
    chip_init(&chip);
    chip.fail_store = true;
    ask(head, image, SIZE, 1460);
    ck_assert_int_eq(error(), 1);
}
END_TEST

/* --- the RTOS SDK's demo --- */

#define TYPE "Content-Type: application/octet-stream\r\n"

static void rtos(void)
{
    uint32_t crc;

    setup();
    config.dialect = ESPOTA_PULL_RTOS;
    config.target = "user2.2048.new.5.bin";
    update.fs_start = 65 * 4096;
    update.fs_end = update.fs_start + 58 * 4096;
    crc = espota_crc32_appended(~espota_crc32_zlib(ESPOTA_CRC32_START, image, SIZE - 4));
    for (int i = 0; i < 4; i++)
        image[SIZE - 4 + i] = (uint8_t)(crc >> 8 * i);
}

START_TEST(test_rtos_request)
{
    static const char expected[] = "GET user2.2048.new.5.bin HTTP/1.0\r\nHost: server:8080\r\n"
                                   "Accept: application/octet-stream\r\n"
                                   "Accept-Encoding: identity\r\n"
                                   "User-Agent: esp8266-rtos-sdk/1.0 esp8266\r\n\r\n";

    rtos();
    /* with its terminator, as that SDK sends it */
    ck_assert_int_eq(espota_pull_client_init(&client, &config, now), ESPOTA_OK);
    ck_assert_uint_eq(client.request_length, sizeof(expected));
    ck_assert_mem_eq(request(SIZE_MAX), expected, sizeof(expected));
}
END_TEST

START_TEST(test_rtos_update)
{
    rtos();
    ck_assert_int_eq(
        ask("HTTP/1.0 200 OK\r\n" TYPE "Content-Length: 10000\r\n\r\n", image, SIZE, 1460),
        ESPOTA_PULL_UPDATED);
    ck_assert_mem_eq(chip.bytes + update.fs_start, image, SIZE);
    ck_assert_uint_eq(chip.stores, 0);
    ck_assert_str_eq(told, "S0:0E0:10000");
    image[5000] ^= 1;
    ask("HTTP/1.0 200 OK\r\n" TYPE "Content-Length: 10000\r\n\r\n", image, SIZE, 1460);
    ck_assert_int_eq(error(), ESPOTA_PULL_BAD_CRC);
    image[5000] ^= 1;
    chip_init(&chip);
    chip.fail_read = 3;
    ask("HTTP/1.0 200 OK\r\n" TYPE "Content-Length: 10000\r\n\r\n", image, SIZE, 1460);
    ck_assert_int_eq(error(), ESPOTA_PULL_BAD_CRC);
}
END_TEST

START_TEST(test_rtos_answers)
{
    static const struct {
        const char *head;
        int32_t error;
    } rows[] = {
        {"HTTP/1.0 304 x\r\n" TYPE "Content-Length: 10000\r\n\r\n", ESPOTA_PULL_WRONG_CODE},
        {"HTTP/1.0 200 x\r\nContent-Length: 10000\r\n\r\n", ESPOTA_PULL_NO_TYPE},
        {"HTTP/1.0 200 x\r\n" TYPE "\r\n", ESPOTA_PULL_NO_SIZE},
        {"HTTP/1.0 200 x\r\n" TYPE "Content-Length: 4096\r\n\r\n", ESPOTA_PULL_TOO_SMALL},
        {"HTTP/1.0 200 x\r\n" TYPE "Content-Length: 237569\r\n\r\n", ESPOTA_PULL_SPACE},
        {"HTTP/1.0 200 x\r\n" TYPE "Content-Length: 237568\r\n\r\n", 6},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        rtos();
        ask(rows[i].head, "", 0, SIZE);
        if (client.result == ESPOTA_PULL_PENDING)
            espota_pull_client_rx_end(&client);
        ck_assert_int_eq(error(), rows[i].error);
    }
}
END_TEST

/* A read may end at a line's end, and nowhere else in the head. */
START_TEST(test_rtos_reads)
{
    static const char head[] = "HTTP/1.0 200 x\r\n" TYPE "Content-Length: 10000\r\n\r\n";

    rtos();
    for (size_t cut = 1; cut < sizeof(head) - 1; cut++) {
        request(SIZE_MAX);
        feed(head, cut, cut);
        ck_assert_int_eq(error(), head[cut - 1] == '\n' ? 0 : ESPOTA_PULL_SPLIT_HEAD);
        espota_pull_client_deinit(&client);
    }
}
END_TEST

UNIT_MAIN("firmware-stub/pull_client", test_request, test_a_request_that_does_not_fit, test_update,
          test_answers, test_first_bytes, test_md5, test_cut_and_time,
          test_each_flash_operation_fails_once, test_rtos_request, test_rtos_update,
          test_rtos_answers, test_rtos_reads)
