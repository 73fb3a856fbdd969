/* SPDX-License-Identifier: MIT */
#define ESPOTA_LAZY_MHD_TABLE
#include "http/lazy_mhd.h"

#include <stdbool.h>

#include "sys/sys.h"

struct espota_lazy_mhd espota_lazy_mhd_table;

enum espota_status espota_lazy_mhd(struct espota_error *err)
{
#define NAME(name) #name,
    static const char *const names[] = {ESPOTA_LAZY_MHD(NAME)};
#undef NAME
    static bool loaded;
    enum espota_status status;

    if (loaded)
        return ESPOTA_OK;
    status = espota_module_load(ESPOTA_MHD_LIBRARY, "libmicrohttpd", names,
                                sizeof(names) / sizeof(names[0]), &espota_lazy_mhd_table, err);
    loaded = status == ESPOTA_OK;
    return status;
}
