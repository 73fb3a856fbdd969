// SPDX-License-Identifier: MIT
// The core of Earle F. Philhower. Update keeps a program in LittleFS until its loader takes it:
// choose a board layout with a file system that is as large as the program.
#if defined(ARDUINO_ARCH_RP2040)
#include <Arduino.h>

#include "EspotaBoard.h"

const uint16_t EspotaBoard::port = 2040;
const bool EspotaBoard::pbkdf2 = false;

void EspotaBoard::random(uint8_t *out, size_t length)
{
    for (size_t i = 0; i < length; i++)
        out[i] = (uint8_t)rp2040.hwrand32();
}

#endif
