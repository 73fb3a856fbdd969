/* SPDX-License-Identifier: MIT */
#include "cli/devices.h"

#include <stdlib.h>
#include <string.h>

#include "cli/out.h"
#include "sys/sys.h"

void device_list_note(struct device_list *list, enum espota_device_event event,
                      const struct espota_device *device)
{
    size_t at = 0;

    while (at < list->count && list->devices[at].id != device->id)
        at++;
    if (event == ESPOTA_DEVICE_REMOVE) {
        if (at < list->count)
            list->devices[at] = list->devices[--list->count];
        return;
    }
    if (at == list->room) {
        size_t room = list->room == 0 ? 32 : 2 * list->room;
        struct espota_device *grown = realloc(list->devices, room * sizeof(*grown));

        if (grown == NULL) {
            list->no_memory = true;
            return;
        }
        list->devices = grown;
        list->room = room;
    }
    list->devices[at] = *device;
    list->count += at == list->count;
}

static int by_name(const void *a, const void *b)
{
    const struct espota_device *left = a, *right = b;
    int order = strcmp(left->name, right->name);

    return order != 0 ? order : strcmp(left->address, right->address);
}

void device_list_sort(struct device_list *list)
{
    if (list->count > 1)
        qsort(list->devices, list->count, sizeof(*list->devices), by_name);
}

static void stop(void *context)
{
    espota_discover_stop(context);
}

enum espota_status discover_devices(struct espota_discover_options *options,
                                    struct espota_error *err)
{
    struct espota_discover *discover;
    enum espota_status status;

    options->log = out_log();
    status = espota_discover_create(options, &discover, err);
    if (status != ESPOTA_OK)
        return status;
    espota_program_on_stop(stop, discover);
    status = espota_discover_run(discover, err);
    espota_program_on_stop(NULL, NULL);
    espota_discover_destroy(discover);
    return status;
}
