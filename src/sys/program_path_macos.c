/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <mach-o/dyld.h>
#include <stdlib.h>
#include <string.h>

#include "sys/program.h"

/* What the program was started as: a link in it, Homebrew's for one, stands for the file behind. */
bool espota_program_path(char *out, size_t room)
{
    char started[PATH_MAX], real[PATH_MAX];
    uint32_t length = sizeof(started);

    if (_NSGetExecutablePath(started, &length) != 0 || realpath(started, real) == NULL ||
        strlen(real) >= room)
        return false;
    strcpy(out, real);
    return true;
}
