/* SPDX-License-Identifier: MIT */
#include "sys/os_error.h"

#include <string.h>

const char *espota_os_text(int os_error)
{
    return strerror(os_error);
}

int espota_os_write_error(int os_error)
{
    return os_error;
}
