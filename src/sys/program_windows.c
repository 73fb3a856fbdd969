/* SPDX-License-Identifier: MIT */
/*
 * A console tells of Ctrl-C, and of its own end, in a thread that it starts for each event; the
 * numbers of the signals that other systems have for the same make the exit codes the same.
 */
#include "sys/program.h"

#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sys/file_platform.h"
#include "sys/waiting_windows.h"
#include "sys/wide_windows.h"

#include <shellapi.h> /* wants the others before it */

enum { PATH_ROOM = 4096, STREAM_ROOM = 8192, SIGNALS = 16 };
enum { HANGUP = 1, INTERRUPT = 2, TERMINATE = 15 }; /* SIGHUP, SIGINT, SIGTERM */

static void (*volatile stop_call)(void *context);
static void *volatile stop_context;
static volatile LONG stop_number;
static volatile LONG stop_wanted;        /* espota_program_on_stop was called */
static volatile LONG stop_seen[SIGNALS]; /* since then */

static HANDLE stream_handle(enum espota_program_stream stream)
{
    static const DWORD names[] = {STD_INPUT_HANDLE, STD_OUTPUT_HANDLE, STD_ERROR_HANDLE};

    return GetStdHandle(names[stream]);
}

static UINT code_page_before; /* 0: not changed */

/* The console stays, and whoever else uses it has it as it was. */
static void restore_console(void)
{
    espota_prompt_restore();
    if (code_page_before != 0)
        (void)SetConsoleOutputCP(code_page_before);
}

static void end(int number)
{
    restore_console();
    espota_temporaries_remove();
    (void)TerminateProcess(GetCurrentProcess(), 128u + (unsigned)number);
}

static int number_of(DWORD event)
{
    switch (event) {
    case CTRL_C_EVENT:
    case CTRL_BREAK_EVENT:
        return INTERRUPT;
    case CTRL_CLOSE_EVENT:
        return HANGUP;
    default: /* the user leaves, the machine goes down */
        return TERMINATE;
    }
}

static BOOL WINAPI on_event(DWORD event)
{
    int number = number_of(event);
    void (*call)(void *context) = stop_call;

    if (stop_wanted == 0 || InterlockedExchange(&stop_seen[number], 1) != 0)
        end(number);
    (void)InterlockedCompareExchange(&stop_number, number, 0);
    if (call != NULL)
        call(stop_context);
    espota_waiting_interrupt();
    if (number != INTERRUPT)
        Sleep(
            INFINITE); /* with the return the process would end before it has said how it stands */
    return TRUE;
}

/* Opened the wrong way round on purpose: reading from or writing to it still fails. */
static void hold_descriptor(int fd)
{
    int flags = fd == ESPOTA_PROGRAM_STDIN ? _O_WRONLY : _O_RDONLY;
    int held;

    if (_get_osfhandle(fd) >= 0)
        return;
    held = _open("NUL", flags | _O_NOINHERIT);
    if (held >= 0 && held != fd) {
        (void)_dup2(held, fd);
        (void)_close(held);
    }
}

/* Colours, the line that is written anew, and UTF-8 instead of the country's old code page. */
static void prepare_console(void)
{
    bool any = false;

    for (int stream = ESPOTA_PROGRAM_STDOUT; stream <= ESPOTA_PROGRAM_STDERR; stream++) {
        HANDLE console = stream_handle((enum espota_program_stream)stream);
        DWORD mode;

        if (!GetConsoleMode(console, &mode))
            continue;
        any = true;
        (void)SetConsoleMode(console,
                             mode | ENABLE_PROCESSED_OUTPUT | ENABLE_VIRTUAL_TERMINAL_PROCESSING);
    }
    if (!any || GetConsoleOutputCP() == CP_UTF8)
        return;
    code_page_before = GetConsoleOutputCP();
    if (!SetConsoleOutputCP(CP_UTF8))
        code_page_before = 0;
    (void)atexit(restore_console);
}

void espota_program_begin(void)
{
    static const enum espota_program_stream streams[] = {
        ESPOTA_PROGRAM_STDIN, ESPOTA_PROGRAM_STDOUT, ESPOTA_PROGRAM_STDERR};

    /* A library beside a program that lies among downloads is nobody's friend. */
    (void)SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
    (void)SetErrorMode(SEM_FAILCRITICALERRORS); /* a drive without a disk is an error, no window */
    for (size_t i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        hold_descriptor((int)streams[i]);
        (void)_setmode((int)streams[i], _O_BINARY);
    }
    /* The C library would write each byte by itself; who wants it shown at once says fflush. */
    (void)setvbuf(stdout, NULL, _IOFBF, STREAM_ROOM);
    (void)setvbuf(stderr, NULL, _IOFBF, STREAM_ROOM);
    prepare_console();
    (void)SetConsoleCtrlHandler(on_event, TRUE);
}

bool espota_program_arguments(int *argc, char ***argv)
{
    int count = 0;
    wchar_t **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **list = wide != NULL ? calloc((size_t)count + 1, sizeof(*list)) : NULL;
    bool whole = list != NULL;

    for (int i = 0; whole && i < count; i++) {
        list[i] = espota_narrow_copy(wide[i]);
        whole = list[i] != NULL;
    }
    LocalFree(wide);
    if (!whole)
        return false; /* what was made stays: there is no memory, and the program ends */
    *argc = count;
    *argv = list;
    return true;
}

/* Pipes that terminals of MSYS and Cygwin have in place of a console are none. */
bool espota_program_is_terminal(enum espota_program_stream stream)
{
    DWORD mode;

    return GetConsoleMode(stream_handle(stream), &mode);
}

/* A terminal of other systems' kind, which may stand around this one, is believed. */
bool espota_program_can_rewrite(enum espota_program_stream stream)
{
    const char *term = getenv("TERM");
    DWORD mode;

    return GetConsoleMode(stream_handle(stream), &mode) &&
           (mode & ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0 &&
           (term == NULL || strcmp(term, "dumb") != 0);
}

size_t espota_program_width(enum espota_program_stream stream)
{
    CONSOLE_SCREEN_BUFFER_INFO info;

    if (!GetConsoleScreenBufferInfo(stream_handle(stream), &info) ||
        info.srWindow.Right <= info.srWindow.Left)
        return 80;
    return (size_t)(info.srWindow.Right - info.srWindow.Left) + 1;
}

const char *const espota_program_suffix = ".exe";

bool espota_program_hides_arguments(void)
{
    return false;
}

bool espota_program_path(char *out, size_t room)
{
    wchar_t wide[PATH_ROOM];
    DWORD length = GetModuleFileNameW(NULL, wide, PATH_ROOM);

    return length > 0 && length < PATH_ROOM && espota_narrow(wide, out, room);
}

void espota_program_on_stop(void (*stop)(void *context), void *context)
{
    stop_call = NULL;
    stop_context = context;
    stop_call = stop;
    if (stop == NULL)
        return;
    for (size_t i = 0; i < SIGNALS; i++)
        stop_seen[i] = 0;
    stop_wanted = 1;
}

void espota_program_on_reload(void (*reload)(void *context), void *context)
{
    (void)reload; /* Windows has nothing to say so with */
    (void)context;
}

int espota_program_stop_signal(void)
{
    return stop_number;
}

/* The thread of an event walks the list while another may change it. */
static SRWLOCK temporaries_lock = SRWLOCK_INIT;
static struct espota_temporary *temporaries;

void espota_temporaries_add(struct espota_temporary *temporary, const char *path)
{
    AcquireSRWLockExclusive(&temporaries_lock);
    temporary->path = path;
    temporary->next = temporaries;
    temporaries = temporary;
    ReleaseSRWLockExclusive(&temporaries_lock);
}

void espota_temporaries_strike(struct espota_temporary *temporary)
{
    struct espota_temporary *before = NULL;

    AcquireSRWLockExclusive(&temporaries_lock);
    for (struct espota_temporary *t = temporaries; t != NULL; t = t->next) {
        if (t == temporary && before == NULL)
            temporaries = t->next;
        else if (t == temporary)
            before->next = t->next;
        if (t == temporary)
            break;
        before = t;
    }
    ReleaseSRWLockExclusive(&temporaries_lock);
}

void espota_temporaries_remove(void)
{
    AcquireSRWLockExclusive(&temporaries_lock);
    for (const struct espota_temporary *t = temporaries; t != NULL; t = t->next)
        (void)espota_file_unlink(t->path);
    ReleaseSRWLockExclusive(&temporaries_lock);
}
