/* SPDX-License-Identifier: MIT */
/* The words for an updater's errors, apart from it: they are half as large as the rest. */
#include "core/updater.h"

#include "wire/wire.h"

static void write_details(const struct espota_updater *updater, struct espota_writer *writer)
{
    const struct espota_updater_config *config = updater->config;

    if (updater->error == ESPOTA_UPDATE_MD5) {
        espota_write_text(writer, updater->md5);
        espota_write_text(writer, ", calculated: ");
        espota_write_hex(writer, updater->calculated, sizeof(updater->calculated));
    } else if (updater->error == ESPOTA_UPDATE_FLASH_CONFIG) {
        espota_write_decimal(writer, config->chip_size);
        espota_write_text(writer, ", SDK: ");
        espota_write_decimal(writer, config->configured_size);
    } else if (updater->error == ESPOTA_UPDATE_NEW_FLASH_CONFIG) {
        espota_write_decimal(writer, config->chip_size);
    }
}

size_t espota_updater_message(const struct espota_updater *updater,
                              char out[ESPOTA_UPDATE_MESSAGE_MAX])
{
    static const char *const texts[] = {
        [ESPOTA_UPDATE_OK] = "No Error",
        [ESPOTA_UPDATE_WRITE] = "Flash Write Failed",
        [ESPOTA_UPDATE_ERASE] = "Flash Erase Failed",
        [ESPOTA_UPDATE_READ] = "Flash Read Failed",
        [ESPOTA_UPDATE_SPACE] = "Not Enough Space",
        [ESPOTA_UPDATE_SIZE] = "Bad Size Given",
        [ESPOTA_UPDATE_STREAM] = "Stream Read Timeout",
        [ESPOTA_UPDATE_MD5] = "MD5 verification failed: expected: ",
        [ESPOTA_UPDATE_FLASH_CONFIG] = "Flash config wrong: real: ",
        [ESPOTA_UPDATE_NEW_FLASH_CONFIG] = "new Flash config wrong, real size: ",
        [ESPOTA_UPDATE_MAGIC] = "Magic byte is not 0xE9",
        [ESPOTA_UPDATE_BOOTSTRAP] = "Invalid bootstrapping state, reset ESP8266 before updating",
        [ESPOTA_UPDATE_SIGNATURE] = "Signature verification failed",
        [ESPOTA_UPDATE_NO_DATA] = "No data supplied",
        [ESPOTA_UPDATE_MEMORY] = "Out of memory",
        [ESPOTA_UPDATE_RUNNING] = "Update already running",
        [ESPOTA_UPDATE_COMMAND] = "Unknown update command",
    };
    struct espota_writer writer;

    espota_writer_init(&writer, out, ESPOTA_UPDATE_MESSAGE_MAX - 1); /* one for the terminator */
    espota_write_text(&writer, "ERROR[");
    espota_write_decimal(&writer, updater->error);
    espota_write_text(&writer, "]: ");
    espota_write_text(&writer, updater->error < sizeof(texts) / sizeof(texts[0])
                                   ? texts[updater->error]
                                   : "UNKNOWN");
    write_details(updater, &writer);
    espota_write_u8(&writer, '\n');
    out[writer.used] = '\0';
    return writer.used;
}
