/* SPDX-License-Identifier: MIT */
/* What the main program of a board calls. */
#ifndef ESPOTA_PORT_TEMPLATE_H
#define ESPOTA_PORT_TEMPLATE_H

#include <stdint.h>

/* Once, when the network is up. */
void port_init(void);

/*
 * Again and again. Returns the milliseconds that the board may sleep if the
 * network stays silent; 0: call again at once, -1: only the network matters.
 */
int32_t port_poll(void);

#endif
