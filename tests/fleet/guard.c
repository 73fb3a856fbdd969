/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "fleet/fleet.h"

/* A job whose image is for `chip`, and what its device announced. */
static bool contradicts(enum espota_chip chip, enum espota_device_kind kind, const char *board,
                        uint16_t port)
{
    struct espota_upload upload = {.options = ESPOTA_UPLOAD_OPTIONS_INIT};
    struct espota_source source = {.chip = chip};
    struct espota_job job = {.upload = &upload,
                             .source = &source,
                             .command = ESPOTA_COMMAND_FLASH,
                             .kind = kind,
                             .board = (char *)(uintptr_t)board, /* only read */
                             .port = port};
    struct espota_error why = ESPOTA_ERROR_INIT;
    bool found = espota_fleet_contradicts(&job, &why);

    ck_assert(found == (why.message[0] != '\0'));
    upload.options.force = true;
    ck_assert(!espota_fleet_contradicts(&job, &why));
    upload.options.force = false;
    job.command = ESPOTA_COMMAND_FILESYSTEM;
    ck_assert(!espota_fleet_contradicts(&job, &why));
    return found;
}

START_TEST(test_announcements)
{
    static const struct {
        enum espota_chip chip;
        enum espota_device_kind kind;
        const char *board;
        bool refused;
    } rows[] = {
        {ESPOTA_CHIP_ESP8266, ESPOTA_KIND_ESP8266, "nodemcuv2", false},
        {ESPOTA_CHIP_ESP8266, ESPOTA_KIND_PICO, "rpipico", true},
        {ESPOTA_CHIP_RP2040, ESPOTA_KIND_ESP8266, "d1_mini", true},
        {ESPOTA_CHIP_RP2040, ESPOTA_KIND_PICO, "rpipicow", false},
        {ESPOTA_CHIP_RP2040, ESPOTA_KIND_PICO, "rpipico2w", true},
        {ESPOTA_CHIP_RP2350, ESPOTA_KIND_PICO, "rpipico", true},
        {ESPOTA_CHIP_RP2350, ESPOTA_KIND_PICO, "some_board", false},
        {ESPOTA_CHIP_ESP32, ESPOTA_KIND_ESP32, "esp32", false},
        {ESPOTA_CHIP_ESP32, ESPOTA_KIND_ESP32, "lolin32", false},
        {ESPOTA_CHIP_ESP32, ESPOTA_KIND_ESP32, "esp32c3", true},
        {ESPOTA_CHIP_ESP32_C3, ESPOTA_KIND_ESP32, "esp32c3", false},
        {ESPOTA_CHIP_ESP32_C3, ESPOTA_KIND_ESP32, "esp32", true},
        {ESPOTA_CHIP_ESP32_S3, ESPOTA_KIND_ESP32, "esp32s2", true},
        {ESPOTA_CHIP_ESP32_C6, ESPOTA_KIND_ESP32, "esp32c61", true},
        {ESPOTA_CHIP_ESP32_S3, ESPOTA_KIND_ESP32, "esp32s3_box", false},
        {ESPOTA_CHIP_ESP32_S3, ESPOTA_KIND_ESP32, "", false},
        {ESPOTA_CHIP_ESP32_S3, ESPOTA_KIND_ESP32, NULL, false},
        {ESPOTA_CHIP_ESP32_S3, ESPOTA_KIND_ESP8266, NULL, true},
        {ESPOTA_CHIP_ESP32_S3, ESPOTA_KIND_UNKNOWN, "esp32c3", false},
        {ESPOTA_CHIP_UNKNOWN, ESPOTA_KIND_ESP8266, "nodemcuv2", false},
        {ESPOTA_CHIP_LIBRETINY, ESPOTA_KIND_UNKNOWN, NULL, false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        ck_assert_msg(contradicts(rows[i].chip, rows[i].kind, rows[i].board, 0) == rows[i].refused,
                      "row %zu", i);
}
END_TEST

START_TEST(test_ports)
{
    ck_assert(contradicts(ESPOTA_CHIP_ESP32, ESPOTA_KIND_UNKNOWN, NULL, 2040));
    ck_assert(contradicts(ESPOTA_CHIP_RP2350, ESPOTA_KIND_UNKNOWN, NULL, 8266));
    ck_assert(!contradicts(ESPOTA_CHIP_ESP32_C3, ESPOTA_KIND_UNKNOWN, NULL, 3232));
    ck_assert(!contradicts(ESPOTA_CHIP_ESP32_C3, ESPOTA_KIND_UNKNOWN, NULL, 4000));
    ck_assert(!contradicts(ESPOTA_CHIP_ESP32_C3, ESPOTA_KIND_UNKNOWN, NULL, 0));
    /* a device that says what it is may listen where it likes */
    ck_assert(!contradicts(ESPOTA_CHIP_ESP8266, ESPOTA_KIND_ESP8266, "d1_mini", 3232));
}
END_TEST

UNIT_MAIN("fleet/fleet_guard", test_announcements, test_ports)
