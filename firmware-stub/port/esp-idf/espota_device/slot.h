/* SPDX-License-Identifier: MIT */
/* The partition that an update goes to, as the updater wants it. */
#ifndef ESPOTA_PORT_IDF_SLOT_H
#define ESPOTA_PORT_IDF_SLOT_H

#include "core/core.h"

extern const struct espota_flash espota_slot_flash; /* addresses are offsets in the partition */
extern const struct espota_installer espota_slot_installer;

#endif
