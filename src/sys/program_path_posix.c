/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "sys/program.h"

bool espota_program_path(char *out, size_t room)
{
    ssize_t length = readlink("/proc/self/exe", out, room);

    if (length <= 0 || (size_t)length >= room)
        return false;
    out[length] = '\0';
    return true;
}
