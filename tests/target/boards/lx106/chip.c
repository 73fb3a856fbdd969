/* SPDX-License-Identifier: MIT */
/* The flash chip is the file chip.bin where the emulator was started. */
#include "file_chip.h"
#include "lx106/simcall.h"

int lx106_simcall(int operation, int a, int b, int c)
{
    register int a2 __asm__("a2") = operation;
    register int a3 __asm__("a3") = a;
    register int a4 __asm__("a4") = b;
    register int a5 __asm__("a5") = c;

    __asm__ volatile("simcall" : "+a"(a2), "+a"(a3) : "a"(a4), "a"(a5) : "memory");
    return a2;
}

/* The file's number; 0, the console, is none. */
static int file(void)
{
    static int number;

    if (number == 0)
        number = lx106_simcall(SIMCALL_OPEN, (int)"chip.bin", 2, 0); /* to read and write */
    if (number < 3)
        board_die("no chip.bin");
    return number;
}

static bool moves(int operation, uint32_t address, const void *data, size_t length)
{
    return lx106_simcall(SIMCALL_SEEK, file(), (int)address, 0) == (int)address &&
           lx106_simcall(operation, file(), (int)data, (int)length) == (int)length;
}

bool file_read(uint32_t address, void *data, size_t length)
{
    return moves(SIMCALL_READ, address, data, length);
}

bool file_write(uint32_t address, const void *data, size_t length)
{
    return moves(SIMCALL_WRITE, address, data, length);
}
