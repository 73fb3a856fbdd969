/* SPDX-License-Identifier: MIT */
#define ESPOTA_LAZY_AVAHI_TABLE
#include "mdns/lazy_avahi.h"

#include <stdbool.h>

#include "sys/sys.h"

struct espota_lazy_avahi espota_lazy_avahi_table;

enum espota_status espota_lazy_avahi(struct espota_error *err)
{
#define NAME(name) #name,
    static const char *const names[] = {ESPOTA_LAZY_AVAHI(NAME)};
#undef NAME
    static bool loaded;
    enum espota_status status;

    if (loaded)
        return ESPOTA_OK;
    status = espota_module_load(ESPOTA_AVAHI_LIBRARY, "libavahi-client", names,
                                sizeof(names) / sizeof(names[0]), &espota_lazy_avahi_table, err);
    loaded = status == ESPOTA_OK;
    return status;
}
