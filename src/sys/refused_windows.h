/* SPDX-License-Identifier: MIT */
/*
 * Windows tells a UDP socket that nobody listens where one of its datagrams went, and not where.
 * A socket that has sent to one address only knows it all the same. Sockets that never asked for it
 * (espota_udp_want_unreachable) are passed over.
 */
#ifndef ESPOTA_SYS_REFUSED_WINDOWS_H
#define ESPOTA_SYS_REFUSED_WINDOWS_H

#include "sys/net.h"

void espota_refused_watch(int fd);
void espota_refused_sent(int fd, const struct espota_address *to);
void espota_refused_heard(int fd); /* a receive failed with it */
void espota_refused_forget(int fd);

#endif
