/* SPDX-License-Identifier: MIT */
/* The virt machine: a 16550, the CLINT's clock, a register to go off, and chip.bin as the flash
 * chip. */
#include "board.h"
#include "file_chip.h"
#include "start.h"

enum { SYS_OPEN = 1, SYS_WRITE = 5, SYS_READ = 6, SYS_SEEK = 10, READ_WRITE = 3 };
enum { TIMER = 1 << 7, EXTERNAL = 1 << 11, TICK = CPU_HZ / 1000 };

#define UART (*(volatile uint8_t *)0x10000000)
#define POWER BOARD_REGISTER(0x100000)
#define TIME_LOW BOARD_REGISTER(0x200bff8)
#define TIME_HIGH BOARD_REGISTER(0x200bffc)
#define COMPARE_LOW BOARD_REGISTER(0x2004000)
#define COMPARE_HIGH BOARD_REGISTER(0x2004004)

int rv32_semihosting(uint32_t operation, const void *argument);
void rv32_fault(uint32_t cause, uint32_t pc, uint32_t value);

static uint64_t began;

static uint64_t now(void)
{
    uint32_t high;
    uint32_t low;

    do {
        high = TIME_HIGH;
        low = TIME_LOW;
    } while (high != TIME_HIGH);
    return (uint64_t)high << 32 | low;
}

void board_clock_start(void)
{
    began = now();
}

uint32_t board_ms(void)
{
    return (uint32_t)((now() - began) / TICK);
}

uint32_t board_noise(void)
{
    return TIME_LOW;
}

void board_idle(void)
{
    uint64_t at = now() + TICK;

    COMPARE_HIGH = 0xffffffff;
    COMPARE_LOW = (uint32_t)at;
    COMPARE_HIGH = (uint32_t)(at >> 32);
    __asm__ volatile("csrw mie, %0\n wfi" ::"r"(TIMER | EXTERNAL) : "memory");
    __asm__ volatile("csrw mie, zero");
}

void board_print(const char *text)
{
    while (*text != '\0')
        UART = (uint8_t)*text++;
}

static _Noreturn void power(uint32_t word)
{
    POWER = word;
    for (;;) {
    }
}

void board_reset(void)
{
    power(0x7777);
}

void board_off(void)
{
    power(0x5555);
}

void board_die(const char *why)
{
    board_print("died: ");
    board_print(why);
    board_print("\n");
    power(0x13333);
}

void rv32_fault(uint32_t cause, uint32_t pc, uint32_t value)
{
    const uint32_t words[3] = {cause, pc, value};

    board_print("cause, pc, value:");
    for (int k = 0; k < 3; k++) {
        char text[10] = " ";

        for (int i = 0; i < 8; i++)
            text[1 + i] = "0123456789abcdef"[words[k] >> (28 - 4 * i) & 15];
        text[9] = '\0';
        board_print(text);
    }
    board_print("\n");
    board_die("exception");
}

/* --- the chip --- */

static uint32_t file(void)
{
    static uint32_t handle; /* and 1; 0: not open */

    if (handle == 0) {
        const uint32_t open[3] = {(uint32_t)(uintptr_t) "chip.bin", READ_WRITE, 8};
        int found = rv32_semihosting(SYS_OPEN, open);

        if (found < 0)
            board_die("no chip.bin");
        handle = (uint32_t)found + 1;
    }
    return handle - 1; /* handle > 0 */
}

static bool moves(uint32_t operation, uint32_t address, const void *data, size_t length)
{
    const uint32_t seek[2] = {file(), address};
    const uint32_t move[3] = {file(), (uint32_t)(uintptr_t)data, length};

    return rv32_semihosting(SYS_SEEK, seek) == 0 && rv32_semihosting(operation, move) == 0;
}

bool file_read(uint32_t address, void *data, size_t length)
{
    return moves(SYS_READ, address, data, length);
}

bool file_write(uint32_t address, const void *data, size_t length)
{
    return moves(SYS_WRITE, address, data, length);
}
