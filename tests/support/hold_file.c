/* SPDX-License-Identifier: MIT */
/* A program for Windows: has a file open as most programs there have what they read, so that nobody
 * may replace it, until its input ends. */
#include <stdio.h>
#include <windows.h>

int main(int argc, char **argv)
{
    HANDLE file =
        argc > 1 ? CreateFileA(argv[1], GENERIC_READ, FILE_SHARE_READ, NULL, OPEN_EXISTING, 0, NULL)
                 : INVALID_HANDLE_VALUE;

    if (file == INVALID_HANDLE_VALUE)
        return 1;
    puts("held");
    fflush(stdout);
    while (getchar() != EOF)
        continue;
    return 0;
}
