/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "vectors.h"

static void print_line(const char *text)
{
    puts(text);
}

int main(void)
{
    vectors_run(print_line);
    return fflush(stdout) == 0 ? 0 : 1;
}
