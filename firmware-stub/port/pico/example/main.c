/* SPDX-License-Identifier: MIT */
/* A Pico W that is updated: espota-c upload --host ADDRESS --password-file FILE build/example.bin
 */
#include <espota_device.h>
#include <hardware/watchdog.h>
#include <pico/cyw43_arch.h>
#include <pico/stdlib.h>
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

int main(void)
{
    const struct espota_device_options options = {.password = "secret", .event = told};

    stdio_init_all();
    watchdog_enable(8000, true); /* a program on trial that hangs shall not stay */
    if (cyw43_arch_init() != 0)
        return 1;
    cyw43_arch_enable_sta_mode();
    while (cyw43_arch_wifi_connect_timeout_ms(WIFI_SSID, WIFI_PASSWORD, CYW43_AUTH_WPA2_AES_PSK,
                                              5000) != 0)
        watchdog_update();
    if (!espota_device_start(&options))
        return 1;
    /* it is on the network, and can be updated again: that is what it has to be able to do */
    (void)espota_device_confirm();
    for (;;) {
        watchdog_update();
        sleep_ms(100);
    }
}
