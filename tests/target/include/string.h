/* SPDX-License-Identifier: MIT */
/* All of libc that the core may know. */
#ifndef ESPOTA_TARGET_STRING_H
#define ESPOTA_TARGET_STRING_H

#include <stddef.h>

void *memcpy(void *to, const void *from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *memory, int value, size_t length);
int memcmp(const void *a, const void *b, size_t length);
void *memchr(const void *memory, int value, size_t length);

#endif
