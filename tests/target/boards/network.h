/* SPDX-License-Identifier: MIT */
/* lwIP on the board's card. */
#ifndef ESPOTA_BOARD_NETWORK_H
#define ESPOTA_BOARD_NETWORK_H

#include <lwip/netif.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/updater.h"

enum { BOARD_ADDRESS = 2 }; /* the device is 10.78.0.2, the host .1; and fe80:: of its card */

/* Starts lwIP and hands it frames for ever. `begin` is called once, where lwIP's functions may be
 * called. network_loop.c: without an operating system; network_thread.c: in a thread of one. */
_Noreturn void network_run(void (*begin)(void *context));

/* --- of `begin` and what it starts --- */

void network_up(bool mdns, uint16_t port);
/* Two listeners, for what TCP can do here: port 9 throws away what comes, port 10 writes it first.
 */
void network_discard(const struct espota_updater_config *update);
/* The host's hardware address is not known any more. */
void network_forget(void);

/* --- between the files of the network --- */

extern const netif_input_fn network_input;
/* One frame from the card to lwIP; false if none was there. */
bool network_frame(void);

#endif
