/* SPDX-License-Identifier: MIT */
/* A program that can be replaced: espota-c upload --host ADDRESS --password-file FILE --force IMAGE
 */
#include <espota_device.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

static const char *told(void *context, const struct espota_device_news *news)
{
    ARG_UNUSED(context);
    switch (news->event) {
    case ESPOTA_DEVICE_START:
        printk("update: %u bytes\n", news->size);
        break;
    case ESPOTA_DEVICE_END:
        printk("update: installed\n");
        break;
    case ESPOTA_DEVICE_ERROR:
        printk("update: failed\n");
        break;
    default:
        break;
    }
    return NULL;
}

int main(void)
{
    const struct espota_device_options options = {.password = "secret", .event = told};

    if (!espota_device_start(&options)) {
        printk("no updates\n");
        return 0;
    }
    /* what else this program does; once it has seen that it works: */
    if (!espota_device_confirm())
        printk("not confirmed\n");
    printk("ready for updates\n");
    return 0;
}
