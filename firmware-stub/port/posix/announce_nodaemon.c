/* SPDX-License-Identifier: MIT */
#include "port/posix/announce_daemon.h"

struct stub_daemon *stub_daemon_create(struct espota_loop *loop,
                                       const struct stub_daemon_entry *entries, size_t count)
{
    (void)loop;
    (void)entries;
    (void)count;
    return NULL;
}

void stub_daemon_destroy(struct stub_daemon *daemon)
{
    (void)daemon;
}
