/* SPDX-License-Identifier: MIT */
/* The device in the SDK's lwIP, whose timers run it. */
#include <hardware/watchdog.h>
#include <pico/cyw43_arch.h>
#include <pico/rand.h>

#include "port/lwip/lwip.h"
#include "port/package/package.h"
#include "port/pico/layout.h"

static struct espota_package package;
static struct espota_lwip device;
static struct espota_boot_installer loader;

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    uint8_t *bytes = out;

    (void)context;
    for (size_t i = 0; i < length; i++)
        bytes[i] = (uint8_t)get_rand_32();
    return ESPOTA_OK;
}

/* --- the loader's installer, which does not look at what it is given --- */

static uint32_t space(void *context, uint32_t command)
{
    return loader.table.space(context, command);
}

static enum espota_update_error begin(void *context, uint32_t command, uint32_t size,
                                      uint32_t *start)
{
    return loader.table.begin(context, command, size, start);
}

/* A program that was linked for another place would not start, nor would a packed one. */
static enum espota_update_error install(void *context, const struct espota_staged *image)
{
    if (!espota_pico_is_program(image->start))
        return ESPOTA_UPDATE_MAGIC;
    return loader.table.install(context, image);
}

static const struct espota_installer installer = {
    .context = &loader,
    .space = space,
    .begin = begin,
    .install = install,
};

/* --- the board --- */

static void restart(void *context)
{
    (void)context;
    watchdog_reboot(0, 0, 0);
}

static const struct espota_lwip_board board = {.reboot = restart};

bool espota_device_start(const struct espota_device_options *options)
{
    static struct espota_package_board parts = {.installer = &installer, .random = random_bytes};
    bool started;

    parts.flash = espota_pico_layout.flash;
    espota_boot_installer_init(&loader, &espota_pico_layout);
    if (espota_package_init(&package, options, &parts) != ESPOTA_OK)
        return false;
    cyw43_arch_lwip_begin();
    started = espota_lwip_init(&device, &board, &package.receiver, espota_package_port(&package)) ==
              ESPOTA_OK;
    if (started)
        espota_lwip_start(&device);
    cyw43_arch_lwip_end();
    return started;
}

bool espota_device_confirm(void)
{
    bool confirmed;

    cyw43_arch_lwip_begin(); /* where an update may be under way */
    confirmed = espota_boot_confirm(&espota_pico_layout, loader.page) == ESPOTA_OK;
    cyw43_arch_lwip_end();
    return confirmed;
}
