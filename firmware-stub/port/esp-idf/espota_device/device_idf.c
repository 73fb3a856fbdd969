/* SPDX-License-Identifier: MIT */
/* The device in a task of its own. */
#include <esp_log.h>
#include <esp_ota_ops.h>
#include <esp_random.h>
#include <esp_system.h>
#include <esp_timer.h>
#include <freertos/FreeRTOS.h>
#include <freertos/task.h>

#include "port/package/package.h"
#include "port/socket/socket.h"
#include "slot.h"

static const char *const tag = "espota";

static struct espota_package package;
static struct espota_socket device;

static enum espota_status random_bytes(void *context, void *out, size_t length)
{
    (void)context;
    esp_fill_random(out, length);
    return ESPOTA_OK;
}

static const struct espota_package_board parts = {
    .flash = &espota_slot_flash,
    .installer = &espota_slot_installer,
    .random = random_bytes,
};

static uint64_t now(void *context)
{
    (void)context;
    return (uint64_t)esp_timer_get_time() / 1000;
}

static void restart(void *context)
{
    (void)context;
    esp_restart();
}

static void say(void *context, const char *line)
{
    (void)context;
    ESP_LOGI(tag, "%s", line);
}

static const struct espota_socket_board board = {.now = now, .reboot = restart, .log = say};

static void run(void *context)
{
    (void)context;
    for (;;)
        espota_socket_run(&device, ESPOTA_PUMP_FOREVER);
}

bool espota_device_start(const struct espota_device_options *options)
{
    if (espota_package_init(&package, options, &parts) != ESPOTA_OK ||
        espota_socket_init(&device, &board, &package.receiver, espota_package_port(&package)) !=
            ESPOTA_OK)
        return false;
    if (xTaskCreate(run, tag, CONFIG_ESPOTA_STACK_SIZE, NULL, CONFIG_ESPOTA_PRIORITY, NULL) ==
        pdPASS)
        return true;
    espota_socket_deinit(&device);
    return false;
}

/* Without CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE there is no trial, and nothing to confirm. */
bool espota_device_confirm(void)
{
    esp_ota_img_states_t state;

    if (esp_ota_get_state_partition(esp_ota_get_running_partition(), &state) != ESP_OK ||
        state != ESP_OTA_IMG_PENDING_VERIFY)
        return true;
    return esp_ota_mark_app_valid_cancel_rollback() == ESP_OK;
}
