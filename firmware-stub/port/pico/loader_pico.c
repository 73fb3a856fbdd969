/* SPDX-License-Identifier: MIT */
/* The loader: what is to be installed is, and the program starts. Goes onto the board once. */
#include <hardware/structs/nvic.h>
#include <hardware/structs/scb.h>
#include <hardware/structs/systick.h>
#include <hardware/sync.h>
#include <hardware/watchdog.h>
#include <pico/bootrom.h>
#include <pico/stdlib.h>

#include "port/pico/layout.h"

/* As after a reset, but for where the vectors are. */
static void __attribute__((noreturn)) start(uint32_t at)
{
    const uint32_t *vectors = espota_pico_vectors(at);

    (void)save_and_disable_interrupts();
    systick_hw->csr = 0;
    for (unsigned i = 0; i < NUM_IRQS; i += 32) {
        (&nvic_hw->icer)[i / 32] = UINT32_MAX;
        (&nvic_hw->icpr)[i / 32] = UINT32_MAX;
    }
    scb_hw->vtor = (uintptr_t)vectors;
    __asm volatile("msr msp, %0\n"
                   "cpsie i\n"
                   "bx %1\n"
                   :
                   : "r"(vectors[0]), "r"(vectors[1])
                   : "memory");
    __builtin_unreachable();
}

int main(void)
{
    static uint8_t sector[ESPOTA_SECTOR_SIZE];
    struct espota_boot_outcome outcome;

    switch (espota_boot_safe(&espota_pico_layout, sector, &outcome)) {
    case ESPOTA_BOOT_READY:
        if (espota_pico_is_program(outcome.start))
            start(outcome.start);
        break;
    case ESPOTA_BOOT_AGAIN:
        watchdog_reboot(0, 0, 0);
        for (;;)
            tight_loop_contents();
    default:
        break;
    }
    reset_usb_boot(0, 0); /* wait for a cable */
    return 0;
}
