/* SPDX-License-Identifier: MIT */
#define ESPOTA_LAZY_DNSSD_TABLE
#include "mdns/lazy_dnssd.h"

#include <stdbool.h>

#include "sys/sys.h"

struct espota_lazy_dnssd espota_lazy_dnssd_table;

enum espota_status espota_lazy_dnssd(struct espota_error *err)
{
#define NAME(name) #name,
    static const char *const names[] = {ESPOTA_LAZY_DNSSD(NAME)};
#undef NAME
    static bool loaded;
    enum espota_status status;

    if (loaded)
        return ESPOTA_OK;
    status = espota_module_load(ESPOTA_DNSSD_LIBRARY,
                                "the Bonjour library (Debian: libavahi-compat-libdnssd1)", names,
                                sizeof(names) / sizeof(names[0]), &espota_lazy_dnssd_table, err);
    loaded = status == ESPOTA_OK;
    return status;
}
