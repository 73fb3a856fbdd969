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

static uint32_t free_space(const struct espota_updater_config *update)
{
    uint32_t sketch = (update->sketch_size + ESPOTA_SECTOR_SIZE - 1) & ~(ESPOTA_SECTOR_SIZE - 1u);

    return update->fs_start > sketch ? update->fs_start - sketch : 0;
}

static void write_mac(struct espota_writer *writer, const uint8_t mac[MAC_BYTES])
{
    static const char digits[] = "0123456789ABCDEF";

    for (int i = 0; i < MAC_BYTES; i++) {
        if (i > 0)
            espota_write_u8(writer, ':');
        espota_write_u8(writer, (uint8_t)digits[mac[i] >> 4]);
        espota_write_u8(writer, (uint8_t)digits[mac[i] & 15]);
    }
}

static const char *mode_word(enum espota_pull_mode mode)
{
    if (mode == ESPOTA_PULL_VERSION)
        return "version";
    return mode == ESPOTA_PULL_FILESYSTEM ? "spiffs" : "sketch";
}

static void write_value(const struct espota_pull_client_config *config,
                        enum espota_pull_field field, struct espota_writer *writer)
{
    switch (field) {
    case ESPOTA_PULL_FIELD_CHIP_ID:
        espota_write_decimal(writer, config->chip_id);
        break;
    case ESPOTA_PULL_FIELD_STA_MAC:
        write_mac(writer, config->station_mac);
        break;
    case ESPOTA_PULL_FIELD_AP_MAC:
        write_mac(writer, config->access_point_mac);
        break;
    case ESPOTA_PULL_FIELD_FREE_SPACE:
        espota_write_decimal(writer, free_space(config->update));
        break;
    case ESPOTA_PULL_FIELD_SKETCH_SIZE:
        espota_write_decimal(writer, config->update->sketch_size);
        break;
    case ESPOTA_PULL_FIELD_SKETCH_MD5:
        espota_write_text(writer, config->sketch_md5);
        break;
    case ESPOTA_PULL_FIELD_CHIP_SIZE:
        espota_write_decimal(writer, config->update->chip_size);
        break;
    case ESPOTA_PULL_FIELD_SDK_VERSION:
        espota_write_text(writer, config->sdk_version);
        break;
    case ESPOTA_PULL_FIELD_MODE:
        espota_write_text(writer, mode_word(config->mode));
        break;
    case ESPOTA_PULL_FIELD_VERSION:
        espota_write_text(writer, config->version);
        break;
    case ESPOTA_PULL_FIELD_SKETCH_SHA256:
    case ESPOTA_PULL_FIELD_COUNT:
        break;
    }
}

static bool is_sent(const struct espota_pull_client_config *config, enum espota_pull_field field)
{
    if (field == ESPOTA_PULL_FIELD_VERSION)
        return config->version != NULL && config->version[0] != '\0';
    return field != ESPOTA_PULL_FIELD_SKETCH_SHA256;
}

static void write_request(const struct espota_pull_client_config *config,
                          struct espota_writer *writer)
{
    espota_write_text(writer, "GET ");
    espota_write_text(writer, config->target);
    espota_write_text(writer, " HTTP/1.0\r\nHost: ");
    espota_write_text(writer, config->host);
    espota_write_text(writer, "\r\nUser-Agent: ");
    espota_write_text(writer, espota_pull_family_agent(ESPOTA_PULL_ESP8266));
    if (config->authorization != NULL) {
        espota_write_text(writer, "\r\nAuthorization: Basic ");
        espota_write_text(writer, config->authorization);
    }
    espota_write_text(writer, "\r\nConnection: close\r\n");
    for (int i = 0; i < ESPOTA_PULL_FIELD_COUNT; i++) {
        enum espota_pull_field field = (enum espota_pull_field)i;

        if (!is_sent(config, field))
            continue;
        espota_write_text(writer, espota_pull_family_prefix(ESPOTA_PULL_ESP8266));
        espota_write_text(writer, espota_pull_field_name(field));
        espota_write_text(writer, ": ");
        write_value(config, field, writer);
        espota_write_text(writer, "\r\n");
    }
    espota_write_text(writer, "Content-Length: 0\r\n\r\n");
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

static void take_version(struct espota_pull_client *client)
{
    if (client->version[0] != '\0')
        espota_pull_client_end(client, ESPOTA_PULL_VERSION_KNOWN, 0);
    else
        espota_pull_client_end(client, ESPOTA_PULL_FAILED,
                               client->status == HTTP_OK || client->status == HTTP_NOT_MODIFIED
                                   ? ESPOTA_PULL_NO_VERSION
                                   : error_of(client->status));
}

static uint32_t space_for(const struct espota_pull_client_config *config)
{
    return config->mode == ESPOTA_PULL_FILESYSTEM
               ? config->update->fs_end - config->update->fs_start /* by its contract */
               : free_space(config->update);
}

static void take_answer(struct espota_pull_client *client)
{
    if (client->encoded)
        espota_pull_client_end(client, ESPOTA_PULL_FAILED, ESPOTA_PULL_ENCODING);
    else if (client->config->mode == ESPOTA_PULL_VERSION)
        take_version(client);
    else if (client->status == HTTP_NOT_MODIFIED)
        espota_pull_client_end(client, ESPOTA_PULL_NO_UPDATE, 0);
    else if (client->status != HTTP_OK)
        espota_pull_client_end(client, ESPOTA_PULL_FAILED, error_of(client->status));
    else if (client->chunked || !client->has_length || client->length == 0)
        espota_pull_client_end(client, ESPOTA_PULL_FAILED, ESPOTA_PULL_NO_SIZE);
    else if (client->length > space_for(client->config))
        espota_pull_client_end(client, ESPOTA_PULL_FAILED, ESPOTA_PULL_SPACE);
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
