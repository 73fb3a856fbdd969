/* SPDX-License-Identifier: MIT */
/* Structs of a program that may be older or newer than this library (espota/options.h). */
#ifndef ESPOTA_SYS_SIZED_H
#define ESPOTA_SYS_SIZED_H

#include "espota/error.h"

/*
 * Copies `given` over `own`, which holds its own size and the first values; both begin with their
 * size_t. What an older program's struct lacks stays as it is. E_USAGE: NULL, a size that no such
 * struct has had, or more than is known here that is not zero.
 */
enum espota_status espota_sized_take(void *own, const void *given,
                                     struct espota_error *err) ESPOTA_MUST_CHECK;

/* The way back, of a result: as much as `given`, which was taken before, has room for. */
void espota_sized_give(void *given, const void *own);

#endif
