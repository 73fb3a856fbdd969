// SPDX-License-Identifier: MIT
// Update of the ESP8266's core, which the RP2040's has as well.
#if defined(ARDUINO_ARCH_ESP8266) || defined(ARDUINO_ARCH_RP2040)
#include <Arduino.h>
#include <Updater.h>

#include "EspotaBoard.h"

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
