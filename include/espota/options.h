/* SPDX-License-Identifier: MIT */
/*
 * Structs that a program fills begin with their size, so that they can grow: the library takes
 * what the program's header knew and has its own first values for the rest, and refuses a struct
 * that asks for what only a later library knows. Begin each with its _INIT. Members are added at
 * the end alone, and the structs within them never change.
 *
 * Structs that only the library makes (events, devices) have no size and grow at the end as well:
 * read them where they are handed over, and pass that very one on to a function that takes it.
 */
#ifndef ESPOTA_OPTIONS_H
#define ESPOTA_OPTIONS_H

#include <stddef.h>

#ifdef __cplusplus
/* C++ before C++20 names no members, and later compilers warn of those that are not named. */
template <typename T> inline T espota_first_values()
{
    T values = T();

    values.size = sizeof(T);
    return values;
}
#define ESPOTA_FIRST_VALUES(tag) espota_first_values<struct tag>()
#else
#define ESPOTA_FIRST_VALUES(tag)                                                                   \
    {                                                                                              \
        .size = sizeof(struct tag)                                                                 \
    }
#endif

#endif
