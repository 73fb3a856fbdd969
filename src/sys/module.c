/* SPDX-License-Identifier: MIT */
/*
 * A library that only one command needs is not loaded by the others, and where it is not installed
 * only that command fails, with the name of what to install.
 */
#include "sys/process.h"

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

_Static_assert(sizeof(void *) == sizeof(void (*)(void)),
               "POSIX lets dlsym give functions as pointers to data");

enum espota_status espota_module_load(const char *library, const char *package,
                                      const char *const *names, size_t count, void *table,
                                      struct espota_error *err)
{
    void *module = dlopen(library, RTLD_LAZY | RTLD_LOCAL);
    uint8_t *slot = table;

    if (module == NULL)
        return espota_error_set(err, ESPOTA_E_LOCAL,
                                "this needs the library %s, which is not here; install %s", library,
                                package);
    for (size_t i = 0; i < count; i++) {
        void *function = dlsym(module, names[i]);

        if (function == NULL) {
            (void)dlclose(module);
            return espota_error_set(err, ESPOTA_E_LOCAL,
                                    "the library %s is too old, it has no %s; bring %s up to date",
                                    library, names[i], package);
        }
        memcpy(slot + i * sizeof(function), &function, sizeof(function));
    }
    return ESPOTA_OK; /* the module stays: what came of it is used to the end */
}
