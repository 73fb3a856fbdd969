/* SPDX-License-Identifier: MIT */
/* Questions to the person at the terminal. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/select.h>
#include <termios.h>
#include <unistd.h>

#include "sys/descriptor.h"
#include "sys/file.h"
#include "sys/program.h"

/* Signals that would leave the terminal without its echo; the last only for a while. */
static const int deadly[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
enum { DEADLY = sizeof(deadly) / sizeof(deadly[0]) };

static volatile sig_atomic_t caught;

static void on_deadly(int number)
{
    caught = number;
}

/* How signals were treated before the question. */
struct treatment {
    struct sigaction actions[DEADLY];
    sigset_t mask;
};

/*
 * Signals are let in only while we wait, so that none falls between looking and waiting. Each is
 * kept until the terminal is as it was, then given to whom it belongs.
 */
static void hold_signals(struct treatment *before)
{
    struct sigaction action = {.sa_handler = on_deadly};
    sigset_t held;

    caught = 0;
    (void)sigemptyset(&action.sa_mask);
    (void)sigemptyset(&held);
    for (size_t i = 0; i < DEADLY; i++)
        (void)sigaddset(&held, deadly[i]);
    (void)sigprocmask(SIG_BLOCK, &held, &before->mask);
    for (size_t i = 0; i < DEADLY; i++) {
        (void)sigaction(deadly[i], NULL, &before->actions[i]);
        if (before->actions[i].sa_handler != SIG_IGN)
            (void)sigaction(deadly[i], &action, NULL);
    }
}

static void release_signals(const struct treatment *before)
{
    for (size_t i = 0; i < DEADLY; i++)
        (void)sigaction(deadly[i], &before->actions[i], NULL);
    if (caught != 0)
        (void)raise(caught); /* it comes with the mask, before the next line */
    (void)sigprocmask(SIG_SETMASK, &before->mask, NULL);
}

/* Until there is something to read; false with errno: a signal came first, or worse. */
static bool wait_readable(int fd, const sigset_t *mask)
{
    fd_set set;

    FD_ZERO(&set);
    FD_SET(fd, &set); /* fd < FD_SETSIZE: seen to when it was opened */
    return pselect(fd + 1, &set, NULL, NULL, NULL, mask) > 0;
}

/* One line; byte by byte, so that nothing of the answer stays in a buffer of ours. */
static enum espota_status read_line(int fd, const sigset_t *mask, char *answer, size_t room,
                                    struct espota_error *err)
{
    size_t length = 0;
    char byte;

    for (;;) {
        ssize_t got = wait_readable(fd, mask) ? read(fd, &byte, 1) : -1;

        if (got < 0 && errno == EINTR)
            return espota_error_set(err, ESPOTA_E_INTERRUPTED, "interrupted");
        if (got < 0)
            return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read the terminal");
        if (got == 0 && length == 0)
            return espota_error_set(err, ESPOTA_E_LOCAL, "no answer was given");
        if (got == 0 || byte == '\n' || byte == '\r')
            break;
        if (length + 1 >= room)
            return espota_error_set(err, ESPOTA_E_LOCAL, "the answer is too long");
        answer[length++] = byte;
    }
    answer[length] = '\0';
    return ESPOTA_OK;
}

static enum espota_status ask_once(int fd, const char *question, const struct termios *silent,
                                   const sigset_t *mask, char *answer, size_t room,
                                   struct espota_error *err)
{
    /* What was typed before the question is no answer to it. */
    if (silent != NULL && tcsetattr(fd, TCSAFLUSH, silent) != 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot hide what is typed");
    if (!espota_descriptor_write(fd, question, strlen(question)))
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot ask on the terminal");
    return read_line(fd, mask, answer, room, err);
}

static enum espota_status ask(int fd, const char *question, bool hidden, char *answer, size_t room,
                              struct espota_error *err)
{
    enum espota_status status = ESPOTA_E_INTERRUPTED;
    struct treatment before;
    struct termios normal;
    struct termios silent;

    if (tcgetattr(fd, &normal) != 0)
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot ask on the terminal");
    silent = normal;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
    do {
        hold_signals(&before);
        status = ask_once(fd, question, hidden ? &silent : NULL, &before.mask, answer, room, err);
        if (status != ESPOTA_OK)
            espota_sys_wipe(answer, room); /* half a password */
        if (hidden) {
            (void)tcsetattr(fd, TCSANOW, &normal);
            (void)espota_descriptor_write(fd, "\n", 1);
        }
        release_signals(&before);
    } while (status == ESPOTA_E_INTERRUPTED && caught == SIGTSTP);
    return status;
}

enum espota_status espota_program_ask(const char *question, bool hidden, char *answer, size_t room,
                                      struct espota_error *err)
{
    enum espota_status status;
    int fd = -1;

    answer[0] = '\0';
    if (espota_program_is_terminal(ESPOTA_PROGRAM_STDERR))
        fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
    if (fd >= 0 && fd < FD_SETSIZE)
        status = ask(fd, question, hidden, answer, room, err);
    else
        status = espota_error_set(err, ESPOTA_E_LOCAL, "there is no terminal to ask on");
    espota_descriptor_close(&fd);
    return status;
}
