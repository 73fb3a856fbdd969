/* SPDX-License-Identifier: MIT */
/* What one device would be told, without a server. */
#include <stdio.h>
#include <string.h>

#include "serve/inside.h"
#include "sys/sys.h"

static bool take_header(struct espota_pull_request *request, enum espota_pull_family family,
                        const char *field, const char *value)
{
    char name[48];
    struct espota_pull_request before = *request;

    if (value == NULL)
        return true;
    snprintf(name, sizeof(name), "%s%s", espota_pull_family_prefix(family), field);
    espota_pull_request_header(request, name, value);
    return memcmp(&before, request, sizeof(before)) != 0;
}

static enum espota_status make_request(const struct espota_serve_device *device,
                                       struct espota_pull_request *request,
                                       struct espota_error *err)
{
    const char *path = device->path != NULL ? device->path : "/";
    enum espota_pull_family family = ESPOTA_PULL_PLAIN;

    espota_pull_request_init(request);
    for (int i = ESPOTA_PULL_PLAIN + 1; i < ESPOTA_PULL_FAMILY_COUNT; i++)
        if (strcmp(device->chip, espota_pull_family_word((enum espota_pull_family)i)) == 0)
            family = (enum espota_pull_family)i;
    if (family == ESPOTA_PULL_PLAIN)
        return espota_error_set(err, ESPOTA_E_USAGE, "no chip '%s': esp8266, esp32 or pico",
                                device->chip);
    request->family = family;
    if (espota_pull_request_path(request, path, strlen(path)) != ESPOTA_OK)
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is no path of a file", path);
    if (!take_header(request, family, "STA-MAC", device->mac))
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is no MAC", device->mac);
    if (!take_header(request, family, "version", device->version))
        return espota_error_set(err, ESPOTA_E_USAGE, "no device says such a version");
    if (!take_header(request, family, "sketch-md5", device->md5))
        return espota_error_set(err, ESPOTA_E_USAGE, "'%s' is no MD5", device->md5);
    request->mode = device->filesystem ? ESPOTA_PULL_FILESYSTEM : ESPOTA_PULL_SKETCH;
    return ESPOTA_OK;
}

static void tell_answer(const struct espota_serve_device *device,
                        const struct espota_pull_request *request,
                        const struct espota_decision *decision, void *context,
                        void (*answer)(void *context, const struct espota_serve_event *event))
{
    char time[ESPOTA_SERVE_TIME_ROOM];
    struct espota_serve_event event = {
        .time = time,
        .address = "",
        .mac = request->mac,
        .chip = espota_pull_family_word(request->family),
        .mode = espota_pull_mode_word(request->mode),
        .path = device->path != NULL ? device->path : "/",
        .version = request->version,
        .md5 = request->sketch_md5,
        .status = decision->status,
        .file = decision->item != NULL ? decision->item->name : "",
        .why = decision->why,
        .rule = decision->rule,
        .bytes = decision->item != NULL ? decision->item->size : 0,
    };

    espota_serve_time(espota_clock_wall(), time);
    answer(context, &event);
}

enum espota_status espota_serve_ask(const struct espota_serve_options *options,
                                    const struct espota_serve_device *device, void *context,
                                    void (*answer)(void *context,
                                                   const struct espota_serve_event *event),
                                    struct espota_error *err)
{
    struct espota_serve serve = {
        .options = {.manifest = options->manifest, .folder = options->folder}};
    struct espota_pull_request request;
    enum espota_status status = make_request(device, &request, err);

    if (status != ESPOTA_OK)
        return status;
    espota_crypto_openssl_init(&serve.crypto);
    status = espota_serve_load(&serve, err);
    if (status == ESPOTA_OK) {
        espota_store_folder_trust(serve.store);
        espota_decide(&request, serve.has_manifest ? &serve.manifest : NULL,
                      espota_store_folder_table(serve.store), espota_clock_wall(), &serve.decision);
        tell_answer(device, &request, &serve.decision, context, answer);
    }
    espota_serve_unload(&serve);
    espota_crypto_openssl_deinit(&serve.crypto);
    return status;
}
