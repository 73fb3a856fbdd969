/* SPDX-License-Identifier: MIT */
/*
 * The door of the device's core: engines without I/O, clock or allocation. A device takes those
 * that it has a use for; with a linker that drops unused sections it takes the whole folder.
 *
 *   header         what it is                        files behind it              wants
 *   flash.h        the chip, as a port gives it
 *   eboot.h        the loader's record and its copy  eboot                        flash
 *   updater.h      an image on its way into flash    updater, updater_message     eboot
 *   receiver.h     ArduinoOTA                        receiver                     updater
 *   multipart.h    the body of a form                multipart
 *   web_updater.h  a web page for updates            web_updater, web_page        all above
 *   esphome_updater.h  ESPHome's own protocol        esphome_updater              updater
 *   pull_client.h  asking a server                   pull_client and its dialects updater
 *                                                    pull_bookmark, pull_resume,
 *                                                    updater_resume
 *
 * Of src/wire the first four want auth, crc, cursor, digest, invitation, status and text; the web
 * page and the client want http too, ESPHome's protocol esphome and noise.
 */
#ifndef ESPOTA_CORE_CORE_H
#define ESPOTA_CORE_CORE_H

#include "core/eboot.h"
#include "core/esphome_updater.h"
#include "core/flash.h"
#include "core/multipart.h"
#include "core/pull_client.h"
#include "core/receiver.h"
#include "core/updater.h"
#include "core/web_updater.h"

#endif
