/* SPDX-License-Identifier: MIT */
/* What an ESP8266 has in its ROM, and its compiler's library therefore leaves out. */
#include <stdint.h>

uint32_t __udivsi3(uint32_t a, uint32_t b);
uint32_t __umodsi3(uint32_t a, uint32_t b);
int32_t __divsi3(int32_t a, int32_t b);
int32_t __modsi3(int32_t a, int32_t b);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
uint64_t __muldi3(uint64_t a, uint64_t b);
uint64_t __umulsidi3(uint32_t a, uint32_t b);

static uint64_t divide(uint64_t a, uint64_t b, int bits, uint64_t *rest)
{
    uint64_t quotient = 0;

    *rest = 0;
    for (int i = bits - 1; i >= 0; i--) {
        *rest = *rest << 1 | (a >> i & 1);
        if (*rest >= b) {
            *rest -= b;
            quotient |= (uint64_t)1 << i;
        }
    }
    return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
    uint64_t rest;

    return divide(a, b, 64, &rest);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
    uint64_t rest;

    (void)divide(a, b, 64, &rest);
    return rest;
}

uint32_t __udivsi3(uint32_t a, uint32_t b)
{
    uint64_t rest;

    return (uint32_t)divide(a, b, 32, &rest);
}

uint32_t __umodsi3(uint32_t a, uint32_t b)
{
    uint64_t rest;

    (void)divide(a, b, 32, &rest);
    return (uint32_t)rest;
}

static uint32_t size_of(int32_t a)
{
    return a < 0 ? 0 - (uint32_t)a : (uint32_t)a;
}

int32_t __divsi3(int32_t a, int32_t b)
{
    uint32_t quotient = __udivsi3(size_of(a), size_of(b));

    return (a < 0) != (b < 0) ? (int32_t)(0 - quotient) : (int32_t)quotient;
}

int32_t __modsi3(int32_t a, int32_t b)
{
    uint32_t rest = __umodsi3(size_of(a), size_of(b));

    return a < 0 ? (int32_t)(0 - rest) : (int32_t)rest;
}

/* 32 by 32 bits in pieces of 16, which the core multiplies. */
uint64_t __umulsidi3(uint32_t a, uint32_t b)
{
    uint32_t low = (a & 0xffff) * (b & 0xffff);
    uint32_t left = (a >> 16) * (b & 0xffff);
    uint32_t right = (a & 0xffff) * (b >> 16);

    return low + ((uint64_t)left << 16) + ((uint64_t)right << 16) +
           ((uint64_t)((a >> 16) * (b >> 16)) << 32);
}

uint64_t __muldi3(uint64_t a, uint64_t b)
{
    uint32_t high = (uint32_t)(a >> 32) * (uint32_t)b + (uint32_t)a * (uint32_t)(b >> 32);

    return __umulsidi3((uint32_t)a, (uint32_t)b) + ((uint64_t)high << 32);
}
