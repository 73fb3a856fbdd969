/* SPDX-License-Identifier: MIT */
/*
 * The demo of the RTOS SDK (PROTOCOL 8.3), with what it is particular about: two slots for
 * programs, an answer whose head comes in whole lines, and a checksum in the last four bytes (8.1)
 * that is computed over what is in flash before the other slot is started.
 */
#include "core/pull_client_inside.h"
#include "wire/wire.h"

enum { HTTP_OK = 200, SMALLEST = 4096, CRC_SIZE = 4, PIECE = 256 };

static void write_request(const struct espota_pull_client *client, struct espota_writer *writer)
{
    const struct espota_pull_client_config *config = client->config;

    espota_write_text(writer, "GET ");
    espota_write_text(writer, config->target);
    espota_write_text(writer, " HTTP/1.0\r\nHost: ");
    espota_write_text(writer, config->host);
    espota_write_text(writer, "\r\nAccept: application/octet-stream\r\n"
                              "Accept-Encoding: identity\r\n"
                              "User-Agent: esp8266-rtos-sdk/1.0 esp8266");
    espota_pull_resume_write(client, writer);
    espota_write_text(writer, "\r\n\r\n");
    espota_write_u8(writer, 0); /* it sends its text with the terminator */
}

static void take_answer(struct espota_pull_client *client, unsigned status)
{
    int32_t error = 0;

    if (status != HTTP_OK)
        error = ESPOTA_PULL_WRONG_CODE;
    else if (!client->has_length || client->length == 0)
        error = ESPOTA_PULL_NO_SIZE;
    else if (!client->has_type)
        error = ESPOTA_PULL_NO_TYPE;
    else if (client->length <= SMALLEST)
        error = ESPOTA_PULL_TOO_SMALL;
    else if (client->length >
             espota_updater_space(client->config->update, espota_pull_client_command(client)))
        error = ESPOTA_PULL_SPACE;
    client->has_md5 = false; /* it knows none */
    if (error != 0)
        espota_pull_client_end(client, ESPOTA_PULL_FAILED, error);
    else
        espota_pull_client_begin(client);
}

static int32_t check(struct espota_pull_client *client)
{
    const struct espota_flash *flash = client->config->update->flash;
    uint32_t start = client->config->update->fs_start;
    uint32_t payload = client->length - CRC_SIZE; /* length > SMALLEST */
    uint32_t crc = ESPOTA_CRC32_START;
    uint8_t piece[PIECE];
    struct espota_reader reader;

    for (uint32_t at = 0; at < payload; at += PIECE) {
        uint32_t part = payload - at < PIECE ? payload - at : PIECE; /* at < payload */

        if (flash->read(flash->context, start + at, piece, part) != ESPOTA_OK)
            return ESPOTA_PULL_BAD_CRC;
        crc = espota_crc32_zlib(crc, piece, part);
    }
    if (flash->read(flash->context, start + payload, piece, CRC_SIZE) != ESPOTA_OK)
        return ESPOTA_PULL_BAD_CRC;
    espota_reader_init(&reader, piece, CRC_SIZE);
    return espota_read_u32le(&reader) == espota_crc32_appended(~crc) ? 0 : ESPOTA_PULL_BAD_CRC;
}

const struct espota_pull_dialect_table espota_pull_rtos = {
    .write_request = write_request,
    .take_answer = take_answer,
    .check = check,
    .command = ESPOTA_COMMAND_FILESYSTEM,
    .whole_lines = true,
};
