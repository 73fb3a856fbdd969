/* SPDX-License-Identifier: MIT */
/* SysTick counts milliseconds; the card's interrupt only ends the sleep, then it is masked again.
 */
#include "cortexm/cortexm.h"

#include "board.h"
#include "start.h"

enum { SYS_EXIT = 0x18, EXITED = 0x20026 };

#define SYST_CSR BOARD_REGISTER(0xe000e010)
#define SYST_RVR BOARD_REGISTER(0xe000e014)
#define SYST_CVR BOARD_REGISTER(0xe000e018)
#define NVIC_ENABLE(n) BOARD_REGISTER(0xe000e100 + 4 * ((n) / 32))
#define NVIC_DISABLE(n) BOARD_REGISTER(0xe000e180 + 4 * ((n) / 32))
#define ICSR BOARD_REGISTER(0xe000ed04)
#define VTOR BOARD_REGISTER(0xe000ed08)
#define AIRCR BOARD_REGISTER(0xe000ed0c)

void reset(void);
void cortexm_start(void);

static volatile uint32_t ticks;

static void tick(void)
{
    ticks++;
}

static void card(void)
{
    NVIC_DISABLE(CARD_IRQ) = 1u << (CARD_IRQ % 32);
}

static void fault(void)
{
    board_die("fault");
}

__attribute__((section(".vectors"), used, aligned(512))) static void (*const vectors[])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault, [15] = tick,
    [16 + CARD_IRQ] = card,
};

__attribute__((used)) void cortexm_start(void)
{
    __asm__ volatile("cpsid i");
    SYST_CSR = 0;
    ICSR = 1u << 25; /* a tick of the loader's time */
    VTOR = (uint32_t)vectors;
    board_start();
}

__attribute__((naked, used)) void reset(void)
{
    __asm__ volatile("ldr r0, =stack_top\n mov sp, r0\n bl cortexm_start\n");
}

void board_clock_start(void)
{
    SYST_RVR = CPU_HZ / 1000 - 1;
    SYST_CVR = 0;
    SYST_CSR = 7;
    __asm__ volatile("cpsie i");
}

uint32_t board_ms(void)
{
    return ticks;
}

uint32_t board_noise(void)
{
    return SYST_CVR + ticks * 2654435761u;
}

void board_idle(void)
{
    NVIC_ENABLE(CARD_IRQ) = 1u << (CARD_IRQ % 32);
    __asm__ volatile("wfi" ::: "memory");
}

int cortexm_semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
    return (int)r0;
}

void board_reset(void)
{
    __asm__ volatile("cpsid i");
    AIRCR = 0x05fa0004;
    for (;;) {
    }
}

void board_off(void)
{
    (void)cortexm_semihosting(SYS_EXIT, (const void *)EXITED);
    for (;;) {
    }
}

void board_die(const char *why)
{
    board_print("died: ");
    board_print(why);
    board_print("\n");
    (void)cortexm_semihosting(SYS_EXIT, (const void *)0);
    for (;;) {
    }
}
