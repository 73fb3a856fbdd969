/* SPDX-License-Identifier: MIT */
/*
 * Windows waits for sockets only, and standard input is a file, a pipe or a console: a thread reads
 * it and passes on what comes, over a connection of the loopback that nobody else can be in.
 */
#include "sys/stream.h"

#include <errno.h>

#include "sys/sockets.h"

enum { PIECE = 4096 };

static int ours = -1;   /* what the loop watches */
static int theirs = -1; /* the thread's */

/* It blocks, as only a thread may; the program's end ends it. */
static void pass_on(void *context)
{
    HANDLE input = GetStdHandle(STD_INPUT_HANDLE);
    struct pollfd item = {(espota_os_fd)theirs, POLLOUT, 0};
    char piece[PIECE];
    DWORD got, at;

    (void)context;
    while (ReadFile(input, piece, sizeof(piece), &got, NULL) && got > 0)
        for (at = 0; at < got;) {
            long sent = espota_os_send(theirs, piece + at, got - at);

            if (sent < 0 && (errno != EAGAIN || espota_os_poll(&item, 1, -1) < 0))
                return;
            at += sent > 0 ? (DWORD)sent : 0;
        }
    espota_socket_close(&theirs); /* the end of the input is the end of the stream */
}

/* Whoever else on this machine is quick enough to connect has another port. */
static bool accept_ours(int listener, int connecting)
{
    struct espota_address wanted, peer;
    struct pollfd item = {(espota_os_fd)listener, POLLIN, 0};

    if (!espota_os_local(connecting, &wanted))
        return false;
    for (;;) {
        if (espota_os_poll(&item, 1, -1) < 0)
            return false;
        theirs = espota_os_accept(listener, &peer);
        if (theirs >= 0 && peer.port == wanted.port)
            return true;
        if (theirs < 0 && errno != EAGAIN)
            return false;
        espota_socket_close(&theirs);
    }
}

static enum espota_status connect_ends(struct espota_error *err)
{
    struct espota_address at = {.family = 4, .bytes = {127, 0, 0, 1}};
    int listener = -1;
    enum espota_status status = espota_tcp_listen(&at, &listener, err);

    if (status == ESPOTA_OK)
        status = espota_socket_local(listener, &at);
    if (status == ESPOTA_OK)
        status = espota_tcp_connect(NULL, &at, 0, &ours, err);
    if (status == ESPOTA_OK && !accept_ours(listener, ours))
        status = espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read standard input");
    espota_socket_close(&listener);
    return status;
}

enum espota_status espota_stream_stdin(int *fd, struct espota_error *err)
{
    enum espota_status status = ESPOTA_OK;

    if (ours < 0) {
        status = connect_ends(err);
        if (status == ESPOTA_OK && !espota_os_thread(pass_on, NULL))
            status = espota_error_set(err, ESPOTA_E_MEMORY, "no thread to read standard input");
    }
    if (status != ESPOTA_OK) {
        espota_socket_close(&ours);
        espota_socket_close(&theirs);
    }
    *fd = ours;
    return status;
}

enum espota_status espota_stream_read(int fd, void *data, size_t room, size_t *done, int *os_error)
{
    return espota_socket_receive(fd, data, room, done, os_error);
}

/* There is no service manager that opens sockets for others. */
bool espota_inherited_listener(int *fd)
{
    (void)fd;
    return false;
}
