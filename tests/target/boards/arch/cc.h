/* SPDX-License-Identifier: MIT */
/* What lwIP asks of a compiler and a board. */
#ifndef ESPOTA_BOARD_ARCH_CC_H
#define ESPOTA_BOARD_ARCH_CC_H

#include <stdint.h>
#include <stdlib.h>

#include "board.h"

typedef uintptr_t sys_prot_t; /* for lwIP in a thread */

#define LWIP_NO_UNISTD_H 1
#define LWIP_RAND() board_random()
#define LWIP_PLATFORM_DIAG(message)
#define LWIP_PLATFORM_ASSERT(message) board_die(message)

#endif
