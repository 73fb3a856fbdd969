/* SPDX-License-Identifier: MIT */
/* What a board does for the loader and the program: start-up code calls board_main. */
#ifndef ESPOTA_BOARD_H
#define ESPOTA_BOARD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The loader's or the program's; does not return. */
void board_main(void);

/* Starts the clock; without it only the chip and the console work. */
void board_clock_start(void);
uint32_t board_ms(void);
/* Until a tick or a frame. */
void board_idle(void);
void board_print(const char *text);
void board_print_number(const char *word, uint32_t number);
uint32_t board_random(void); /* good enough for an emulator */
uint32_t board_noise(void);  /* a fast counter, which it is made of */
_Noreturn void board_reset(void);
/* A loss of power, in the middle of whatever it was. */
_Noreturn void board_off(void);
_Noreturn void board_die(const char *why);
/* Leaves the loader for the program. */
_Noreturn void board_jump(uint32_t entry);
/* The most bytes of stack that were used so far; 0: not known. */
uint32_t board_stack_used(void);
/* When the power fails: words that are poked in from outside. */
enum board_cut {
    BOARD_CUT_PROGRAM, /* at which change of flash that the program makes; 0: never */
    BOARD_CUT_LOADER,  /* and the loader */
    BOARD_CUT_TEAR,    /* 0: in front of the change; otherwise inside it, and chance says how */
};
uint32_t board_cut(enum board_cut which);

/* --- the network card --- */

enum { BOARD_FRAME_MAX = 1536 };

bool card_start(const uint8_t mac[6]);
/* 0: none came. */
size_t card_receive(uint8_t *frame, size_t room);
/* At least 60 bytes, aligned to 4. */
void card_send(const uint8_t *frame, size_t length);

/* --- the flash chip: true if well --- */

bool chip_read(uint32_t address, void *data, size_t length);
bool chip_erase(uint32_t address);
/* One page of 256 bytes; bits only fall. */
bool chip_write(uint32_t address, const void *page);

#endif
