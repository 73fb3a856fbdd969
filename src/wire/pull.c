/* SPDX-License-Identifier: MIT */
/*
 * A header that is malformed counts as not sent: a device that says something odd about itself
 * still gets its update, by what else it says.
 */
#include "wire/wire.h"

#include <string.h>

static const struct {
    const char *word;
    const char *prefix; /* of its headers */
    const char *agent;
} families[ESPOTA_PULL_FAMILY_COUNT] = {
    [ESPOTA_PULL_PLAIN] = {"plain", NULL, NULL},
    [ESPOTA_PULL_ESP8266] = {"esp8266", "x-ESP8266-", "ESP8266-http-Update"},
    [ESPOTA_PULL_ESP32] = {"esp32", "x-ESP32-", "ESP32-http-Update"},
    [ESPOTA_PULL_PICO] = {"pico", "x-Pico-", "Pico-HTTP-Update"},
};

const char *espota_pull_family_prefix(enum espota_pull_family family)
{
    return families[family].prefix;
}

const char *espota_pull_family_word(enum espota_pull_family family)
{
    return families[family].word;
}

const char *espota_pull_mode_word(enum espota_pull_mode mode)
{
    static const char *const words[ESPOTA_PULL_MODE_COUNT] = {"sketch", "filesystem", "version"};

    return words[mode];
}

void espota_pull_request_init(struct espota_pull_request *request)
{
    memset(request, 0, sizeof(*request));
}

/* The next character of an encoded path; -1 for a broken escape. */
static int decode_one(const char **at, size_t *left)
{
    uint8_t byte = (uint8_t) * *at;
    size_t taken = 1;

    if (byte == '%') {
        if (*left < 3 || !espota_hex_decode(*at + 1, &byte, 1))
            return -1;
        taken = 3;
    }
    *at += taken;
    *left -= taken; /* left > 0 by the caller, >= 3 for an escape */
    return byte;
}

/* No empty, "." or ".." component, but for a trailing slash. */
static bool stays_inside(const char *path)
{
    while (*path != '\0') {
        size_t length = 0;

        while (path[length] != '\0' && path[length] != '/')
            length++;
        if (length == 0 || (length <= 2 && path[0] == '.' && (length == 1 || path[1] == '.')))
            return false;
        path += length;
        path += *path == '/';
    }
    return true;
}

enum espota_status espota_pull_request_path(struct espota_pull_request *request, const char *raw,
                                            size_t length)
{
    size_t used = 0;

    request->path[0] = '\0';
    if (length > 0 && *raw == '/') {
        raw++;
        length--;
    }
    while (length > 0 && *raw != '?') {
        int c = decode_one(&raw, &length);

        if (c < 0x20 || c == 0x7f || c == '\\' || used + 1 >= sizeof(request->path)) {
            request->path[0] = '\0';
            return ESPOTA_BAD;
        }
        request->path[used++] = (char)c;
    }
    request->path[used] = '\0';
    if (!stays_inside(request->path)) {
        request->path[0] = '\0';
        return ESPOTA_BAD;
    }
    return ESPOTA_OK;
}

bool espota_mac_normalise(const char *text, bool pattern, char *out, size_t room)
{
    size_t used = 0;
    bool open_ended = false;

    for (; *text != '\0'; text++) {
        if (*text == ':' || *text == '-')
            continue;
        if (!espota_hex_is(text, 1) && !(pattern && (*text == '*' || *text == '?')))
            return false;
        if (used + 1 >= room)
            return false;
        open_ended |= *text == '*';
        out[used++] = (char)espota_ascii_lower((uint8_t)*text);
    }
    out[used] = '\0';
    return open_ended ||
           used == ESPOTA_MAC_DIGITS; /* a part of a MAC is none: the star is missing */
}

static void take_mac(struct espota_pull_request *request, const char *value, bool base)
{
    char mac[ESPOTA_MAC_DIGITS + 1];

    if (!espota_mac_normalise(value, false, mac, sizeof(mac)) ||
        (base && request->mac[0] != '\0' && !request->base_mac))
        return; /* a station's MAC goes before it, whichever comes first */
    memcpy(request->mac, mac, sizeof(mac));
    request->base_mac = base;
}

/* Hex of exactly `digits` digits, kept in lower case. */
static void take_hex(char *out, const char *value, size_t digits)
{
    if (espota_text_length(value, digits + 1) != digits || !espota_hex_is(value, digits))
        return;
    for (size_t i = 0; i < digits; i++)
        out[i] = (char)espota_ascii_lower((uint8_t)value[i]);
    out[digits] = '\0';
}

static void take_number(uint32_t *out, const char *value)
{
    uint32_t number;

    if (espota_decimal_parse(value, espota_text_length(value, 11), UINT32_MAX, &number))
        *out = number;
}

static void take_version(struct espota_pull_request *request, const char *value)
{
    size_t length = espota_text_length(value, sizeof(request->version));

    if (length >= sizeof(request->version))
        return;
    for (size_t i = 0; i < length; i++)
        if (value[i] < 0x20 || value[i] > 0x7e)
            return;
    memcpy(request->version, value, length + 1);
}

static void take_mode(struct espota_pull_request *request, const char *value)
{
    if (espota_http_same(value, "version"))
        request->mode = ESPOTA_PULL_VERSION;
    else if (espota_http_same(value, "sketch"))
        request->mode = ESPOTA_PULL_SKETCH;
    else /* "spiffs", and the names of other file systems since 3.3.2 of the ESP32 core */
        request->mode = ESPOTA_PULL_FILESYSTEM;
}

static void take_field(struct espota_pull_request *request, const char *name, const char *value)
{
    if (espota_http_same(name, "STA-MAC"))
        take_mac(request, value, false);
    else if (espota_http_same(name, "BASE-MAC")) /* ESP32 alone */
        take_mac(request, value, true);
    else if (espota_http_same(name, "mode"))
        take_mode(request, value);
    else if (espota_http_same(name, "version"))
        take_version(request, value);
    else if (espota_http_same(name, "sketch-md5"))
        take_hex(request->sketch_md5, value, 32);
    else if (espota_http_same(name, "sketch-sha256")) /* ESP32 alone */
        take_hex(request->sketch_sha256, value, 64);
    else if (espota_http_same(name, "free-space"))
        take_number(&request->free_space, value);
    else if (espota_http_same(name, "sketch-size"))
        take_number(&request->sketch_size, value);
    else if (espota_http_same(name, "chip-size"))
        take_number(&request->chip_size, value);
}

void espota_pull_request_header(struct espota_pull_request *request, const char *name,
                                const char *value)
{
    bool agent = espota_http_same(name, "User-Agent");

    for (int i = ESPOTA_PULL_PLAIN + 1; i < ESPOTA_PULL_FAMILY_COUNT; i++) {
        const char *field = espota_http_behind(name, families[i].prefix);

        if (field != NULL) {
            request->family = (enum espota_pull_family)i;
            take_field(request, field, value);
        } else if (agent && espota_http_behind(value, families[i].agent) != NULL) {
            request->family = (enum espota_pull_family)i;
        }
    }
}
