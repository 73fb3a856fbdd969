/* SPDX-License-Identifier: MIT */
/*
 * Vectors of an lx106 (call0, XEA2). Interrupts only wake the main loop: the timer is set again, the
 * card is masked until the loop has looked at it.
 */
    .section .vectors, "ax"
    .align 1024
    .global vectors
vectors:
    .org 0x10
    j fatal
    .org 0x20
    j fatal
    .org 0x30               /* kernel: exceptions and interrupts of level 1 */
    wsr a0, excsave1
    j interrupt
    .org 0x50
    j fatal
    .org 0x70
    j fatal
    .org 0x80
    .literal_position
    .global reset
    .align 4
reset:
    movi a2, 0x1f           /* EXCM: everything is masked until the clock runs */
    wsr a2, ps
    movi a2, 0
    wsr a2, intenable
    movi a2, vectors
    wsr a2, vecbase
    rsync
    movi a1, stack_top
    movi a0, 0
    call0 board_start
1:  j 1b

fatal:
    movi a1, stack_top
    call0 lx106_fatal

    .align 4
    .literal_position
interrupt:
    movi a0, saved
    s32i a2, a0, 0
    s32i a3, a0, 4
    rsr a2, exccause
    bnei a2, 4, fatal
    rsr a2, interrupt
    bbci a2, 6, 2f
1:  rsr a3, ccount
    movi a2, CPU_HZ / 1000
    add a3, a3, a2
    wsr a3, ccompare0       /* which also takes the interrupt back */
    esync
    rsr a2, ccount
    sub a2, a3, a2
    blti a2, 1, 1b          /* the emulator stood still: the next match would be 107 s away */
2:  movi a2, 1 << 6
    wsr a2, intenable
    esync
    l32i a2, a0, 0
    l32i a3, a0, 4
    rsr a0, excsave1
    rfe

    .section .bss
    .align 4
saved:
    .space 8
