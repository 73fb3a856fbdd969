/* SPDX-License-Identifier: MIT */
/* ESPhttpUpdate's request, and how it reads the answer (PROTOCOL 5.6). */
#include "core/pull_client_inside.h"

enum {
    MAC_BYTES = 6,
    IMAGE_MAGIC = 0xe9,
    HTTP_OK = 200,
    HTTP_NOT_MODIFIED = 304,
    HTTP_UNAUTHORIZED = 401,
    HTTP_FORBIDDEN = 403,
    HTTP_NOT_FOUND = 404,
};

/* --- the request --- */

/* The names come in the order in which the core sends them. */
static void begin_field(struct espota_writer *writer, const char *name)
{
    espota_write_text(writer, "\r\nx-ESP8266-");
    espota_write_text(writer, name);
    espota_write_text(writer, ": ");
}

static void text_field(struct espota_writer *writer, const char *name, const char *text)
{
    begin_field(writer, name);
    espota_write_text(writer, text);
}

static void number_field(struct espota_writer *writer, const char *name, uint32_t number)
{
    begin_field(writer, name);
    espota_write_decimal(writer, number);
}

static void mac_field(struct espota_writer *writer, const char *name, const uint8_t mac[MAC_BYTES])
{
    static const char digits[] = "0123456789ABCDEF";

    begin_field(writer, name);
    for (int i = 0; i < MAC_BYTES; i++) {
        if (i > 0)
            espota_write_u8(writer, ':');
        espota_write_u8(writer, (uint8_t)digits[mac[i] >> 4]);
        espota_write_u8(writer, (uint8_t)digits[mac[i] & 15]);
    }
}

static void write_request(const struct espota_pull_client *client, struct espota_writer *writer)
{
    const struct espota_pull_client_config *config = client->config;
    static const char *const modes[ESPOTA_PULL_MODE_COUNT] = {
        [ESPOTA_PULL_SKETCH] = "sketch",
        [ESPOTA_PULL_FILESYSTEM] = "spiffs",
        [ESPOTA_PULL_VERSION] = "version",
    };

    espota_write_text(writer, "GET ");
    espota_write_text(writer, config->target);
    espota_write_text(writer, " HTTP/1.0\r\nHost: ");
    espota_write_text(writer, config->host);
    espota_write_text(writer, "\r\nUser-Agent: ESP8266-http-Update");
    if (config->authorization != NULL) {
        espota_write_text(writer, "\r\nAuthorization: Basic ");
        espota_write_text(writer, config->authorization);
    }
    espota_write_text(writer, "\r\nConnection: close");
    number_field(writer, "Chip-ID", config->chip_id);
    mac_field(writer, "STA-MAC", config->station_mac);
    mac_field(writer, "AP-MAC", config->access_point_mac);
    number_field(writer, "free-space", espota_updater_space(config->update, ESPOTA_COMMAND_FLASH));
    number_field(writer, "sketch-size", config->update->sketch_size);
    text_field(writer, "sketch-md5", config->sketch_md5);
    number_field(writer, "chip-size", config->update->chip_size);
    text_field(writer, "sdk-version", config->sdk_version);
    text_field(writer, "mode", modes[config->mode]);
    if (config->version != NULL && config->version[0] != '\0')
        text_field(writer, "version", config->version);
    espota_pull_resume_write(client, writer);
    espota_write_text(writer, "\r\nContent-Length: 0\r\n\r\n");
}

/* --- the answer --- */

static int32_t error_of(unsigned status)
{
    switch (status) {
    case HTTP_UNAUTHORIZED:
        return ESPOTA_PULL_UNAUTHORIZED;
    case HTTP_FORBIDDEN:
        return ESPOTA_PULL_FORBIDDEN;
    case HTTP_NOT_FOUND:
        return ESPOTA_PULL_NOT_FOUND;
    default: /* a redirect, too */
        return ESPOTA_PULL_WRONG_CODE;
    }
}

static void fail(struct espota_pull_client *client, int32_t error)
{
    espota_pull_client_end(client, ESPOTA_PULL_FAILED, error);
}

static void take_version(struct espota_pull_client *client, unsigned status)
{
    if (client->version[0] != '\0')
        espota_pull_client_end(client, ESPOTA_PULL_VERSION_KNOWN, 0);
    else if (status == HTTP_OK || status == HTTP_NOT_MODIFIED)
        fail(client, ESPOTA_PULL_NO_VERSION);
    else
        fail(client, error_of(status));
}

static void take_answer(struct espota_pull_client *client, unsigned status)
{
    if (client->encoded)
        fail(client, ESPOTA_PULL_ENCODING);
    else if (client->config->mode == ESPOTA_PULL_VERSION)
        take_version(client, status);
    else if (status == HTTP_NOT_MODIFIED)
        espota_pull_client_end(client, ESPOTA_PULL_NO_UPDATE, 0);
    else if (status != HTTP_OK)
        fail(client, error_of(status));
    else if (client->chunked || !client->has_length || client->length == 0)
        fail(client, ESPOTA_PULL_NO_SIZE);
    else if (client->length >
             espota_updater_space(client->config->update, espota_pull_client_command(client)))
        fail(client, ESPOTA_PULL_SPACE);
    else
        espota_pull_client_begin(client);
}

static int32_t look(const struct espota_pull_client *client)
{
    if (client->config->mode == ESPOTA_PULL_FILESYSTEM)
        return 0;
    if (client->first_bytes < espota_pull_arduino.peeks ||
        !espota_updater_magic(ESPOTA_COMMAND_FLASH, client->first[0]))
        return ESPOTA_PULL_BAD_HEADER;
    if (client->first[0] == IMAGE_MAGIC &&
        espota_updater_claimed_chip(client->first[3]) > client->config->update->chip_size)
        return ESPOTA_PULL_WRONG_FLASH;
    return 0;
}

const struct espota_pull_dialect_table espota_pull_arduino = {
    .write_request = write_request,
    .take_answer = take_answer,
    .peeks = 4,
    .look = look,
    .command = ESPOTA_COMMAND_FLASH,
};
