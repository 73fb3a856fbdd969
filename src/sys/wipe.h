/* SPDX-License-Identifier: MIT */
/* Forgetting: memory is overwritten even where a compiler could prove that nobody looks again. */
#ifndef ESPOTA_SYS_WIPE_H
#define ESPOTA_SYS_WIPE_H

#include <stddef.h>

void espota_sys_wipe(void *memory, size_t length);

#endif
