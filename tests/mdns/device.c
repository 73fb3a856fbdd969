/* SPDX-License-Identifier: MIT */
#include "mdns/catalog_inside.h"

#include "unit.h"

static struct espota_device described(uint16_t port, const char *hostname, const char *txt)
{
    struct espota_device device = {.port = port};
    struct guarded g = guarded_copy(txt, strlen(txt));

    strncpy(device.hostname, hostname, sizeof(device.hostname) - 1);
    espota_device_describe(&device, ESPOTA_SERVICE_ARDUINO, g.bytes, strlen(txt));
    guarded_free(&g);
    return device;
}

#define AUTH_NO                                                                                    \
    "\x0e"                                                                                         \
    "auth_upload=no"
#define AUTH_YES                                                                                   \
    "\x0f"                                                                                         \
    "auth_upload=yes"
#define SSH                                                                                        \
    "\x0d"                                                                                         \
    "ssh_upload=no"
#define TCP                                                                                        \
    "\x0c"                                                                                         \
    "tcp_check=no"

/* On the wire LEAmDNS and Espressif's mdns write the strings last one first. */
START_TEST(test_kind_by_order)
{
    struct espota_device d;

    d = described(8266, "esp8266-1.local",
                  AUTH_YES "\x0f"
                           "board=nodemcuv2" SSH TCP);
    ck_assert_int_eq(d.kind, ESPOTA_KIND_ESP8266);
    ck_assert_int_eq(d.auth, ESPOTA_DEVICE_AUTH_YES);
    ck_assert_str_eq(d.board, "nodemcuv2");

    d = described(3232, "esp32-1.local",
                  AUTH_NO SSH TCP "\x0b"
                                  "board=esp32");
    ck_assert_int_eq(d.kind, ESPOTA_KIND_ESP32);
    ck_assert_int_eq(d.auth, ESPOTA_DEVICE_AUTH_NO);

    d = described(2040, "door.local",
                  AUTH_NO "\x0f"
                          "board=rpipicow " SSH TCP);
    ck_assert_int_eq(d.kind, ESPOTA_KIND_PICO);

    d = described(65280, "arduino.local",
                  SSH TCP AUTH_YES "\x0d"
                                   "board=arduino");
    ck_assert_int_eq(d.kind, ESPOTA_KIND_ARDUINO);
}
END_TEST

START_TEST(test_kind_on_other_ports)
{
    /* an ESP32 on 8266 and an ESP8266 on 3232: the order knows better than the port */
    ck_assert_int_eq(described(8266, "a.local",
                               AUTH_NO SSH TCP "\x0b"
                                               "board=lolin")
                         .kind,
                     ESPOTA_KIND_ESP32);
    ck_assert_int_eq(described(3232, "a.local",
                               AUTH_NO "\x0d"
                                       "board=d1_mini" SSH TCP)
                         .kind,
                     ESPOTA_KIND_ESP8266);
    ck_assert_int_eq(described(4000, "a.local",
                               AUTH_NO "\x0e"
                                       "board=rpipicow" SSH TCP)
                         .kind,
                     ESPOTA_KIND_PICO);
    ck_assert_int_eq(described(4000, "pico-1.local",
                               AUTH_NO "\x0d"
                                       "board=generic" SSH TCP)
                         .kind,
                     ESPOTA_KIND_PICO);
    ck_assert_int_eq(described(4000, "a.local",
                               SSH TCP AUTH_YES "\x0d"
                                                "board=arduino")
                         .kind,
                     ESPOTA_KIND_ARDUINO);
}
END_TEST

START_TEST(test_kind_by_turned_order)
{
    ck_assert_int_eq(described(4000, "a.local",
                               TCP SSH "\x0d"
                                       "board=d1_mini" AUTH_NO)
                         .kind,
                     ESPOTA_KIND_ESP8266);
    ck_assert_int_eq(described(4000, "a.local",
                               "\x0b"
                               "board=lolin" TCP SSH AUTH_NO)
                         .kind,
                     ESPOTA_KIND_ESP32);
    ck_assert_int_eq(described(4000, "a.local",
                               "\x0d"
                               "board=arduino" AUTH_YES TCP SSH)
                         .kind,
                     ESPOTA_KIND_ARDUINO);
}
END_TEST

START_TEST(test_kind_without_order)
{
    ck_assert_int_eq(described(3232, "a.local", "").kind, ESPOTA_KIND_ESP32);
    ck_assert_int_eq(described(8266, "a.local", "").kind, ESPOTA_KIND_ESP8266);
    ck_assert_int_eq(described(2040, "a.local", "").kind, ESPOTA_KIND_PICO);
    ck_assert_int_eq(described(1, "esp32-a.local", TCP).kind, ESPOTA_KIND_ESP32);
    ck_assert_int_eq(described(22, "yun.local",
                               "\x03"
                               "key")
                         .kind,
                     ESPOTA_KIND_UNKNOWN);
}
END_TEST

START_TEST(test_words_are_escaped_and_the_first_counts)
{
    struct espota_device d = described(8266, "a.local",
                                       "\x09"
                                       "BOARD=a\033b"
                                       "\x09"
                                       "board=two"
                                       "\x05"
                                       "auth_" AUTH_YES);

    ck_assert_str_eq(d.board, "a\\x1bb");
    ck_assert_int_eq(d.auth, ESPOTA_DEVICE_AUTH_YES);
    d = described(8266, "a.local",
                  "\x11"
                  "auth_upload=maybe");
    ck_assert_int_eq(d.auth, ESPOTA_DEVICE_AUTH_UNKNOWN);
}
END_TEST

static struct espota_device esphome(const char *txt, size_t length)
{
    struct espota_device device = {.port = 6053};

    espota_device_describe(&device, ESPOTA_SERVICE_ESPHOME, (const uint8_t *)txt, length);
    ck_assert_int_eq(device.kind, ESPOTA_KIND_ESPHOME);
    ck_assert_int_eq(device.auth, ESPOTA_DEVICE_AUTH_UNKNOWN);
    return device;
}

START_TEST(test_esphome)
{
    static const char txt[] = "\x0e"
                              "board=esp32dev"
                              "\x0f"
                              "version=2025.10"
                              "\x0e"
                              "platform=ESP32"
                              "\x33"
                              "api_encryption=Noise_NNpsk0_25519_ChaChaPoly_SHA256";
    static const char offers[] = "\x34"
                                 "api_encryption_supported=Noise_NNpsk0_25519_ChaCha_x";
    struct espota_device device = esphome(txt, sizeof(txt) - 1);

    ck_assert_str_eq(device.board, "esp32dev");
    ck_assert_str_eq(device.version, "2025.10");
    ck_assert_str_eq(device.platform, "ESP32");
    ck_assert_uint_eq(device.port, 3232); /* not that of its API */
    ck_assert(device.encrypted);
    device = esphome(txt, 15);
    ck_assert_uint_eq(device.port, 0);
    ck_assert(!device.encrypted);
    device = esphome(offers, sizeof(offers) - 1);
    ck_assert(!device.encrypted);
}
END_TEST

START_TEST(test_words)
{
    for (int kind = -1; kind <= ESPOTA_KIND_COUNT; kind++)
        ck_assert_ptr_nonnull(espota_device_kind_word((enum espota_device_kind)kind));
    ck_assert_str_eq(espota_device_auth_word(ESPOTA_DEVICE_AUTH_UNKNOWN), "unknown");
}
END_TEST

UNIT_MAIN("mdns/device", test_kind_by_order, test_kind_on_other_ports, test_kind_by_turned_order,
          test_kind_without_order, test_words_are_escaped_and_the_first_counts, test_esphome,
          test_words)
