/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdio.h>

#include "serve/inside.h"

/* A store in memory. */
static struct espota_store_item store_items[] = {
    {.name = "door.bin",
     .size = 400000,
     .kind = ESPOTA_IMAGE_ESP8266,
     .running_md5 = {"00000000000000000000000000000000", "11111111111111111111111111111111",
                     "22222222222222222222222222222222", "33333333333333333333333333333333"},
     .running_count = 4},
    {.name = "18feaa000001.bin", .size = 1000, .kind = ESPOTA_IMAGE_ESP8266},
    {.name = "18feaa000001.fs.bin", .size = 1000, .kind = ESPOTA_IMAGE_LITTLEFS},
    {.name = "pump-1.10.bin", .size = 300, .kind = ESPOTA_IMAGE_PICO},
    {.name = "pump-1.10.fs.bin", .size = 300, .kind = ESPOTA_IMAGE_LITTLEFS},
    {.name = "lamp.bin",
     .size = 500,
     .kind = ESPOTA_IMAGE_ESP32,
     .running_sha256 = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},
    {.name = "lamp.bin.gz", .size = 400, .kind = ESPOTA_IMAGE_ESP32, .gzip = true},
    {.name = "cut.bin", .size = 500, .kind = ESPOTA_IMAGE_ESP8266, .problem = "cut short"},
    {.name = "data.fs.bin", .size = 4096, .kind = ESPOTA_IMAGE_LITTLEFS},
    {.name = "notes.txt", .size = 5},
    {.name = "busy.bin", .size = 5},
};

static const struct espota_store_item *item_of(const char *name)
{
    for (size_t i = 0; i < sizeof(store_items) / sizeof(store_items[0]); i++)
        if (strcmp(store_items[i].name, name) == 0)
            return &store_items[i];
    return NULL;
}

static enum espota_status look(void *context, const char *name,
                               const struct espota_store_item **item, struct espota_error *err)
{
    (void)context;
    *item = item_of(name);
    if (strcmp(name, "link.bin") == 0)
        return espota_error_set(err, ESPOTA_E_LOCAL, "link.bin leads out of the folder");
    if (strcmp(name, "busy.bin") == 0)
        return ESPOTA_MORE;
    return *item != NULL ? ESPOTA_OK : ESPOTA_E_NO_ANSWER;
}

static bool of_mac(void *context, const char *mac, bool filesystem,
                   char name[ESPOTA_STORE_NAME_MAX])
{
    (void)context;
    snprintf(name, ESPOTA_STORE_NAME_MAX, "%s%s", mac, filesystem ? ".fs.bin" : ".bin");
    return item_of(name) != NULL;
}

static bool newest(void *context, const char *stem, bool filesystem,
                   char name[ESPOTA_STORE_NAME_MAX])
{
    (void)context;
    snprintf(name, ESPOTA_STORE_NAME_MAX, "%s-1.10%s", stem, filesystem ? ".fs.bin" : ".bin");
    return item_of(name) != NULL;
}

static const struct espota_store store = {NULL, look, of_mac, newest};

/* One row: "header: value" lines of the request, and what must come out. */
struct row {
    const char *path;
    const char *headers[6];
    unsigned status;
    const char *name; /* of the file given; NULL: none */
    const char *why;  /* stands in the reason */
};

static void ask(const struct row *row, const struct espota_manifest *manifest,
                struct espota_decision *out)
{
    struct espota_pull_request request;

    espota_pull_request_init(&request);
    ck_assert_int_eq(espota_pull_request_path(&request, row->path, strlen(row->path)), ESPOTA_OK);
    for (size_t i = 0; i < 6 && row->headers[i] != NULL; i++) {
        char name[64];
        const char *colon = strchr(row->headers[i], ':');

        snprintf(name, sizeof(name), "%.*s", (int)(colon - row->headers[i]), row->headers[i]);
        espota_pull_request_header(&request, name, colon + 1);
    }
    espota_decide(&request, manifest, &store, 1000, out);
}

static void expect(const struct row *row, const struct espota_manifest *manifest)
{
    struct espota_decision out;

    ask(row, manifest, &out);
    ck_assert_msg(out.status == row->status, "%s %s: %u, %s", row->path,
                  row->headers[0] != NULL ? row->headers[0] : "", out.status, out.why);
    ck_assert_msg(strstr(out.why, row->why) != NULL, "%s: %s", row->path, out.why);
    ck_assert_str_eq(out.item != NULL ? out.item->name : "", row->name != NULL ? row->name : "");
}

START_TEST(test_a_folder)
{
    static const struct row rows[] = {
        {"/door.bin", {NULL}, 200, "door.bin", "400000 bytes"},
        {"/notes.txt", {NULL}, 200, "notes.txt", ""},
        {"/none.bin", {NULL}, 404, NULL, "no file for /none.bin"},
        {"/", {NULL}, 404, NULL, "no file"},
        {"/cut.bin", {NULL}, 200, "cut.bin", ""}, /* who only fetches may have any file */
        {"/busy.bin", {NULL}, 503, NULL, "being written"},
        {"/link.bin", {NULL}, 404, NULL, "leads out"},
        {"/door.bin", {"x-ESP8266-mode:sketch"}, 200, "door.bin", ""},
        {"/x", {"x-ESP8266-STA-MAC:18:FE:AA:00:00:01"}, 200, "18feaa000001.bin", ""},
        {"/door.bin", {"x-ESP8266-STA-MAC:18:FE:AA:00:00:01"}, 200, "18feaa000001.bin", ""},
        {"/door.bin",
         {"x-ESP8266-STA-MAC:18:FE:AA:00:00:01", "x-ESP8266-mode:spiffs"},
         200,
         "18feaa000001.fs.bin",
         ""},
        {"/door.bin", {"x-ESP8266-mode:spiffs"}, 404, NULL, "no file for"},
        {"/pump-1.10.fs.bin", {"x-Pico-Mode:sketch"}, 404, NULL, "no file for"},
        {"/pump", {"x-Pico-Mode:sketch"}, 200, "pump-1.10.bin", ""},
        {"/pump.bin", {"x-Pico-Mode:spiffs"}, 200, "pump-1.10.fs.bin", ""},
        /* a sketch asks with one URL for both of its files */
        {"/data.bin", {"x-ESP32-mode:littlefs"}, 200, "data.fs.bin", ""},
        {"/data", {"x-ESP32-mode:littlefs"}, 200, "data.fs.bin", ""},
        {"/data.bin", {"x-ESP32-mode:sketch"}, 404, NULL, "no file for"},
        {"/pump.bin", {"x-Pico-Version:1.10"}, 304, NULL, "version 1.10 already"},
        {"/pump.bin", {"x-Pico-Version:1.9"}, 200, "pump-1.10.bin", ""},
        {"/pump.bin", {"x-Pico-Mode:version"}, 200, NULL, "version 1.10"},
        {"/door.bin", {"x-ESP8266-mode:version"}, 404, NULL, "which version"},
        {"/pump", {NULL}, 200, "pump-1.10.bin", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rows[i], NULL);
}
END_TEST

START_TEST(test_what_runs_already)
{
    static const struct row rows[] = {
        {"/door.bin",
         {"x-ESP8266-sketch-md5:22222222222222222222222222222222"},
         304,
         NULL,
         "runs door.bin already"},
        {"/door.bin",
         {"x-ESP8266-sketch-md5:44444444444444444444444444444444"},
         200,
         "door.bin",
         ""},
        /* the digest is of the sketch: it says nothing about a file system */
        {"/pump.bin",
         {"x-ESP8266-sketch-md5:22222222222222222222222222222222", "x-ESP8266-mode:spiffs"},
         200,
         "pump-1.10.fs.bin",
         ""},
        {"/lamp.bin",
         {"x-ESP32-sketch-sha256:"
          "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
         304,
         NULL,
         "runs lamp.bin already"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rows[i], NULL);
}
END_TEST

START_TEST(test_what_is_not_given_out)
{
    static const struct row rows[] = {
        {"/cut.bin", {"x-ESP8266-mode:sketch"}, 404, NULL, "cut short"},
        {"/door.bin", {"x-ESP32-mode:sketch"}, 404, NULL, "another chip"},
        {"/lamp.bin", {"x-Pico-Mode:sketch"}, 404, NULL, "another chip"},
        {"/lamp.bin.gz", {"x-ESP32-mode:sketch"}, 404, NULL, "does not unpack"},
        {"/notes.txt", {"x-ESP32-mode:sketch"}, 404, NULL, "no program image"},
        {"/door.bin", {"x-ESP8266-free-space:399999"}, 404, NULL, "room for 399999"},
        {"/door.bin", {"x-ESP8266-free-space:400000"}, 200, "door.bin", ""},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rows[i], NULL);
}
END_TEST

START_TEST(test_a_manifest)
{
    static const char text[] = "{\"no-space\":507,\"rules\":["
                               "{\"mac\":\"18:FE:AA:00:00:02\",\"stay\":true},"
                               "{\"chip\":\"esp8266\",\"file\":\"door.bin\",\"give\":\"2.1\"},"
                               "{\"chip\":\"pico\",\"file\":\"gone.bin\"},"
                               "{\"path\":\"/lamp\",\"file\":\"lamp.bin\"}]}";
    static const struct row rows[] = {
        {"/any", {"x-ESP8266-STA-MAC:18:FE:AA:00:00:02"}, 304, NULL, "rule 1 says that it stays"},
        {"/any", {"x-ESP8266-version:2.0"}, 200, "door.bin", ""},
        {"/any", {"x-ESP8266-version:2.1.0"}, 304, NULL, "version 2.1 already"},
        /* a person named the version: it counts even where the digest differs */
        {"/any",
         {"x-ESP8266-version:2.1.0", "x-ESP8266-sketch-md5:44444444444444444444444444444444"},
         304,
         NULL,
         "version 2.1 already"},
        {"/any", {"x-ESP8266-mode:version"}, 200, NULL, "version 2.1"},
        {"/any", {"x-ESP8266-free-space:100"}, 507, NULL, "room for 100"},
        {"/any", {"x-Pico-Mode:sketch"}, 404, NULL, "no file gone.bin"},
        {"/lamp", {NULL}, 200, "lamp.bin", ""},
        {"/door.bin", {NULL}, 404, NULL, "no rule matches"},
    };
    struct espota_manifest manifest;
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_msg(espota_manifest_parse(text, strlen(text), "m", NULL, &manifest, &err) ==
                      ESPOTA_OK,
                  "%s", err.message);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rows[i], &manifest);
    espota_manifest_deinit(&manifest);
}
END_TEST

/* A device is never taken back, unless a rule says so. */
START_TEST(test_versions_only_rise)
{
    static const char text[] =
        "{\"rules\":["
        "{\"path\":\"/canary\",\"version\":\"<2.1.0\",\"file\":\"door.bin\",\"give\":\"2.1.0\"},"
        "{\"path\":\"/canary\",\"file\":\"pump-1.10.bin\"},"
        "{\"path\":\"/back\",\"file\":\"door.bin\",\"give\":\"2.1.0\",\"downgrade\":true},"
        "{\"path\":\"/low\",\"chip\":\"esp8266\",\"version\":\"<2.1.0\",\"file\":\"door.bin\"}]}";
    static const struct row rows[] = {
        {"/canary", {"x-ESP8266-version:2.0.0"}, 200, "door.bin", ""},
        {"/canary", {"x-ESP8266-version:2.1.0-rc1"}, 200, "door.bin", ""},
        {"/canary",
         {"x-Pico-Version:2.1.0"},
         304,
         NULL,
         "it has version 2.1.0, and pump-1.10.bin is older"},
        {"/canary", {"x-Pico-Mode:sketch"}, 200, "pump-1.10.bin", ""}, /* it says no version */
        {"/back", {"x-ESP8266-version:3.0"}, 200, "door.bin", ""},
        {"/back", {"x-ESP8266-version:2.1"}, 304, NULL, "already"},
        /* by its version alone it is excluded: that is no error to it */
        {"/low",
         {"x-ESP8266-version:2.1.0"},
         304,
         NULL,
         "rule 4 is for versions <2.1.0, it has 2.1.0"},
        {"/low", {"x-ESP8266-mode:sketch"}, 404, NULL, "no rule matches"},
        {"/low", {"x-ESP32-version:2.1.0"}, 404, NULL, "no rule matches"},
        {"/else", {"x-ESP8266-version:2.1.0"}, 404, NULL, "no rule matches"},
    };
    static const struct row folder = {
        "/pump", {"x-Pico-Version:1.11"}, 304, NULL, "pump-1.10.bin is older"};
    struct espota_manifest manifest;
    struct espota_error err = ESPOTA_ERROR_INIT;

    ck_assert_msg(espota_manifest_parse(text, strlen(text), "m", NULL, &manifest, &err) ==
                      ESPOTA_OK,
                  "%s", err.message);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect(&rows[i], &manifest);
    espota_manifest_deinit(&manifest);
    expect(&folder, NULL);
}
END_TEST

START_TEST(test_who_is_blind)
{
    static const struct row blind[] = {
        {"/pump", {"x-Pico-Mode:sketch"}, 200, "pump-1.10.bin", ""},
        {"/pump", {"x-ESP8266-mode:spiffs"}, 200, "pump-1.10.fs.bin", ""},
    };
    static const struct row seeing[] = {
        {"/door.bin",
         {"x-ESP8266-sketch-md5:44444444444444444444444444444444"},
         200,
         "door.bin",
         ""},
        {"/door.bin", {NULL}, 200, "door.bin", ""},
    };
    struct espota_decision out;

    for (size_t i = 0; i < 2; i++) {
        ask(&blind[i], NULL, &out);
        ck_assert(out.item != NULL && out.blind);
        ask(&seeing[i], NULL, &out);
        ck_assert(out.item != NULL && !out.blind);
    }
}
END_TEST

START_TEST(test_a_file_that_is_being_written_is_waited_for)
{
    static const struct row row = {"/busy.bin", {NULL}, 503, NULL, ""};
    struct espota_decision out;

    ask(&row, NULL, &out);
    ck_assert(out.wait);
}
END_TEST

UNIT_MAIN("serve/decide", test_a_folder, test_what_runs_already, test_what_is_not_given_out,
          test_a_manifest, test_versions_only_rise, test_who_is_blind,
          test_a_file_that_is_being_written_is_waited_for)
