/* SPDX-License-Identifier: MIT */
/* What an announcement says about the device behind it. Pure. */
#ifndef ESPOTA_MDNS_DEVICE_H
#define ESPOTA_MDNS_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "espota/discover.h"

/*
 * Kind, board and auth from a service of type _arduino._tcp. The order of the
 * TXT strings tells the library that wrote them; a daemon may hand them out
 * the other way round, so both directions count:
 *   ESP8266, Pico  auth_upload board ssh_upload tcp_check (LEAmDNS puts each new one in front)
 *   ESP32          auth_upload ssh_upload tcp_check board (so does Espressif's mdns)
 *   JAndrassy      ssh_upload tcp_check auth_upload board=arduino
 * Where the order says nothing the port and the names decide. `hostname` is terminated.
 */
void espota_device_describe_arduino(struct espota_device *device, const uint8_t *txt,
                                    size_t length);
/* The same from a service of type _esphomelib._tcp. */
void espota_device_describe_esphome(struct espota_device *device, const uint8_t *txt,
                                    size_t length);

#endif
