/* SPDX-License-Identifier: MIT */
/* A program for Windows: runs another with a pipe as its standard input, into which it writes a
 * million bytes and then no more, and ends with its exit code. Ctrl-C is the other's alone. */
#include <stdio.h>
#include <windows.h>

enum { PIECES = 16, PIECE = 65536, LINE_ROOM = 8192 };

static BOOL WINAPI ignore(DWORD event)
{
    return event == CTRL_C_EVENT;
}

/* Its words need no quotes. */
static HANDLE start(int argc, char **argv, HANDLE input)
{
    STARTUPINFOA how = {.cb = sizeof(how), .dwFlags = STARTF_USESTDHANDLES};
    PROCESS_INFORMATION process;
    char line[LINE_ROOM] = "";

    for (int i = 1; i < argc; i++)
        snprintf(line + strlen(line), sizeof(line) - strlen(line), "%s ", argv[i]);
    how.hStdInput = input;
    how.hStdOutput = GetStdHandle(STD_OUTPUT_HANDLE);
    how.hStdError = GetStdHandle(STD_ERROR_HANDLE);
    if (!CreateProcessA(NULL, line, NULL, NULL, TRUE, 0, NULL, NULL, &how, &process))
        return NULL;
    CloseHandle(process.hThread);
    return process.hProcess;
}

int main(int argc, char **argv)
{
    static char piece[PIECE];
    SECURITY_ATTRIBUTES inherited = {sizeof(inherited), NULL, TRUE};
    HANDLE from, to, process;
    DWORD written, code = 1;

    SetConsoleCtrlHandler(ignore, TRUE);
    if (!CreatePipe(&from, &to, &inherited, 0) || !SetHandleInformation(to, HANDLE_FLAG_INHERIT, 0))
        return 1;
    process = start(argc, argv, from);
    CloseHandle(from);
    if (process == NULL)
        return 1;
    for (int i = 0; i < PIECES; i++)
        if (!WriteFile(to, piece, PIECE, &written, NULL))
            return 1;
    puts("fed");
    fflush(stdout);
    WaitForSingleObject(process, INFINITE);
    GetExitCodeProcess(process, &code);
    return (int)code;
}
