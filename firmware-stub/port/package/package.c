/* SPDX-License-Identifier: MIT */
#include "port/package/package.h"

#include <string.h>

#include "port/digest/digest.h"

/* What a package's installer decides, and no address of ours. */
enum { ANYWHERE = 0x40000000 };

static const char *event(void *context, const struct espota_receiver_event *what)
{
    struct espota_package *package = context;
    struct espota_device_news news = {
        .files = what->command == ESPOTA_COMMAND_FILESYSTEM,
        .size = what->size,
        .done = what->done,
        .text = what->text,
    };

    switch (what->kind) {
    case ESPOTA_RECEIVER_START:
        news.event = ESPOTA_DEVICE_START;
        break;
    case ESPOTA_RECEIVER_PROGRESS:
        news.event = ESPOTA_DEVICE_PROGRESS;
        break;
    case ESPOTA_RECEIVER_END:
        news.event = ESPOTA_DEVICE_END;
        break;
    case ESPOTA_RECEIVER_ERROR:
        news.event = ESPOTA_DEVICE_ERROR;
        if (package->board->failed != NULL)
            package->board->failed();
        break;
    default:
        return NULL;
    }
    if (package->options.event == NULL)
        return NULL;
    return package->options.event(package->options.context, &news);
}

enum espota_status espota_package_init(struct espota_package *package,
                                       const struct espota_device_options *options,
                                       const struct espota_package_board *board)
{
    enum espota_password_form form = options->pbkdf2 ? ESPOTA_FORM_SHA256 : ESPOTA_FORM_MD5;
    const char *password = options->password != NULL ? options->password : "";
    size_t length = strlen(password);
    enum espota_status status = ESPOTA_OK;

    memset(package, 0, sizeof(*package));
    package->options = *options;
    package->options.password = NULL;
    package->board = board;
    espota_digest_table(&package->crypto, board->random, NULL);
    if (length > 0)
        status = espota_password_hash(&package->crypto, form, password, length, package->password);
    package->update = (struct espota_updater_config){
        .flash = board->flash,
        .crypto = &package->crypto,
        .installer = board->installer,
        .fs_start = ANYWHERE,
        .fs_end = ANYWHERE,
        .chip_size = ANYWHERE,
        .configured_size = ANYWHERE,
        .flash_mode = ESPOTA_FLASH_MODE_KEEP,
        .any_image = true,
    };
    package->receiver = (struct espota_receiver_config){
        .update = &package->update,
        .password_hash = length > 0 ? package->password : NULL,
        .nonce_digits = options->pbkdf2 ? ESPOTA_NONCE_SHA256 : ESPOTA_NONCE_MD5,
        .context = package,
        .event = event,
    };
    return status;
}

uint16_t espota_package_port(const struct espota_package *package)
{
    return package->options.port != 0 ? package->options.port : ESPOTA_PACKAGE_PORT;
}
