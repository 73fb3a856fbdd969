/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/sockets.h"

bool espota_wake_open(int *heard, int *rung)
{
    int ends[2];
    bool opened = espota_descriptor_pipe(ends);

    *heard = ends[0];
    *rung = ends[1];
    return opened;
}

void espota_wake_ring(int rung)
{
    int saved = errno;
    ssize_t written;

    do
        written = write(rung, "", 1);
    while (written < 0 && errno == EINTR);
    /* a full pipe is heard just as well */
    errno = saved;
}

void espota_wake_clear(int heard)
{
    char sink[64];
    ssize_t n;

    do
        n = read(heard, sink, sizeof(sink));
    while (n == (ssize_t)sizeof(sink) || (n < 0 && errno == EINTR));
}

void espota_wake_close(int *end)
{
    espota_descriptor_close(end);
}
