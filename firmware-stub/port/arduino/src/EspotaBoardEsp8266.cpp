// SPDX-License-Identifier: MIT
#if defined(ARDUINO_ARCH_ESP8266)
#include <Arduino.h>
#include <Updater.h>

#include "EspotaBoard.h"

const uint16_t EspotaBoard::port = 8266;
const bool EspotaBoard::pbkdf2 = false;

void EspotaBoard::random(uint8_t *out, size_t length)
{
    ESP.random(out, length);
}

bool EspotaBoard::beginUpdate(uint32_t size, bool files)
{
    return Update.begin(size, files ? U_FS : U_FLASH);
}

// The same numbers up to 13, for they are the protocol's.
enum espota_update_error EspotaBoard::updateError()
{
    uint8_t error = Update.getError();

    return error > 0 && error <= ESPOTA_UPDATE_NO_DATA ? (enum espota_update_error)error
                                                       : ESPOTA_UPDATE_WRITE;
}

// An end before all has come.
void EspotaBoard::abortUpdate()
{
    if (Update.isRunning())
        (void)Update.end();
}

#endif
