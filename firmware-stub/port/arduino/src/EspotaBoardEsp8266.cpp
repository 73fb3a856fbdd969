// SPDX-License-Identifier: MIT
#if defined(ARDUINO_ARCH_ESP8266)
#include <Arduino.h>

#include "EspotaBoard.h"

const uint16_t EspotaBoard::port = 8266;
const bool EspotaBoard::pbkdf2 = false;

void EspotaBoard::random(uint8_t *out, size_t length)
{
    ESP.random(out, length);
}

#endif
