// SPDX-License-Identifier: MIT
#if defined(ARDUINO_ARCH_ESP32)
#include <Arduino.h>
#include <Update.h>
#include <esp_random.h>

#include "EspotaBoard.h"

const uint16_t EspotaBoard::port = 3232;
const bool EspotaBoard::pbkdf2 = true;

void EspotaBoard::random(uint8_t *out, size_t length)
{
    esp_fill_random(out, length);
}

bool EspotaBoard::beginUpdate(uint32_t size, bool files)
{
    return Update.begin(size, files ? U_SPIFFS : U_FLASH);
}

// From 8 on the numbers are this core's own.
enum espota_update_error EspotaBoard::updateError()
{
    uint8_t error = Update.getError();

    if (error == UPDATE_ERROR_MAGIC_BYTE || error == UPDATE_ERROR_ACTIVATE)
        return ESPOTA_UPDATE_MAGIC;
    if (error == UPDATE_ERROR_NO_PARTITION)
        return ESPOTA_UPDATE_SPACE;
    return error > 0 && error <= UPDATE_ERROR_MD5 ? (enum espota_update_error)error
                                                  : ESPOTA_UPDATE_WRITE;
}

void EspotaBoard::abortUpdate()
{
    if (Update.isRunning())
        Update.abort();
}

#endif
