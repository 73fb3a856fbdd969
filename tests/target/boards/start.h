/* SPDX-License-Identifier: MIT */
/* What the start-up code of the boards shares: the linker's places, and the stack that is painted.
 */
#ifndef ESPOTA_BOARD_START_H
#define ESPOTA_BOARD_START_H

#include <stdint.h>

extern uint8_t data_start[], data_end[], data_source[], bss_start[], bss_end[], stack_bottom[],
    stack_top[];

/* A register, or a word that something outside writes. */
#define BOARD_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* Called by the assembly behind reset, on a stack that is otherwise unused: does not return. */
void board_start(void);

#endif
