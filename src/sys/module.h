/* SPDX-License-Identifier: MIT */
/* Shared libraries that are loaded when something first needs them, and stay. */
#ifndef ESPOTA_SYS_MODULE_H
#define ESPOTA_SYS_MODULE_H

#include <stddef.h>

#include "espota/error.h"

/*
 * Fills `count` function pointers, which stand side by side at `table`, with the functions of
 * these names. E_LOCAL: there is no such library, or it lacks one; `package` is what to install.
 */
enum espota_status espota_module_load(const char *library, const char *package,
                                      const char *const *names, size_t count, void *table,
                                      struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
