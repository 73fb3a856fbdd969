/* SPDX-License-Identifier: MIT */
/* lwIP on the board's card. */
#ifndef ESPOTA_BOARD_NETWORK_H
#define ESPOTA_BOARD_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

enum { BOARD_ADDRESS = 2 }; /* the device is 10.78.0.2, the host .1; and fe80:: of its card */

void network_start(bool mdns, uint16_t port);
/* Hands frames to lwIP and lets its timers run; false if there was nothing to do. */
bool network_poll(void);
/* A listener on port 9 that throws away what comes: what TCP can do here. */
void network_discard(void);
/* The host's hardware address is not known any more. */
void network_forget(void);

#endif
