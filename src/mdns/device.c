/* SPDX-License-Identifier: MIT */
/* No announcement says what it comes from, but each library writes its strings in an order of its
 * own. */
#include "mdns/catalog_inside.h"

#include <string.h>

#include "wire/wire.h"

const char *espota_device_kind_word(enum espota_device_kind kind)
{
    static const char *const words[ESPOTA_KIND_COUNT] = {"unknown", "esp8266", "esp32",
                                                         "pico",    "arduino", "esphome"};

    return words[(unsigned)kind < ESPOTA_KIND_COUNT ? kind : ESPOTA_KIND_UNKNOWN];
}

const char *espota_device_auth_word(enum espota_device_auth auth)
{
    if (auth == ESPOTA_DEVICE_AUTH_NO)
        return "no";
    return auth == ESPOTA_DEVICE_AUTH_YES ? "yes" : "unknown";
}

enum key { AUTH, BOARD, SSH, TCP, PLATFORM, VERSION, ENCRYPTION, KEYS };
static const char *const keys[KEYS] = {"auth_upload", "board",   "ssh_upload",    "tcp_check",
                                       "platform",    "version", "api_encryption"};

static enum espota_device_auth auth_of(const uint8_t *value, size_t length)
{
    if (length == 3 && memcmp(value, "yes", 3) == 0)
        return ESPOTA_DEVICE_AUTH_YES;
    return length == 2 && memcmp(value, "no", 2) == 0 ? ESPOTA_DEVICE_AUTH_NO
                                                      : ESPOTA_DEVICE_AUTH_UNKNOWN;
}

/* `places`: where the strings stand; 0: not there, else 1 and up. */
static void read_txt(struct espota_device *device, const uint8_t *txt, size_t length,
                     unsigned places[KEYS])
{
    struct espota_reader reader;
    const uint8_t *text, *value;
    size_t size, value_size;
    unsigned place = 0;

    memset(places, 0, KEYS * sizeof(*places));
    device->board[0] = device->platform[0] = device->version[0] = '\0';
    device->auth = ESPOTA_DEVICE_AUTH_UNKNOWN;
    espota_reader_init(&reader, txt, length);
    while (espota_dns_txt_next(&reader, &text, &size)) {
        place++;
        for (enum key k = AUTH; k < KEYS; k++) {
            if (places[k] != 0 || !espota_dns_txt_value(text, size, keys[k], &value, &value_size))
                continue; /* of several with one key the first counts (RFC 6763 6.4) */
            places[k] = place;
            if (k == BOARD)
                espota_text_printable(value, value_size, device->board, sizeof(device->board));
            else if (k == AUTH)
                device->auth = auth_of(value, value_size);
            else if (k == PLATFORM)
                espota_text_printable(value, value_size, device->platform,
                                      sizeof(device->platform));
            else if (k == VERSION)
                espota_text_printable(value, value_size, device->version, sizeof(device->version));
        }
    }
}

/* Whether all four are there in this order, or the other way round. */
static bool either_way(const unsigned places[KEYS], enum key a, enum key b, enum key c, enum key d)
{
    unsigned w = places[a], x = places[b], y = places[c], z = places[d];

    return (w != 0 && w < x && x < y && y < z) || (z != 0 && z < y && y < x && x < w);
}

static bool holds(const char *text, const char *part)
{
    return strstr(text, part) != NULL;
}

/* ESP8266 and Pico run the same mDNS library; what is left are the port and the names. */
static enum espota_device_kind leamdns_kind(const struct espota_device *device)
{
    if (device->port == 2040 || strncmp(device->hostname, "pico", 4) == 0)
        return ESPOTA_KIND_PICO;
    if (device->port == 8266)
        return ESPOTA_KIND_ESP8266;
    if (holds(device->board, "pico") || holds(device->board, "2040") ||
        holds(device->board, "2350") || holds(device->board, "rp2"))
        return ESPOTA_KIND_PICO;
    return ESPOTA_KIND_ESP8266;
}

static enum espota_device_kind kind_by_names(const struct espota_device *device)
{
    if (device->port == 3232 || strncmp(device->hostname, "esp32", 5) == 0 ||
        strncmp(device->board, "esp32", 5) == 0)
        return ESPOTA_KIND_ESP32;
    if (device->port == 8266 || strncmp(device->hostname, "esp8266", 7) == 0)
        return ESPOTA_KIND_ESP8266;
    if (device->port == 2040 || strncmp(device->hostname, "pico", 4) == 0)
        return ESPOTA_KIND_PICO;
    return ESPOTA_KIND_UNKNOWN;
}

uint16_t espota_platform_port(const char *platform)
{
    static const struct {
        const char *begin;
        uint16_t port;
    } ports[] = {{"ESP8266", 8266}, {"ESP32", 3232}, {"RP2", 2040},
                 {"BK", 8892},      {"RTL", 8892},   {"LN", 8820}};

    for (size_t i = 0; i < sizeof(ports) / sizeof(ports[0]); i++)
        if (strncmp(platform, ports[i].begin, strlen(ports[i].begin)) == 0)
            return ports[i].port;
    return 0;
}

void espota_device_describe(struct espota_device *device, enum espota_service service,
                            const uint8_t *txt, size_t length)
{
    unsigned places[KEYS];

    read_txt(device, txt, length, places);
    if (service == ESPOTA_SERVICE_ESPHOME) {
        device->auth = ESPOTA_DEVICE_AUTH_UNKNOWN; /* its OTA password is its own matter */
        device->kind = ESPOTA_KIND_ESPHOME;
        device->port = espota_platform_port(device->platform);
        device->encrypted = places[ENCRYPTION] != 0;
    } else if (device->port == 65280 || (strcmp(device->board, "arduino") == 0 &&
                                         either_way(places, SSH, TCP, AUTH, BOARD))) {
        device->kind = ESPOTA_KIND_ARDUINO;
    } else if (either_way(places, AUTH, BOARD, SSH, TCP)) {
        device->kind = leamdns_kind(device);
    } else if (either_way(places, AUTH, SSH, TCP, BOARD)) {
        device->kind = ESPOTA_KIND_ESP32;
    } else {
        device->kind = kind_by_names(device);
    }
}
