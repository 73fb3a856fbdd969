/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "wire/pull.h"

static enum espota_status path_of(struct espota_pull_request *request, const char *raw)
{
    struct guarded g = guarded_copy(raw, strlen(raw));
    enum espota_status status;

    espota_pull_request_init(request);
    status = espota_pull_request_path(request, (const char *)g.bytes, strlen(raw));
    guarded_free(&g);
    return status;
}

START_TEST(test_paths_that_are_good)
{
    static const char *const rows[][2] = {
        {"/", ""},
        {"", ""},
        {"/door.bin", "door.bin"},
        {"user2.2048.new.5.bin", "user2.2048.new.5.bin"},
        {"/a/b%20c.bin?x=../..", "a/b c.bin"},
        {"/%64oor..bin", "door..bin"},
        {"/a/", "a/"},
        {"/.hidden", ".hidden"},
        {"/...", "..."},
    };
    struct espota_pull_request request;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_int_eq(path_of(&request, rows[i][0]), ESPOTA_OK);
        ck_assert_str_eq(request.path, rows[i][1]);
    }
}
END_TEST

START_TEST(test_paths_that_are_bad)
{
    static const char *const rows[] = {
        "/..",  "/../x",   "/a/../x", "/a/..",     "/%2e%2e/x", "/a%2f..%2fx", "/.",
        "/./x", "//etc/x", "/a//b",   "/a%00.bin", "/a%0ab",    "/a\\b",       "/a%5cb",
        "/a%",  "/a%4",    "/a%4g",   "/a\x01",    "/%2fetc",   "..",          "/a%7fb",
    };
    struct espota_pull_request request;
    char long_path[ESPOTA_PULL_PATH_MAX + 2];

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ck_assert_msg(path_of(&request, rows[i]) == ESPOTA_BAD, "%s", rows[i]);
        ck_assert_msg(request.path[0] == '\0' || strstr(request.path, "..") == NULL, "%s", rows[i]);
    }
    memset(long_path, 'a', sizeof(long_path));
    long_path[sizeof(long_path) - 1] = '\0';
    ck_assert_int_eq(path_of(&request, long_path), ESPOTA_BAD);
    long_path[ESPOTA_PULL_PATH_MAX - 1] = '\0';
    ck_assert_int_eq(path_of(&request, long_path), ESPOTA_OK);
}
END_TEST

START_TEST(test_headers_of_an_esp8266)
{
    struct espota_pull_request request;

    espota_pull_request_init(&request);
    espota_pull_request_header(&request, "user-agent", "ESP8266-http-Update");
    espota_pull_request_header(&request, "X-ESP8266-STA-MAC", "18:FE:AA:00:0B:01");
    espota_pull_request_header(&request, "x-esp8266-ap-mac", "1A:FE:AA:00:0B:01");
    espota_pull_request_header(&request, "x-ESP8266-free-space", "671744");
    espota_pull_request_header(&request, "x-ESP8266-sketch-size", "373940");
    espota_pull_request_header(&request, "x-ESP8266-chip-size", "4194304");
    espota_pull_request_header(&request, "x-ESP8266-sketch-md5",
                               "A56F8EF78A0BEBD812F62067DAF1408A");
    espota_pull_request_header(&request, "x-ESP8266-mode", "sketch");
    espota_pull_request_header(&request, "x-ESP8266-version", "DOOR-7-g14f53a19");
    ck_assert_int_eq(request.family, ESPOTA_PULL_ESP8266);
    ck_assert_int_eq(request.mode, ESPOTA_PULL_SKETCH);
    ck_assert_str_eq(request.mac, "18feaa000b01");
    ck_assert_uint_eq(request.free_space, 671744);
    ck_assert_uint_eq(request.sketch_size, 373940);
    ck_assert_uint_eq(request.chip_size, 4194304);
    ck_assert_str_eq(request.sketch_md5, "a56f8ef78a0bebd812f62067daf1408a");
    ck_assert_str_eq(request.version, "DOOR-7-g14f53a19");
}
END_TEST

START_TEST(test_headers_of_the_others)
{
    struct espota_pull_request request;
    char sha[65];

    memset(sha, 'A', 64);
    sha[64] = '\0';
    espota_pull_request_init(&request);
    espota_pull_request_header(&request, "x-ESP32-sketch-sha256", sha);
    espota_pull_request_header(&request, "x-ESP32-mode", "littlefs");
    ck_assert_int_eq(request.family, ESPOTA_PULL_ESP32);
    ck_assert_int_eq(request.mode, ESPOTA_PULL_FILESYSTEM);
    ck_assert_uint_eq(strspn(request.sketch_sha256, "a"), 64);

    /* chips without Wi-Fi have a base MAC alone; elsewhere the station's goes before it */
    espota_pull_request_header(&request, "x-ESP32-BASE-MAC", "24:0A:C4:00:00:10");
    ck_assert_str_eq(request.mac, "240ac4000010");
    espota_pull_request_header(&request, "x-ESP32-STA-MAC", "24:0A:C4:00:00:11");
    ck_assert_str_eq(request.mac, "240ac4000011");
    espota_pull_request_header(&request, "x-ESP32-base-mac", "24:0A:C4:00:00:10");
    ck_assert_str_eq(request.mac, "240ac4000011");

    espota_pull_request_init(&request);
    espota_pull_request_header(&request, "User-Agent", "Pico-HTTP-Update");
    espota_pull_request_header(&request, "x-Pico-Mode", "version");
    ck_assert_int_eq(request.family, ESPOTA_PULL_PICO);
    ck_assert_int_eq(request.mode, ESPOTA_PULL_VERSION);

    espota_pull_request_init(&request);
    espota_pull_request_header(&request, "User-Agent", "curl/8");
    espota_pull_request_header(&request, "Host", "x-ESP32-mode");
    ck_assert_int_eq(request.family, ESPOTA_PULL_PLAIN);
}
END_TEST

START_TEST(test_malformed_headers_change_nothing)
{
    struct espota_pull_request request, before;

    espota_pull_request_init(&request);
    espota_pull_request_header(&request, "x-ESP32-mode", "sketch");
    before = request;
    espota_pull_request_header(&request, "x-ESP32-STA-MAC", "18:FE:AA:00:00");
    espota_pull_request_header(&request, "x-ESP32-STA-MAC", "18:FE:AA:00:00:01:02");
    espota_pull_request_header(&request, "x-ESP32-STA-MAC", "18:FE:AA:00:00:0*");
    espota_pull_request_header(&request, "x-ESP32-free-space", "-1");
    espota_pull_request_header(&request, "x-ESP32-free-space", "99999999999");
    espota_pull_request_header(&request, "x-ESP32-sketch-md5", "abc");
    espota_pull_request_header(&request, "x-ESP32-sketch-md5", "zz6f8ef78a0bebd812f62067daf1408a");
    espota_pull_request_header(&request, "x-ESP32-version", "a\x1b[31m");
    espota_pull_request_header(&request, "x-ESP32-version",
                               "1234567890123456789012345678901234567890123456789012345678901234");
    espota_pull_request_header(&request, "x-ESP32-", "");
    ck_assert_mem_eq(&request, &before, sizeof(before));
}
END_TEST

START_TEST(test_mac_patterns)
{
    char out[32];

    ck_assert(espota_mac_normalise("18-FE-aa:*", true, out, sizeof(out)));
    ck_assert_str_eq(out, "18feaa*");
    ck_assert(!espota_mac_normalise("18:FE:AA:*", false, out, sizeof(out)));
    ck_assert(!espota_mac_normalise("door", true, out, sizeof(out)));
    ck_assert(!espota_mac_normalise("", true, out, sizeof(out)));
    ck_assert(!espota_mac_normalise("18FEAA000001", true, out, 12));
}
END_TEST

UNIT_MAIN("wire/pull", test_paths_that_are_good, test_paths_that_are_bad,
          test_headers_of_an_esp8266, test_headers_of_the_others,
          test_malformed_headers_change_nothing, test_mac_patterns)
