/* SPDX-License-Identifier: MIT */
/* The devices that shells complete names from. */
#ifndef ESPOTA_CLI_COMPLETION_CACHE_H
#define ESPOTA_CLI_COMPLETION_CACHE_H

#include "espota/discover.h"

/*
 * Writes $XDG_CACHE_HOME/espota-c/devices (else ~/.cache), from which shells complete names: for
 * each host name and each address what a person types for it, a tab, and the device's name. What
 * a shell would have to quote is left out. OK also where there is no home to write it to.
 */
enum espota_status espota_completion_cache_write(const struct espota_device *devices, size_t count,
                                                 struct espota_error *err) ESPOTA_MUST_CHECK;

#endif
