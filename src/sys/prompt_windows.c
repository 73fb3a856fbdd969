/* SPDX-License-Identifier: MIT */
/* Questions to the person at the console, whatever standard input and output are. */
#include <errno.h>

#include "sys/file.h"
#include "sys/program.h"
#include "sys/waiting_windows.h"
#include "sys/wide_windows.h"

enum { ANSWER_MAX = 1024, NOTED_MS = 10, NOTED_TRIES = 100 };

struct console {
    HANDLE in, out;
    DWORD mode; /* of `in`, before the question */
};

/* For what ends the program in another thread: an echo that is off stays off. */
static struct console *volatile asking;

void espota_prompt_restore(void)
{
    const struct console *console = asking;

    if (console != NULL)
        (void)SetConsoleMode(console->in, console->mode);
}

static void say(const struct console *console, const char *text)
{
    wchar_t wide[ANSWER_MAX];
    int length = MultiByteToWideChar(CP_UTF8, 0, text, -1, wide, ANSWER_MAX);
    DWORD written;

    if (length > 1)
        (void)WriteConsoleW(console->out, wide, (DWORD)length - 1, &written, NULL);
}

/* The console tells its events in another thread, which may be later than this one. */
static enum espota_status interrupted(struct espota_error *err)
{
    for (int i = 0; i < NOTED_TRIES && espota_program_stop_signal() == 0; i++)
        Sleep(NOTED_MS);
    return espota_error_set(err, ESPOTA_E_INTERRUPTED, "interrupted");
}

static enum espota_status read_line(const struct console *console, char *answer, size_t room,
                                    struct espota_error *err)
{
    static const wchar_t end_of_file = 26; /* Ctrl-Z */
    wchar_t wide[ANSWER_MAX];
    enum espota_status status = ESPOTA_OK;
    DWORD got = 0;
    DWORD length = 0;
    bool read;

    espota_waiting_begin();
    read = ReadConsoleW(console->in, wide, ANSWER_MAX - 1, &got, NULL);
    espota_waiting_end();
    if (!read && GetLastError() != ERROR_OPERATION_ABORTED) {
        espota_windows_failed();
        return espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot read the terminal");
    }
    while (length < got && wide[length] != L'\n' && wide[length] != L'\r')
        length++;
    if (got == 0)
        status = interrupted(err);
    else if (wide[0] == end_of_file)
        status = espota_error_set(err, ESPOTA_E_LOCAL, "no answer was given");
    wide[length] = L'\0'; /* length <= got < ANSWER_MAX */
    if (status == ESPOTA_OK && (length == got || !espota_narrow(wide, answer, room)))
        status = espota_error_set(err, ESPOTA_E_LOCAL, "the answer is too long");
    espota_sys_wipe(wide, sizeof(wide));
    return status;
}

static enum espota_status ask(struct console *console, const char *question, bool hidden,
                              char *answer, size_t room, struct espota_error *err)
{
    DWORD mode = console->mode | ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT;
    enum espota_status status;

    if (hidden)
        mode &= ~(DWORD)ENABLE_ECHO_INPUT;
    asking = console;
    /* What was typed before the question is no answer to it. */
    if (!SetConsoleMode(console->in, mode) || (hidden && !FlushConsoleInputBuffer(console->in))) {
        espota_windows_failed();
        status = espota_error_errno(err, ESPOTA_E_LOCAL, errno, "cannot hide what is typed");
    } else {
        say(console, question);
        status = read_line(console, answer, room, err);
    }
    (void)SetConsoleMode(console->in, console->mode);
    asking = NULL;
    if (hidden)
        say(console, "\r\n");
    if (status != ESPOTA_OK)
        espota_sys_wipe(answer, room); /* half a password */
    return status;
}

static HANDLE open_console(const wchar_t *name)
{
    return CreateFileW(name, GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL,
                       OPEN_EXISTING, 0, NULL);
}

enum espota_status espota_program_ask(const char *question, bool hidden, char *answer, size_t room,
                                      struct espota_error *err)
{
    struct console console = {open_console(L"CONIN$"), open_console(L"CONOUT$"), 0};
    enum espota_status status;

    answer[0] = '\0';
    if (espota_program_is_terminal(ESPOTA_PROGRAM_STDERR) && console.out != INVALID_HANDLE_VALUE &&
        GetConsoleMode(console.in, &console.mode))
        status = ask(&console, question, hidden, answer, room, err);
    else
        status = espota_error_set(err, ESPOTA_E_LOCAL, "there is no terminal to ask on");
    if (console.in != INVALID_HANDLE_VALUE)
        CloseHandle(console.in);
    if (console.out != INVALID_HANDLE_VALUE)
        CloseHandle(console.out);
    return status;
}
