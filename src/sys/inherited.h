/* SPDX-License-Identifier: MIT */
/* A listening socket that the service manager opened for us (LISTEN_FDS of systemd). */
#ifndef ESPOTA_SYS_INHERITED_H
#define ESPOTA_SYS_INHERITED_H

#include <stdbool.h>

/*
 * The first one, prepared like our own; the environment's variables are taken away so that no
 * child believes in them. False: there is none.
 */
bool espota_inherited_listener(int *fd);

#endif
