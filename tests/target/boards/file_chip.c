/* SPDX-License-Identifier: MIT */
#include "file_chip.h"

#include <string.h>

enum { SECTOR = 4096, PAGE = 256 };

bool chip_read(uint32_t address, void *data, size_t length)
{
    return length == 0 || file_read(address, data, length);
}

bool chip_erase(uint32_t address)
{
    uint8_t blank[PAGE];

    memset(blank, 0xff, sizeof(blank));
    for (uint32_t at = 0; at < SECTOR; at += PAGE)
        if (!file_write(address + at, blank, sizeof(blank)))
            return false;
    return true;
}

bool chip_write(uint32_t address, const void *page)
{
    uint8_t there[PAGE];

    if (!file_read(address, there, sizeof(there)))
        return false;
    for (size_t i = 0; i < sizeof(there); i++)
        there[i] &= ((const uint8_t *)page)[i];
    return file_write(address, there, sizeof(there));
}
