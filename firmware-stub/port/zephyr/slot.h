/* SPDX-License-Identifier: MIT */
/* MCUboot's second slot, as the updater wants it. */
#ifndef ESPOTA_PORT_ZEPHYR_SLOT_H
#define ESPOTA_PORT_ZEPHYR_SLOT_H

#include "core/core.h"

/* E_LOCAL: there is none. */
enum espota_status espota_slot_open(void) ESPOTA_MUST_CHECK;

extern const struct espota_flash espota_slot_flash; /* addresses are offsets in the slot */
extern const struct espota_installer espota_slot_installer;

#endif
