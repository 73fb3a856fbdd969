/* SPDX-License-Identifier: MIT */
#include "espota/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Opened the wrong way round on purpose: reading from or writing to it still fails. */
static void hold_descriptor(int fd)
{
    int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

    /* open takes the lowest free number, and those below are held already. */
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", flags) != fd)
        _exit(8);
}

void espota_program_begin(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        hold_descriptor(fd);
    (void)signal(SIGPIPE, SIG_IGN);
}

bool espota_program_is_terminal(enum espota_program_stream stream)
{
    return isatty((int)stream) == 1;
}

size_t espota_program_width(enum espota_program_stream stream)
{
    struct winsize size;

    if (ioctl((int)stream, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}
