/* SPDX-License-Identifier: MIT */
/*
 * A signal handler is given nothing but a number, so what it needs is global here, and each change
 * to it is one store: it may come between any two of them.
 */
#include "sys/program.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const int stop_signals[] = {SIGINT, SIGTERM, SIGHUP};
enum { STOP_SIGNALS = sizeof(stop_signals) / sizeof(stop_signals[0]) };

/* One process has one set of signal handlers. */
static void (*volatile stop_call)(void *context);
static void *volatile stop_context;
static volatile sig_atomic_t stop_number;
static volatile sig_atomic_t stop_seen[STOP_SIGNALS]; /* since the last espota_program_on_stop */

/* Opened the wrong way round on purpose: reading from or writing to it still fails. */
static void hold_descriptor(int fd)
{
    int flags = fd == STDIN_FILENO ? O_WRONLY : O_RDONLY;

    /* open takes the lowest free number, and those below are held already. */
    if (fcntl(fd, F_GETFD) < 0 && errno == EBADF && open("/dev/null", flags) != fd)
        _exit(8);
}

/* The default way, but nothing half written stays. The signal itself comes after the return. */
static void on_end(int number)
{
    espota_temporaries_remove();
    (void)signal(number, SIG_DFL);
    (void)raise(number);
}

/* One that was ignored stays ignored: nohup, and what a shell starts in the background. */
static void handle_stop_signals(void (*handler)(int number))
{
    /* Without SA_RESTART: what blocks (a question) has to notice. */
    struct sigaction action = {.sa_handler = handler};
    struct sigaction before;

    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < STOP_SIGNALS; i++) {
        if (sigaction(stop_signals[i], NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            (void)sigaction(stop_signals[i], &action, NULL);
    }
}

void espota_program_begin(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        hold_descriptor(fd);
    (void)signal(SIGPIPE, SIG_IGN);
    (void)signal(SIGXFSZ, SIG_IGN);
    (void)signal(SIGCHLD, SIG_DFL); /* ignored by a parent, it would hide how programs end */
    handle_stop_signals(on_end);
}

bool espota_program_arguments(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return true;
}

bool espota_program_is_terminal(enum espota_program_stream stream)
{
    return isatty((int)stream) == 1;
}

bool espota_program_can_rewrite(enum espota_program_stream stream)
{
    const char *term = getenv("TERM");

    return espota_program_is_terminal(stream) && term != NULL && strcmp(term, "dumb") != 0;
}

size_t espota_program_width(enum espota_program_stream stream)
{
    struct winsize size;

    if (ioctl((int)stream, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return 80;
    return size.ws_col;
}

const char *const espota_program_suffix = "";

bool espota_program_hides_arguments(void)
{
    return true;
}

/* Whether this one came before. */
static bool seen_before(int number)
{
    for (size_t i = 0; i < STOP_SIGNALS; i++) {
        if (stop_signals[i] != number)
            continue;
        if (stop_seen[i] != 0)
            return true;
        stop_seen[i] = 1;
    }
    return false;
}

static void on_signal(int number)
{
    void (*call)(void *context) = stop_call;
    int saved = errno;

    if (stop_number == 0)
        stop_number = number;
    if (seen_before(number))
        on_end(number);
    else if (call != NULL)
        call(stop_context);
    errno = saved;
}

void espota_program_on_stop(void (*stop)(void *context), void *context)
{
    stop_call = NULL;
    stop_context = context;
    stop_call = stop;
    if (stop == NULL)
        return;
    for (size_t i = 0; i < STOP_SIGNALS; i++)
        stop_seen[i] = 0;
    handle_stop_signals(on_signal);
}

static void (*volatile reload_call)(void *context);
static void *volatile reload_context;

static void on_hangup(int number)
{
    void (*call)(void *context) = reload_call;
    int saved = errno;

    (void)number;
    if (call != NULL)
        call(reload_context);
    errno = saved;
}

void espota_program_on_reload(void (*reload)(void *context), void *context)
{
    struct sigaction action = {.sa_handler = on_hangup, .sa_flags = SA_RESTART};

    reload_context = context;
    reload_call = reload;
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGHUP, &action, NULL);
}

int espota_program_stop_signal(void)
{
    return stop_number;
}

/* Each change is the store of one pointer, so that a signal finds the list whole at any moment. */
static struct espota_temporary *volatile temporaries;

void espota_temporaries_add(struct espota_temporary *temporary, const char *path)
{
    temporary->path = path;
    temporary->next = temporaries;
    temporaries = temporary;
}

void espota_temporaries_strike(struct espota_temporary *temporary)
{
    struct espota_temporary *volatile *at = &temporaries;

    while (*at != NULL && *at != temporary)
        at = &(*at)->next;
    if (*at != NULL)
        *at = temporary->next;
}

void espota_temporaries_remove(void)
{
    int saved = errno;

    for (const struct espota_temporary *t = temporaries; t != NULL; t = t->next)
        (void)unlink(t->path);
    errno = saved;
}
