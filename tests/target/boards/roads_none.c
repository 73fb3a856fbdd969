/* SPDX-License-Identifier: MIT */
/* A program that takes uploads only. */
#include "board.h"
#include "roads.h"

void roads_start(const struct settings *settings, const struct espota_updater_config *update,
                 const struct espota_lwip_board *board,
                 const char *(*event)(void *context, const struct espota_receiver_event *event))
{
    (void)update;
    (void)board;
    (void)event;
    if ((settings->flags & (SETTINGS_PAGE | SETTINGS_PULL)) != 0)
        board_die("this program has no other roads");
}
