/* SPDX-License-Identifier: MIT */
/* What the emulator does for a program on an Xtensa: files and its own end. */
#ifndef ESPOTA_BOARD_SIMCALL_H
#define ESPOTA_BOARD_SIMCALL_H

enum {
    SIMCALL_EXIT = 1,
    SIMCALL_READ = 3,
    SIMCALL_WRITE = 4,
    SIMCALL_OPEN = 5,
    SIMCALL_SEEK = 19,
};

int lx106_simcall(int operation, int a, int b, int c);

#endif
