/* SPDX-License-Identifier: MIT */
/* The web page and the question to a server, where the settings ask for them. */
#ifndef ESPOTA_BOARD_ROADS_H
#define ESPOTA_BOARD_ROADS_H

#include "port/lwip/lwip.h"
#include "settings.h"

/* All is borrowed. roads_none.c is for boards whose memory they do not fit into. */
void roads_start(const struct settings *settings, const struct espota_updater_config *update,
                 const struct espota_lwip_board *board,
                 const char *(*event)(void *context, const struct espota_receiver_event *event));

#endif
