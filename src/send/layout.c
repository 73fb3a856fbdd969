/* SPDX-License-Identifier: MIT */
#include "send/layout.h"

#include <stddef.h>

/* Flash and file system in KiB. */
static const struct {
    uint16_t flash;
    uint16_t fs;
} layouts[] = {
    {512, 0},       {512, 32},      {512, 64},    {512, 128},   {1024, 0},    {1024, 64},
    {1024, 128},    {1024, 144},    {1024, 160},  {1024, 192},  {1024, 256},  {1024, 512},
    {2048, 0},      {2048, 64},     {2048, 128},  {2048, 256},  {2048, 512},  {2048, 1024},
    {4096, 0},      {4096, 1024},   {4096, 2048}, {4096, 3072}, {8192, 6144}, {8192, 7168},
    {16384, 14336}, {16384, 15360},
};

/* 20 KiB at the end are the SDK's and the EEPROM's; up to 1 MiB they come off the sketch. */
enum { RESERVED = 20, BESIDE = 4112, MAPPED = 1024 * 1024 };

static uint32_t start_of(size_t i)
{
    uint32_t flash = layouts[i].flash;
    uint32_t fs = layouts[i].fs;

    if (flash <= 1024 || fs == 0)
        return (flash - RESERVED - fs) * 1024; /* no layout's parts exceed its flash */
    return (flash - fs) * 1024;
}

static uint32_t largest_sketch(size_t i)
{
    uint32_t flash = layouts[i].flash;

    if (flash > 1024)
        return MAPPED - BESIDE;
    return (flash - layouts[i].fs - RESERVED) * 1024 - BESIDE; /* as above */
}

bool espota_layout_least(uint32_t flash_kib, uint32_t sketch, uint32_t *fs_start)
{
    bool found = false;

    for (size_t i = 0; i < sizeof(layouts) / sizeof(layouts[0]); i++) {
        if ((flash_kib != 0 && layouts[i].flash != flash_kib) || sketch > largest_sketch(i))
            continue;
        if (!found || start_of(i) < *fs_start)
            *fs_start = start_of(i);
        found = true;
    }
    return found;
}
