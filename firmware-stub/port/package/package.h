/* SPDX-License-Identifier: MIT */
/* What the packages have in common: an application's options, made into the receiver's tables. */
#ifndef ESPOTA_PORT_PACKAGE_H
#define ESPOTA_PORT_PACKAGE_H

#include "core/core.h"
#include "port/package/include/espota_device.h"
#include "wire/wire.h"

enum { ESPOTA_PACKAGE_PORT = 8266 };

/* What a package brings. Borrowed. */
struct espota_package_board {
    const struct espota_flash *flash;
    const struct espota_installer *installer;
    enum espota_status (*random)(void *context, void *out, size_t length); /* context is NULL */
    void (*failed)(void); /* an update that `installer` may have begun is over. NULL: it sees */
};

/* The caller's memory; its content is this module's. Not to be copied. */
struct espota_package {
    struct espota_receiver_config receiver; /* for the pump */

    struct espota_device_options options;
    const struct espota_package_board *board;
    struct espota_crypto crypto;
    struct espota_updater_config update;
    char password[ESPOTA_NONCE_MAX + 1]; /* its stored form */
};

enum espota_status espota_package_init(struct espota_package *package,
                                       const struct espota_device_options *options,
                                       const struct espota_package_board *board) ESPOTA_MUST_CHECK;

/* The UDP port that the options want. */
uint16_t espota_package_port(const struct espota_package *package);

#endif
