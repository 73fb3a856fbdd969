/* SPDX-License-Identifier: MIT */
#include "port/posix/announce.h"

struct stub_daemon *stub_daemon_create(struct espota_loop *loop,
                                       const struct stub_service *services, size_t count)
{
    (void)loop;
    (void)services;
    (void)count;
    return NULL;
}

void stub_daemon_destroy(struct stub_daemon *daemon)
{
    (void)daemon;
}
