/* SPDX-License-Identifier: MIT */
/* Start-up, faults, and the emulator's services. Interrupts stay off: they only end a wfi. */
    .section .vectors, "ax"
    .global reset
reset:
    csrw mie, zero
    csrc mstatus, 8
    la sp, stack_top
    la t0, fault
    csrw mtvec, t0
    .option push
    .option norelax
    la gp, __global_pointer$
    .option pop
    call board_start
1:  j 1b
    .align 2
fault:
    la sp, stack_top
    csrr a0, mcause
    csrr a1, mepc
    csrr a2, mtval
    call rv32_fault

    .global rv32_semihosting
    .align 4
rv32_semihosting:
    .option push
    .option norvc
    slli zero, zero, 0x1f
    ebreak
    srai zero, zero, 7
    .option pop
    ret
