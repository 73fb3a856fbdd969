/* SPDX-License-Identifier: MIT */
/* lx60-nommu: a 16550, an OpenCores Ethernet card, and the core's own counter as a clock. */
#include <string.h>

#include "board.h"
#include "lx106/simcall.h"
#include "start.h"

enum { TICK = CPU_HZ / 1000, TIMER_INTERRUPT = 1 << 6, CARD_INTERRUPT = 1 << 1 };

#define UART BOARD_REGISTER(0x9d050020)
#define FPGA_RESET BOARD_REGISTER(0x9d020010)

void lx106_fatal(void);

static uint32_t ccount(void)
{
    uint32_t value;

    __asm__ volatile("rsr %0, ccount" : "=a"(value));
    return value;
}

void board_clock_start(void)
{
    uint32_t value;

    do {
        value = ccount() + TICK;
        __asm__ volatile("wsr %0, ccompare0\n esync" ::"a"(value));
    } while ((int32_t)(value - ccount()) <= 0);
    value = TIMER_INTERRUPT;
    __asm__ volatile("wsr %0, intenable\n rsync" ::"a"(value));
    value = 0; /* EXCM and INTLEVEL */
    __asm__ volatile("wsr %0, ps\n rsync" ::"a"(value));
}

/*
 * The counter is over after 107 s; it is read each millisecond. Counted on and not divided: there
 * is no instruction for that, and lwIP and the engines ask several times a packet.
 */
uint32_t board_ms(void)
{
    static uint32_t ms;
    static uint32_t last; /* where in the counter `ms` began */

    while (ccount() - last >= TICK) {
        last += TICK;
        ms++;
    }
    return ms;
}

uint32_t board_noise(void)
{
    return ccount();
}

void board_idle(void)
{
    uint32_t value = TIMER_INTERRUPT | CARD_INTERRUPT;

    __asm__ volatile("wsr %0, intenable\n esync\n waiti 0" ::"a"(value) : "memory");
}

void board_print(const char *text)
{
    while (*text != '\0')
        UART = (uint8_t)*text++;
}

void board_reset(void)
{
    FPGA_RESET = 0xdead;
    for (;;) {
    }
}

void board_off(void)
{
    (void)lx106_simcall(SIMCALL_EXIT, 0, 0, 0);
    for (;;) {
    }
}

void board_die(const char *why)
{
    board_print("died: ");
    board_print(why);
    board_print("\n");
    (void)lx106_simcall(SIMCALL_EXIT, 1, 0, 0);
    for (;;) {
    }
}

static void print_hex(uint32_t value)
{
    char text[10] = " ";

    for (int i = 0; i < 8; i++)
        text[1 + i] = "0123456789abcdef"[value >> (28 - 4 * i) & 15];
    text[9] = '\0';
    board_print(text);
}

void lx106_fatal(void)
{
    uint32_t cause;
    uint32_t pc;
    uint32_t address;

    __asm__ volatile("rsr %0, exccause\n rsr %1, epc1\n rsr %2, excvaddr"
                     : "=a"(cause), "=a"(pc), "=a"(address));
    board_print("cause, pc, address:");
    print_hex(cause);
    print_hex(pc);
    print_hex(address);
    board_print("\n");
    board_die("exception");
}

/* --- the card: one descriptor sends, eight receive --- */

enum { RECEIVERS = 8, EMPTY = 0x8000, INTERRUPTS = 0x4000, LAST = 0x2000, CRC_PAD = 0x1800 };

#define BUFFERS 0x9d800000u
#define CARD(offset) BOARD_REGISTER(0x9d030000u + (offset))
#define DESCRIPTOR(n, word) BOARD_REGISTER(0x9d030400u + 8 * (n) + 4 * (word))

static uint32_t at;

static void give_back(uint32_t n)
{
    DESCRIPTOR(1 + n, 0) = EMPTY | INTERRUPTS | (n == RECEIVERS - 1 ? LAST : 0);
}

bool card_start(const uint8_t mac[6])
{
    CARD(0) = 0x800; /* reset */
    CARD(0) = 0;
    CARD(0x40) = (uint32_t)mac[2] << 24 | (uint32_t)mac[3] << 16 | (uint32_t)mac[4] << 8 | mac[5];
    CARD(0x44) = (uint32_t)mac[0] << 8 | mac[1];
    CARD(0x48) = CARD(0x4c) = 0xffffffff; /* all groups */
    CARD(0x20) = 1;
    DESCRIPTOR(0, 0) = LAST;
    DESCRIPTOR(0, 1) = BUFFERS;
    for (uint32_t i = 0; i < RECEIVERS; i++) {
        DESCRIPTOR(1 + i, 1) = BUFFERS + BOARD_FRAME_MAX * (1 + i);
        give_back(i);
    }
    at = 0;
    CARD(4) = 0x7f;
    CARD(8) = 4;                  /* interrupt: a frame */
    CARD(0) = 0xa000 | 0x400 | 3; /* pads, CRC, full duplex, both ways */
    return true;
}

size_t card_receive(uint8_t *frame, size_t room)
{
    uint32_t flags;
    size_t length;

    CARD(4) = 4;
    flags = DESCRIPTOR(1 + at, 0);
    if ((flags & EMPTY) != 0)
        return 0;
    length = (flags >> 16) - 4; /* with its CRC */
    if (length > room)
        length = 0;
    memcpy(frame, (const void *)(BUFFERS + BOARD_FRAME_MAX * (1 + at)), length);
    give_back(at);
    at = (at + 1) % RECEIVERS;
    return length;
}

void card_send(const uint8_t *frame, size_t length)
{
    memcpy((void *)BUFFERS, frame, length);
    DESCRIPTOR(0, 0) = (uint32_t)length << 16 | EMPTY | LAST | CRC_PAD;
}
