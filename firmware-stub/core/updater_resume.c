/* SPDX-License-Identifier: MIT */
#include "core/updater.h"

enum { FLASH_MODE_AT = 2 };

/* Reads what is there, as it came, for the digest. */
static enum espota_update_error read_again(struct espota_updater *updater, uint32_t done)
{
    const struct espota_flash *flash = updater->config->flash;
    const struct espota_crypto *crypto = updater->config->crypto;

    for (uint32_t at = 0; updater->digesting && at < done; at += ESPOTA_SECTOR_SIZE) {
        if (flash->read(flash->context, updater->start + at, updater->sector, ESPOTA_SECTOR_SIZE) !=
            ESPOTA_OK)
            return ESPOTA_UPDATE_READ;
        if (at == 0)
            updater->sector[FLASH_MODE_AT] = updater->flash_mode;
        crypto->digest_add(crypto->context, &updater->digest, updater->sector, ESPOTA_SECTOR_SIZE);
    }
    return ESPOTA_UPDATE_OK;
}

enum espota_status espota_updater_resume(struct espota_updater *updater, uint32_t size,
                                         uint32_t command, const char *md5, uint32_t start,
                                         uint32_t done, uint8_t flash_mode)
{
    enum espota_status status = espota_updater_begin(updater, size, command, md5);
    enum espota_update_error error = ESPOTA_UPDATE_OK;

    if (status != ESPOTA_OK)
        return status;
    updater->flash_mode = flash_mode;
    if (updater->start != start || done >= size || done % ESPOTA_SECTOR_SIZE != 0)
        error = ESPOTA_UPDATE_SPACE;
    if (error == ESPOTA_UPDATE_OK)
        error = read_again(updater, done);
    if (error != ESPOTA_UPDATE_OK) {
        espota_updater_fail(updater, error);
        return ESPOTA_E_REFUSED;
    }
    updater->flashed = done;
    return ESPOTA_OK;
}
