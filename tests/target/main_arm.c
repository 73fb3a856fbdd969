/* SPDX-License-Identifier: MIT */
/*
 * The vectors on a bare Cortex-M with a semihosting debugger (or qemu) behind
 * it: start-up, the mem* functions, and a look at how much stack was used.
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vectors.h"
#include "wire/wire.h"

enum { SYS_WRITE0 = 4, SYS_EXIT = 0x18, EXITED = 0x20026, PAINT = 0x5a };

extern uint8_t data_start[], data_end[], data_source[], bss_start[], bss_end[], stack_bottom[],
    stack_top[];

void reset(void);

/* The compiler would turn their loops into calls of themselves. */
#define MEMORY_FUNCTION __attribute__((optimize("no-tree-loop-distribute-patterns"), used))

MEMORY_FUNCTION void *memcpy(void *to, const void *from, size_t length)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    while (length-- > 0)
        *t++ = *f++;
    return to;
}

MEMORY_FUNCTION void *memmove(void *to, const void *from, size_t length)
{
    uint8_t *t = to;
    const uint8_t *f = from;

    if (t < f)
        return memcpy(to, from, length);
    while (length-- > 0)
        t[length] = f[length];
    return to;
}

MEMORY_FUNCTION void *memset(void *memory, int value, size_t length)
{
    uint8_t *m = memory;

    while (length-- > 0)
        *m++ = (uint8_t)value;
    return memory;
}

MEMORY_FUNCTION int memcmp(const void *a, const void *b, size_t length)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (size_t i = 0; i < length; i++)
        if (x[i] != y[i])
            return x[i] < y[i] ? -1 : 1;
    return 0;
}

static void semihosting(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;

    __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

static void print_line(const char *text)
{
    semihosting(SYS_WRITE0, text);
    semihosting(SYS_WRITE0, "\n");
}

static void print_stack(void)
{
    const uint8_t *at = stack_bottom;
    struct espota_writer writer;
    char text[40];

    while (at < stack_top && *at == PAINT)
        at++;
    espota_writer_init(&writer, text, sizeof(text) - 1);
    espota_write_text(&writer, "# bytes of stack ");
    espota_write_decimal(&writer, (uint32_t)(stack_top - at));
    text[writer.used] = '\0';
    print_line(text);
}

void reset(void)
{
    const uint8_t *here = __builtin_frame_address(0);
    size_t unused = (size_t)(here - stack_bottom) - 128; /* less what this function stands on */

    memcpy(data_start, data_source, (size_t)(data_end - data_start));
    memset(bss_start, 0, (size_t)(bss_end - bss_start));
    memset(stack_bottom, PAINT, unused);
    vectors_run(print_line);
    print_stack();
    semihosting(SYS_EXIT, (const void *)(uintptr_t)EXITED);
    for (;;) {
    }
}

static void fault(void)
{
    print_line("fault");
    semihosting(SYS_EXIT, (const void *)0);
    for (;;) {
    }
}

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    stack_top, (const void *)reset, (const void *)fault, (const void *)fault};
