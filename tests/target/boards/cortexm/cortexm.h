/* SPDX-License-Identifier: MIT */
/* What the Cortex-M boards share: start-up, SysTick as a clock, the debugger's services. */
#ifndef ESPOTA_BOARD_CORTEXM_H
#define ESPOTA_BOARD_CORTEXM_H

#include <stdint.h>

int cortexm_semihosting(uint32_t operation, const void *argument);

#endif
