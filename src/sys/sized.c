/* SPDX-License-Identifier: MIT */
/*
 * A program and the library may be of different versions: the struct's own size says which fields
 * the program knows, and zeros in those that the library does not know ask for nothing.
 */
#include "sys/sized.h"

#include <string.h>

/* Nothing here will ever be so large: it is no size, but what was on the stack. */
enum { SIZE_MOST = 4096 };

static size_t size_of(const void *sized)
{
    size_t size;

    memcpy(&size, sized, sizeof(size));
    return size;
}

enum espota_status espota_sized_take(void *own, const void *given, struct espota_error *err)
{
    size_t room = size_of(own);
    size_t size = given != NULL ? size_of(given) : 0;
    const unsigned char *from = given;
    unsigned char *to = own;

    if (size <= sizeof(size) || size > SIZE_MOST)
        return espota_error_set(err, ESPOTA_E_USAGE,
                                "a struct without its size: it has to begin with its _INIT");
    for (size_t i = room; i < size; i++)
        if (from[i] != 0)
            return espota_error_set(
                err, ESPOTA_E_USAGE,
                "a struct asks for what this version of libespota does not know");
    /* both are larger than a size_t */
    memcpy(to + sizeof(size), from + sizeof(size), (size < room ? size : room) - sizeof(size));
    return ESPOTA_OK;
}

void espota_sized_give(void *given, const void *own)
{
    size_t room = size_of(own);
    size_t size = size_of(given);
    const unsigned char *from = own;
    unsigned char *to = given;

    memcpy(to + sizeof(size), from + sizeof(size), (size < room ? size : room) - sizeof(size));
    if (size > room)
        memset(to + room, 0, size - room);
}
