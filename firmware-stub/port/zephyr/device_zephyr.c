/* SPDX-License-Identifier: MIT */
/* The device in a thread of its own. */
#include <zephyr/device.h>
#include <zephyr/dfu/mcuboot.h>
#include <zephyr/drivers/entropy.h>
#include <zephyr/kernel.h>
#include <zephyr/logging/log.h>
#include <zephyr/sys/reboot.h>

#include "port/package/package.h"
#include "port/socket/socket.h"
#include "port/zephyr/slot.h"

LOG_MODULE_REGISTER(espota, LOG_LEVEL_INF);

static struct espota_package package;
static struct espota_socket device;
static struct k_thread thread;
static K_THREAD_STACK_DEFINE(stack, CONFIG_ESPOTA_STACK_SIZE);

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    const struct device *source = DEVICE_DT_GET(DT_CHOSEN(zephyr_entropy));

    ARG_UNUSED(context);
    return entropy_get_entropy(source, out, (uint16_t)length) == 0 ? ESPOTA_OK : ESPOTA_E_FAILED;
}

static const struct espota_package_board parts = {
    .flash = &espota_slot_flash,
    .installer = &espota_slot_installer,
    .random = random_bytes,
};

static uint64_t now(void *context)
{
    ARG_UNUSED(context);
    return (uint64_t)k_uptime_get();
}

static void restart(void *context)
{
    ARG_UNUSED(context);
    sys_reboot(SYS_REBOOT_COLD);
}

static void say(void *context, const char *line)
{
    ARG_UNUSED(context);
    LOG_INF("%s", line);
}

static const struct espota_socket_board board = {.now = now, .reboot = restart, .log = say};

static void run(void *first, void *second, void *third)
{
    ARG_UNUSED(first);
    ARG_UNUSED(second);
    ARG_UNUSED(third);
    for (;;)
        espota_socket_run(&device, ESPOTA_PUMP_FOREVER);
}

bool espota_device_start(const struct espota_device_options *options)
{
    if (espota_slot_open() != ESPOTA_OK ||
        espota_package_init(&package, options, &parts) != ESPOTA_OK ||
        espota_socket_init(&device, &board, &package.receiver, espota_package_port(&package)) !=
            ESPOTA_OK)
        return false;
    k_thread_create(&thread, stack, K_THREAD_STACK_SIZEOF(stack), run, NULL, NULL, NULL,
                    CONFIG_ESPOTA_PRIORITY, 0, K_NO_WAIT);
    k_thread_name_set(&thread, "espota");
    return true;
}

bool espota_device_confirm(void)
{
    return boot_is_img_confirmed() || boot_write_img_confirmed() == 0;
}
