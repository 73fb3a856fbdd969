/* SPDX-License-Identifier: MIT */
/* An ESP32 that is updated: espota-c upload --host ADDRESS --port 8266 --password-file FILE
 * build/espota_example.bin */
#include <esp_event.h>
#include <esp_netif.h>
#include <espota_device.h>
#include <nvs_flash.h>
#include <protocol_examples_common.h>
#include <stdio.h>

static const char *told(void *context, const struct espota_device_news *news)
{
    (void)context;
    if (news->event == ESPOTA_DEVICE_START)
        printf("update: %lu bytes\n", (unsigned long)news->size);
    if (news->event == ESPOTA_DEVICE_ERROR)
        printf("update: failed\n");
    return NULL;
}

void app_main(void)
{
    const struct espota_device_options options = {
        .password = "secret", .pbkdf2 = true, .event = told};

    ESP_ERROR_CHECK(nvs_flash_init());
    ESP_ERROR_CHECK(esp_netif_init());
    ESP_ERROR_CHECK(esp_event_loop_create_default());
    ESP_ERROR_CHECK(example_connect());
    if (!espota_device_start(&options)) {
        printf("no updates\n");
        return;
    }
    /* it is on the network, and can be updated again: that is what it has to be able to do */
    if (!espota_device_confirm())
        printf("not confirmed\n");
}
