/* SPDX-License-Identifier: MIT */
#define ESPOTA_LAZY_CURL_TABLE
#include "http/lazy_curl.h"

#include <stdbool.h>

#include "sys/sys.h"

struct espota_lazy_curl espota_lazy_curl_table;

enum espota_status espota_lazy_curl(struct espota_error *err)
{
#define NAME(name) #name,
    static const char *const names[] = {ESPOTA_LAZY_CURL(NAME)};
#undef NAME
    static bool loaded;
    enum espota_status status;

    if (loaded)
        return ESPOTA_OK;
    status = espota_module_load(ESPOTA_CURL_LIBRARY, "libcurl", names,
                                sizeof(names) / sizeof(names[0]), &espota_lazy_curl_table, err);
    loaded = status == ESPOTA_OK;
    return status;
}
