/* SPDX-License-Identifier: MIT */
/* What each platform does its own way for multicast. */
#ifndef ESPOTA_SYS_MULTICAST_PLATFORM_H
#define ESPOTA_SYS_MULTICAST_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>

/* Before bind: others that do the same may have the port, too; false with errno. */
bool espota_multicast_share(int fd);
/* Every datagram tells its interface; false with errno. */
bool espota_multicast_tell_interface(int fd, int family);
/* More than the system lets everybody have, where we may. */
void espota_multicast_force_room(int fd, int bytes);

#endif
