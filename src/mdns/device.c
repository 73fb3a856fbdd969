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

/* Where the four strings stand; 0: not there, else 1 and up. */
struct order {
    unsigned auth, board, ssh, tcp;
};

static void read_txt(struct espota_device *device, const uint8_t *txt, size_t length,
                     struct order *order)
{
    struct espota_reader reader;
    const uint8_t *text, *value;
    size_t size, value_size;
    unsigned place = 0;

    memset(order, 0, sizeof(*order));
    device->board[0] = '\0';
    device->auth = ESPOTA_DEVICE_AUTH_UNKNOWN;
    espota_reader_init(&reader, txt, length);
    while (espota_dns_txt_next(&reader, &text, &size)) {
        place++; /* of several with one key the first counts (RFC 6763 6.4) */
        if (order->board == 0 && espota_dns_txt_value(text, size, "board", &value, &value_size)) {
            order->board = place;
            espota_text_printable(value, value_size, device->board, sizeof(device->board));
        } else if (order->auth == 0 &&
                   espota_dns_txt_value(text, size, "auth_upload", &value, &value_size)) {
            order->auth = place;
            if (value_size == 3 && memcmp(value, "yes", 3) == 0)
                device->auth = ESPOTA_DEVICE_AUTH_YES;
            else if (value_size == 2 && memcmp(value, "no", 2) == 0)
                device->auth = ESPOTA_DEVICE_AUTH_NO;
        } else if (order->ssh == 0 &&
                   espota_dns_txt_value(text, size, "ssh_upload", &value, &value_size)) {
            order->ssh = place;
        } else if (order->tcp == 0 &&
                   espota_dns_txt_value(text, size, "tcp_check", &value, &value_size)) {
            order->tcp = place;
        }
    }
}

static bool rising(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return a != 0 && a < b && b < c && c < d;
}

static bool either_way(unsigned a, unsigned b, unsigned c, unsigned d)
{
    return rising(a, b, c, d) || rising(d, c, b, a);
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

void espota_device_describe_arduino(struct espota_device *device, const uint8_t *txt, size_t length)
{
    struct order o;

    read_txt(device, txt, length, &o);
    if (device->port == 65280 ||
        (strcmp(device->board, "arduino") == 0 && either_way(o.ssh, o.tcp, o.auth, o.board)))
        device->kind = ESPOTA_KIND_ARDUINO;
    else if (either_way(o.auth, o.board, o.ssh, o.tcp))
        device->kind = leamdns_kind(device);
    else if (either_way(o.auth, o.ssh, o.tcp, o.board))
        device->kind = ESPOTA_KIND_ESP32;
    else
        device->kind = kind_by_names(device);
}

void espota_device_describe_esphome(struct espota_device *device, const uint8_t *txt, size_t length)
{
    struct order order;

    read_txt(device, txt, length, &order);
    device->auth = ESPOTA_DEVICE_AUTH_UNKNOWN; /* not said: its OTA password is its own matter */
    device->kind = ESPOTA_KIND_ESPHOME;
}
