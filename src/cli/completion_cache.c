/* SPDX-License-Identifier: MIT */
/* The devices that were seen last, for shells that complete names without asking the network. */
#include <stdio.h>
#include <string.h>

#include "cli/devices.h"
#include "sys/sys.h"

enum { LINE_MAX_BYTES = 1024, TARGET_MAX = 512, PATH_ROOM = 4096 };

/* False: there is no place for it. */
static bool path_of(char path[PATH_ROOM])
{
    char cache[PATH_ROOM];
    char own[PATH_ROOM];

    return espota_place(ESPOTA_PLACE_CACHE, 0, cache, sizeof(cache)) &&
           espota_path_join(own, sizeof(own), cache, "espota-c") &&
           espota_path_join(path, PATH_ROOM, own, "devices");
}

/* A name from the network becomes a word in a shell: only what needs no quotes there. */
static bool is_word(const char *text)
{
    const char *good = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:%_-";

    return text[0] != '\0' && text[0] != '-' && text[strspn(text, good)] == '\0';
}

/* A line with what a person would type for that host of the device. */
static enum espota_status write_host(struct espota_output *output,
                                     const struct espota_device *device, const char *host,
                                     struct espota_error *err)
{
    /* the ports that upload takes by itself */
    bool usual = device->port == 8266 || device->port == 3232 || device->port == 2040;
    char target[TARGET_MAX];
    char line[LINE_MAX_BYTES];
    int length;

    if (!is_word(host))
        return ESPOTA_OK;
    device_target(device, host, usual ? 0 : device->port, "/sketch", target, sizeof(target));
    length = snprintf(line, sizeof(line), "%s\t%s\n", target, device->name);
    if (length < 0 || length >= LINE_MAX_BYTES)
        return ESPOTA_OK;
    return espota_output_write(output, line, (size_t)length, err);
}

enum espota_status completion_cache_write(const struct device_list *list, struct espota_error *err)
{
    struct espota_output *output = NULL;
    enum espota_status status;
    char path[PATH_ROOM];

    if (!path_of(path))
        return ESPOTA_OK;
    status = espota_folder_create_for(path, 0777, err);
    if (status == ESPOTA_OK)
        status = espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, 0600, err);
    for (size_t i = 0; i < list->count && status == ESPOTA_OK; i++) {
        const struct espota_device *device = &list->devices[i];

        status = write_host(output, device, device->hostname, err);
        if (status == ESPOTA_OK)
            status = write_host(output, device, device->address, err);
    }
    if (status == ESPOTA_OK)
        status = espota_output_commit(output, err);
    espota_output_destroy(output);
    return status;
}
