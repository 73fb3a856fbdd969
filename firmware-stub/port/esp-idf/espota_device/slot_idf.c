/* SPDX-License-Identifier: MIT */
/*
 * The OTA partition that does not run, or the file system's. IDF's own loader starts what lies in
 * the former; it checks the image, and its signature where secure boot is on, before it takes it.
 */
#include <esp_ota_ops.h>
#include <esp_partition.h>

#include "slot.h"

static const esp_partition_t *partition; /* of the update that runs */

static const esp_partition_t *choose(uint32_t command)
{
    const esp_partition_t *files;

    if (command == ESPOTA_COMMAND_FLASH)
        return esp_ota_get_next_update_partition(NULL);
    files = esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_LITTLEFS,
                                     NULL);
    if (files != NULL)
        return files;
    return esp_partition_find_first(ESP_PARTITION_TYPE_DATA, ESP_PARTITION_SUBTYPE_DATA_SPIFFS,
                                    NULL);
}

static enum espota_status told(esp_err_t result)
{
    return result == ESP_OK ? ESPOTA_OK : ESPOTA_E_FAILED;
}

static enum espota_status slot_read(void *context, uint32_t address, void *data, size_t length)
{
    (void)context;
    return told(esp_partition_read(partition, address, data, length));
}

static enum espota_status slot_erase(void *context, uint32_t address)
{
    (void)context;
    return told(esp_partition_erase_range(partition, address, ESPOTA_SECTOR_SIZE));
}

static enum espota_status slot_write(void *context, uint32_t address, const void *data,
                                     size_t length)
{
    (void)context;
    return told(esp_partition_write(partition, address, data, length));
}

const struct espota_flash espota_slot_flash = {
    .read = slot_read,
    .erase = slot_erase,
    .write = slot_write,
};

static uint32_t space(void *context, uint32_t command)
{
    const esp_partition_t *target = choose(command);

    (void)context;
    return target != NULL ? target->size : 0;
}

static enum espota_update_error begin(void *context, uint32_t command, uint32_t size,
                                      uint32_t *start)
{
    (void)context;
    partition = choose(command);
    if (partition == NULL)
        return ESPOTA_UPDATE_COMMAND;
    *start = 0;
    return size <= partition->size ? ESPOTA_UPDATE_OK : ESPOTA_UPDATE_SPACE;
}

static enum espota_update_error install(void *context, const struct espota_staged *image)
{
    (void)context;
    if (image->command != ESPOTA_COMMAND_FLASH)
        return ESPOTA_UPDATE_OK;
    switch (esp_ota_set_boot_partition(partition)) {
    case ESP_OK:
        return ESPOTA_UPDATE_OK;
    case ESP_ERR_OTA_VALIDATE_FAILED:
        return ESPOTA_UPDATE_MAGIC;
    default:
        return ESPOTA_UPDATE_WRITE;
    }
}

const struct espota_installer espota_slot_installer = {
    .looks_itself = true,
    .space = space,
    .begin = begin,
    .install = install,
};
