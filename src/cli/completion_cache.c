/* SPDX-License-Identifier: MIT */
/* The devices that were seen last, for shells that complete names without asking the network. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/completion_cache.h"
#include "espota/discover.h"
#include "sys/sys.h"

enum { LINE_MAX_BYTES = 1024, PATH_ROOM = 4096 };

/* False: there is no place for it. */
static bool path_of(char path[PATH_ROOM])
{
    const char *cache = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int length;

    /* The standard says that a relative path is to be ignored. */
    if (cache != NULL && cache[0] == '/')
        length = snprintf(path, PATH_ROOM, "%s/espota-c/devices", cache);
    else if (home != NULL && home[0] == '/')
        length = snprintf(path, PATH_ROOM, "%s/.cache/espota-c/devices", home);
    else
        return false;
    return length < PATH_ROOM;
}

/* A name from the network becomes a word in a shell: only what needs no quotes there. */
static bool is_word(const char *text)
{
    const char *good = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:%_-";

    return text[0] != '\0' && text[0] != '-' && text[strspn(text, good)] == '\0';
}

/* The ports that upload takes by itself. */
static bool is_usual(uint16_t port)
{
    return port == 8266 || port == 3232 || port == 2040;
}

/* What a person would type for that host of the device. */
static int format_target(const struct espota_device *device, const char *host,
                         char line[LINE_MAX_BYTES])
{
    bool six = strchr(host, ':') != NULL;
    const char *open = six ? "[" : "";
    const char *close = six ? "]" : "";

    if (device->kind == ESPOTA_KIND_ARDUINO)
        return snprintf(line, LINE_MAX_BYTES, "http://%s%s%s:%u/sketch\t%s\n", open, host, close,
                        (unsigned)device->port, device->name);
    if (is_usual(device->port))
        return snprintf(line, LINE_MAX_BYTES, "%s\t%s\n", host, device->name);
    return snprintf(line, LINE_MAX_BYTES, "%s%s%s:%u\t%s\n", open, host, close,
                    (unsigned)device->port, device->name);
}

static enum espota_status write_host(struct espota_output *output,
                                     const struct espota_device *device, const char *host,
                                     struct espota_error *err)
{
    char line[LINE_MAX_BYTES];
    int length;

    if (!is_word(host))
        return ESPOTA_OK;
    length = format_target(device, host, line);
    if (length < 0 || length >= LINE_MAX_BYTES)
        return ESPOTA_OK;
    return espota_output_write(output, line, (size_t)length, err);
}

static enum espota_status write_all(struct espota_output *output,
                                    const struct espota_device *devices, size_t count,
                                    struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    for (size_t i = 0; i < count && status == ESPOTA_OK; i++) {
        if (devices[i].kind == ESPOTA_KIND_ESPHOME)
            continue; /* does not take what upload sends */
        status = write_host(output, &devices[i], devices[i].hostname, err);
        if (status == ESPOTA_OK)
            status = write_host(output, &devices[i], devices[i].address, err);
    }
    return status;
}

enum espota_status espota_completion_cache_write(const struct espota_device *devices, size_t count,
                                                 struct espota_error *err)
{
    struct espota_output *output = NULL;
    enum espota_status status;
    char path[PATH_ROOM];

    if (!path_of(path))
        return ESPOTA_OK;
    status = espota_folder_create_for(path, err);
    if (status == ESPOTA_OK)
        status = espota_output_create(&output, path, ESPOTA_OUTPUT_REPLACE, 0600, err);
    if (status == ESPOTA_OK)
        status = write_all(output, devices, count, err);
    if (status == ESPOTA_OK)
        status = espota_output_commit(output, err);
    espota_output_destroy(output);
    return status;
}
