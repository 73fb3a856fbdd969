// SPDX-License-Identifier: MIT
// Where the cores differ: a file for each, and one for Update where two have the same. All are
// empty for the others.
#ifndef ESPOTA_BOARD_H
#define ESPOTA_BOARD_H

#include <stddef.h>
#include <stdint.h>

extern "C" {
#include "core/core.h"
}

struct EspotaBoard {
    static const uint16_t port; // of the core's ArduinoOTA
    static const bool pbkdf2;   // its challenge
    static void random(uint8_t *out, size_t length);
    // The core's Update, which has errors of its own.
    static bool beginUpdate(uint32_t size, bool files);
    static enum espota_update_error updateError();
    static void abortUpdate();
};

#endif
